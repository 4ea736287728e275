"""Write breaches and their groups, from judged points and from alerts, in a constant number of statements."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from catalogue.models import Model
from catalogue.slugs import name_key
from history import bulk
from kit.actor import Actor
from kit.locks import Lock
from signals import events
from signals.models import Breach, BreachGroup, Threshold, ThresholdVersion
from signals.operations.series import UNREGISTERED, below
from signals.queries.mute import Muting, muting
from signals.states import BreachState
from signals.thresholds import REOPENS_WITHIN, CrossingSpan

# Causes share this many advisory locks: enough that senders rarely wait for each other, few enough for
# PostgreSQL's lock table.
_LOCKS = 128
MAX_FEATURES = 12


@dataclass(frozen=True, slots=True)
class Cause:
    """What the breaches of one group have in common: the rule, the model, the signal kind.

    model_name: the name that tools use. description: the title's text, by default the rule.
    """

    rule: str
    model_name: str
    kind: str
    model: Model | None = field(compare=False)
    source_id: int | None = None
    description: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Return the text that identifies the cause, the same for all names of a model."""
        name = self.model.slug if self.model else name_key(self.model_name)
        return key_of_cause(self.source_id, self.rule, name, self.kind)

    @property
    def title(self) -> str:
        if not self.model_name:
            return f"{self.description or self.rule} (no model named)"[:300]
        title = f"{self.description or self.rule} on {self.model.name if self.model else self.model_name}"
        return title[:300] if self.model else title[: 300 - len(UNREGISTERED)] + UNREGISTERED


def key_of_cause(source_id: int | None, rule: str, model: str, kind: str) -> str:
    """Return the key of a cause, at most 300 characters. model: its slug, or the name_key() of its name."""
    text = json.dumps([source_id, rule, model, kind])
    if len(text) <= 300:
        return text
    return text[:260] + hashlib.sha256(text.encode()).hexdigest()[:40]


@dataclass(slots=True)
class PlannedBreach:
    """A breach as settle() has to write it. breach: the existing row or None; after settle(), the row."""

    cause: Cause
    span: CrossingSpan
    threshold: Threshold
    version: ThresholdVersion | None
    breach: Breach | None = None
    series_id: int | None = None
    feature: str = ""
    summary: str = ""
    is_external: bool = False

    @property
    def reopens_within(self) -> timedelta:
        """Return how soon after the end of a group it reopens the group."""
        hours = self.version.reopen_hours if self.version else None
        return REOPENS_WITHIN if hours is None else timedelta(hours=hours)


def lock_causes(keys: Iterable[str]) -> None:
    """Lock these causes until the transaction ends. Waits for other transactions that hold them."""
    numbers = sorted({int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % _LOCKS for key in keys})
    if numbers:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, n) FROM (SELECT n FROM unnest(%s::int[]) n ORDER BY n) u",
                [int(Lock.CAUSES), numbers],
            )


def settle(breaches: Sequence[PlannedBreach], *, by: Actor, at: datetime) -> None:
    """Write breaches and their groups, with one event for each group that changes.

    A new breach joins the open group of its cause. If none is open and it begins soon after the
    end of the newest group, it reopens that one; otherwise it opens a group. A group has the level of its
    worst breach and is cleared with its last breach. Call it in a transaction, under lock_causes().
    """
    if not breaches:
        return
    plan = _Plan(breaches)
    plan.mute(at)
    acts = [act for change in plan.changes() if (act := change.act()) is not None]
    worsened = [
        planned.breach
        for planned in breaches
        if planned.breach is not None
        and planned.breach.pk is not None
        and planned.breach.worst_value != planned.span.worst
    ]
    bulk.perform(acts, by=by, at=at)
    _update_worst_values(breaches, worsened)


class _GroupChange:
    """The changes of one group.

    others_open: open breaches that do not change, id -> whether it is muted. joined: new breaches. kept:
    existing breaches with new values. muting: what mutes the crossings that open or worsen now.
    """

    def __init__(self, group: BreachGroup, others_open: dict[int, bool], *, is_new: bool = False) -> None:
        self.group, self.is_new = group, is_new
        self.others_open = others_open
        self.muting = Muting()
        self.joined: list[PlannedBreach] = []
        self.kept: list[PlannedBreach] = []

    @property
    def members(self) -> list[PlannedBreach]:
        return self.kept + self.joined

    @property
    def is_open(self) -> bool:
        return bool(self.others_open) or any(member.span.is_open for member in self.members)

    @property
    def end(self) -> datetime | None:
        """Return when the group is cleared, None while it is open."""
        if self.is_open:
            return None
        ends = [member.span.cleared_at for member in self.members if member.span.cleared_at]
        return max([*ends, *([self.group.cleared_at] if self.group.cleared_at else [])])

    def may_take(self, planned: PlannedBreach) -> bool:
        """Return True if a crossing belongs to this group by its time."""
        span, within = planned.span, planned.reopens_within
        if self.is_open and span.is_open:
            return True
        if self.end is not None and span.opened_at > self.end + within:
            return False
        return span.cleared_at is None or span.cleared_at + within >= self.group.opened_at

    def keep(self, planned: PlannedBreach, breach: Breach) -> None:
        """Add an existing breach of the group with its new values."""
        self.others_open.pop(breach.pk, None)
        self.kept.append(planned)

    def act(self) -> bulk.Act | None:
        """Return what to write, None if nothing changes."""
        rows, counts = self._rows()
        level = max([self.group.level, *(member.span.level for member in self.members)])
        values: dict[str, Any] = {
            "level": level,
            "state": BreachState.OPEN if self.is_open else BreachState.CLEARED,
        }
        values["cleared_at"] = self.end
        if self.is_open:
            values["is_muted"] = self._is_muted(rows)
        if self.is_new:
            for name, value in values.items():
                setattr(self.group, name, value)
            return bulk.Act(
                self.group,
                self._payload(events.BreachGroupOpened, counts),
                rows=rows,
                placed=below(self.group.model),
            )
        was_open = self.group.state == BreachState.OPEN
        if not rows and all(getattr(self.group, name) == value for name, value in values.items()):
            return None
        if was_open and self.group.is_muted and not values.get("is_muted", True):
            return bulk.Act(
                self.group, self._payload(events.BreachGroupUnmuted, counts), values=values, rows=rows
            )
        change = self._change(counts, was_open=was_open, rises=level > self.group.level)
        return bulk.Act(self.group, self._payload(change, counts), values=values, rows=rows)

    def _rows(self) -> tuple[list, dict[str, int]]:
        counts = {"joined": len(self.joined), "cleared": 0, "reopened": 0, "worse": 0}
        rows: list = []
        for planned in self.joined:
            planned.breach = _new_breach(self.group, planned)
            if planned.span.is_open:
                for name, value in self._muted_by(planned).items():
                    setattr(planned.breach, name, value)
            rows.append(planned.breach)
        for planned in self.kept:
            breach, span = planned.breach, planned.span
            state = BreachState.OPEN if span.is_open else BreachState.CLEARED
            values = {"state": state, "cleared_at": span.cleared_at, "level": span.level}
            changed = {name: value for name, value in values.items() if getattr(breach, name) != value}
            if changed:
                counts["worse"] += "level" in changed
                if "state" in changed:
                    counts["cleared" if state == BreachState.CLEARED else "reopened"] += 1
                if span.is_open and not (breach and breach.is_muted and breach.state == BreachState.OPEN):
                    changed |= self._muted_by(planned)
                rows.append((breach, changed))
        return rows, counts

    def _muted_by(self, planned: PlannedBreach) -> dict[str, Any]:
        return self.muting.values(planned.threshold.pk, self.group.model_id)

    def _is_muted(self, rows: Sequence[Any]) -> bool:
        """Return True if all open breaches are muted. rows: as _rows() returns them."""
        new = {id(row[0]): row[1] for row in rows if isinstance(row, tuple)}
        opened = [member.breach for member in self.members if member.span.is_open and member.breach]
        muted = [
            any((values["mute"], values["window"])) if "mute" in values else breach.is_muted
            for breach in opened
            for values in [new.get(id(breach), {})]
        ]
        return all([*muted, *self.others_open.values()])

    def _change(self, counts: dict[str, int], *, was_open: bool, rises: bool) -> type[events.GroupChange]:
        if was_open and not self.is_open:
            return events.BreachGroupCleared
        if not was_open:
            return events.BreachGroupReopened
        if counts["joined"]:
            return events.BreachJoined
        if counts["reopened"]:
            return events.BreachReopened
        return events.BreachWorsened if rises or counts["worse"] else events.BreachCleared

    def _payload(self, change: type[events.GroupChange], counts: dict[str, int]) -> events.GroupChange:
        features = dict.fromkeys(member.feature for member in self.joined if member.feature)
        return change(
            **{name: number or None for name, number in counts.items()},
            features=list(features)[:MAX_FEATURES],
            summary=next((member.summary for member in self.joined if member.summary), ""),
            open=len(self.others_open) + sum(member.span.is_open for member in self.members),
        )


class _Plan:
    """Which breach goes to which group. Reads the groups of all causes in three statements.

    by_cause: cause key -> its newest group and those created here. by_group: group id -> its change.
    """

    def __init__(self, breaches: Sequence[PlannedBreach]) -> None:
        self.by_cause: dict[str, list[_GroupChange]] = {}
        self.by_group: dict[int, _GroupChange] = {}
        self.new: list[_GroupChange] = []
        self._load(breaches)
        joining = [planned for planned in breaches if not self._stays(planned)]
        for planned in sorted(joining, key=lambda planned: planned.span.opened_at):
            self._join(planned)

    def changes(self) -> list[_GroupChange]:
        """Return the groups that get new or changed breaches."""
        return [change for change in [*self.by_group.values(), *self.new] if change.members]

    def mute(self, at: datetime) -> None:
        """Read what mutes the open crossings of the groups that change. Two queries."""
        changes = self.changes()
        opened = [member for change in changes for member in change.members if member.span.is_open]
        if not opened:
            return
        models = {change.group.model_id for change in changes if change.group.model_id}
        now = muting({member.threshold.pk for member in opened}, models, at)
        for change in changes:
            change.muting = now

    def _load(self, breaches: Sequence[PlannedBreach]) -> None:
        keys = sorted({planned.cause.key for planned in breaches})
        newest = list(
            BreachGroup.objects.filter(cause_key__in=keys)
            .select_related("subject", "model__subject")
            .order_by("cause_key", F("cleared_at").desc(nulls_first=True), "-id")
            .distinct("cause_key")
        )
        known = {group.pk for group in newest}
        others = {planned.breach.group_id for planned in breaches if planned.breach is not None} - known
        further = (
            list(BreachGroup.objects.filter(pk__in=others).select_related("subject", "model__subject"))
            if others
            else []
        )
        open_ids: dict[int, dict[int, bool]] = {}
        groups = [group.pk for group in [*newest, *further]]
        if groups:
            rows = Breach.objects.filter(group_id__in=groups, state=BreachState.OPEN)
            for group_id, pk, *muted_by in rows.values_list("group_id", "pk", "mute_id", "window_id"):
                open_ids.setdefault(group_id, {})[pk] = any(muted_by)
        for group in [*newest, *further]:
            self.by_group[group.pk] = _GroupChange(group, open_ids.get(group.pk, {}))
        self.by_cause = {group.cause_key: [self.by_group[group.pk]] for group in newest}

    def _stays(self, planned: PlannedBreach) -> bool:
        """Keep an existing breach in its group and return True. Return False if it must join a group.

        A breach of an older group is not reopened: its cause would have two open groups. A new breach is
        created instead.
        """
        breach = planned.breach
        if breach is None:
            return False
        own = self.by_group[breach.group_id]
        reopens = breach.state == BreachState.CLEARED and planned.span.cleared_at != breach.cleared_at
        if reopens and own not in self.by_cause.get(own.group.cause_key, ()):
            planned.breach = None
            return False
        own.keep(planned, breach)
        return True

    def _join(self, planned: PlannedBreach) -> None:
        """Add a new breach to the group of its cause that fits by time, or to a new group."""
        known = self.by_cause.setdefault(planned.cause.key, [])
        fitting = [change for change in known if change.may_take(planned)]
        change = next((change for change in fitting if change.is_open), fitting[0] if fitting else None)
        if change is None:
            change = _GroupChange(_new_group(planned), {}, is_new=True)
            self.new.append(change)
            known.append(change)
        change.joined.append(planned)
        if change.is_new:
            change.group.opened_at = min(change.group.opened_at, planned.span.opened_at)


def _new_group(planned: PlannedBreach) -> BreachGroup:
    cause = planned.cause
    return BreachGroup(
        cause_key=cause.key,
        title=cause.title,
        model=cause.model,
        model_name=cause.model_name,
        kind=cause.kind,
        level=planned.span.level,
        opened_at=planned.span.opened_at,
    )


def _new_breach(group: BreachGroup, planned: PlannedBreach) -> Breach:
    span = planned.span
    return Breach(
        group=group,
        series_id=planned.series_id,
        threshold=planned.threshold,
        threshold_version=planned.version,
        is_external=planned.is_external,
        feature=planned.feature,
        level=span.level,
        state=BreachState.OPEN if span.is_open else BreachState.CLEARED,
        opened_at=span.opened_at,
        cleared_at=span.cleared_at,
        first_value=span.first,
        worst_value=span.worst,
        summary=planned.summary[:400],
    )


def _update_worst_values(planned: Sequence[PlannedBreach], breaches: Sequence[Breach]) -> None:
    """Write the worst values of these breaches without an event: they change with every worse point."""
    worst = {id(change.breach): change.span.worst for change in planned}
    pairs = [(breach.pk, worst[id(breach)]) for breach in breaches]
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE signals_breach b SET worst_value = g.value"
                " FROM unnest(%s::bigint[], %s::float8[]) AS g(id, value) WHERE b.id = g.id",
                [list(column) for column in zip(*pairs, strict=True)],
            )
