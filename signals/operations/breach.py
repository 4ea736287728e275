"""Breaches and their groups: what judging and alerts come to, written in a constant number of statements."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from catalogue.models import Model
from history import bulk
from kit.actor import Actor
from signals import events
from signals.models import Breach, BreachGroup, Threshold, ThresholdVersion
from signals.operations.series import UNREGISTERED, below
from signals.states import BreachState
from signals.thresholds import REOPENS_WITHIN, CrossingSpan

# Causes share so many locks: enough to keep senders apart, few enough for PostgreSQL's table of locks.
_BUCKETS = 128
_FEATURES_NAMED = 12


@dataclass(frozen=True, slots=True)
class Cause:
    """What breaches have in common when they are one matter: the rule, the model, the kind."""

    rule: str
    model_name: str
    kind: str
    model: Model | None = field(compare=False)
    source_id: int | None = None
    words: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        plain = json.dumps([self.source_id, self.rule, self.model_name, self.kind])
        if len(plain) <= 300:
            return plain
        return plain[:260] + hashlib.sha256(plain.encode()).hexdigest()[:40]

    @property
    def title(self) -> str:
        if not self.model_name:
            return f"{self.words or self.rule} (no model named)"[:300]
        on = f"{self.words or self.rule} on {self.model.name if self.model else self.model_name}"
        return on[:300] if self.model else on[: 300 - len(UNREGISTERED)] + UNREGISTERED


@dataclass(slots=True)
class PlannedBreach:
    """A breach as it is to be. breach: the row that is there, or None; after settle(), the row."""

    cause: Cause
    span: CrossingSpan
    threshold: Threshold
    version: ThresholdVersion | None
    breach: Breach | None = None
    series_id: int | None = None
    feature: str = ""
    summary: str = ""
    is_external: bool = False


def lock_causes(keys: Iterable[str]) -> None:
    """Wait for everybody else who works on these causes; held until the transaction ends."""
    numbers = sorted({int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % _BUCKETS for key in keys})
    if numbers:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(7002, n) FROM (SELECT n FROM unnest(%s::int[]) n ORDER BY n) u",
                [numbers],
            )


def settle(crossings: Sequence[PlannedBreach], *, by: Actor, at: datetime) -> None:
    """Write breaches and groups as `crossings` say: one event a group that something happened to.

    A crossing joins the open group of its cause, or the newest one when it comes within REOPENS_WITHIN of
    its end, which reopens it; else it opens a group. A group is as bad as its worst breach, and is cleared
    when its last breach is. To be called under lock_causes() in a transaction.
    """
    if not crossings:
        return
    plan = _Plan(crossings)
    acts = [act for work in plan.works() if (act := work.act()) is not None]
    worst = [
        crossing.breach
        for crossing in crossings
        if crossing.breach is not None
        and crossing.breach.pk is not None
        and crossing.breach.worst_value != crossing.span.worst
    ]
    bulk.perform(acts, by=by, at=at)
    _keep_worst(crossings, worst)


class _Work:
    """One group and what happens to it."""

    def __init__(self, group: BreachGroup, open_ids: set[int], *, is_new: bool = False) -> None:
        self.group, self.is_new = group, is_new
        self.others_open = open_ids
        self.joined: list[PlannedBreach] = []
        self.kept: list[PlannedBreach] = []

    @property
    def members(self) -> list[PlannedBreach]:
        return self.kept + self.joined

    @property
    def is_open(self) -> bool:
        return bool(self.others_open) or any(one.span.is_open for one in self.members)

    @property
    def end(self) -> datetime | None:
        """When it was cleared, None while it is open."""
        if self.is_open:
            return None
        ends = [one.span.cleared_at for one in self.members if one.span.cleared_at]
        return max([*ends, *([self.group.cleared_at] if self.group.cleared_at else [])])

    def may_take(self, span: CrossingSpan) -> bool:
        if self.is_open and span.is_open:
            return True
        if not self.is_open and span.opened_at > self.end + REOPENS_WITHIN:  # type: ignore[operator]
            return False
        return span.cleared_at is None or span.cleared_at + REOPENS_WITHIN >= self.group.opened_at

    def keep(self, crossing: PlannedBreach) -> None:
        self.others_open.discard(crossing.breach.pk)  # type: ignore[union-attr]
        self.kept.append(crossing)

    def act(self) -> bulk.Act | None:
        rows, counts = self._rows()
        level = max([self.group.level, *(one.span.level for one in self.members)])
        values: dict[str, Any] = {
            "level": level,
            "state": BreachState.OPEN if self.is_open else BreachState.CLEARED,
        }
        values["cleared_at"] = self.end
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
        change = self._change(counts, was_open=was_open, rises=level > self.group.level)
        return bulk.Act(self.group, self._payload(change, counts), values=values, rows=rows)

    def _rows(self) -> tuple[list, dict[str, int]]:
        counts = {"joined": len(self.joined), "cleared": 0, "reopened": 0, "worse": 0}
        rows: list = []
        for one in self.joined:
            one.breach = _row(self.group, one)
            rows.append(one.breach)
        for one in self.kept:
            breach, span = one.breach, one.span
            state = BreachState.OPEN if span.is_open else BreachState.CLEARED
            wanted = {"state": state, "cleared_at": span.cleared_at, "level": span.level}
            differing = {name: value for name, value in wanted.items() if getattr(breach, name) != value}
            if differing:
                counts["worse"] += "level" in differing
                if "state" in differing:
                    counts["cleared" if state == BreachState.CLEARED else "reopened"] += 1
                rows.append((breach, differing))
        return rows, counts

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
        features = dict.fromkeys(crossing.feature for crossing in self.joined if crossing.feature)
        return change(
            **{name: number or None for name, number in counts.items()},
            features=list(features)[:_FEATURES_NAMED],
            summary=next((crossing.summary for crossing in self.joined if crossing.summary), ""),
            open=len(self.others_open) + sum(member.span.is_open for member in self.members),
        )


class _Plan:
    """Which crossing goes to which group; reads the groups of all causes in three statements."""

    def __init__(self, crossings: Sequence[PlannedBreach]) -> None:
        self.of_cause: dict[str, list[_Work]] = {}
        self.of_group: dict[int, _Work] = {}
        self.new: list[_Work] = []
        self._load(crossings)
        fresh = []
        for one in crossings:
            if not self._stays(one):
                fresh.append(one)
        for one in sorted(fresh, key=lambda crossing: crossing.span.opened_at):
            self._join(one)

    def works(self) -> list[_Work]:
        return [work for work in [*self.of_group.values(), *self.new] if work.members]

    def _load(self, crossings: Sequence[PlannedBreach]) -> None:
        keys = sorted({one.cause.key for one in crossings})
        newest = list(
            BreachGroup.objects.filter(cause_key__in=keys)
            .select_related("subject", "model__subject")
            .order_by("cause_key", F("cleared_at").desc(nulls_first=True), "-id")
            .distinct("cause_key")
        )
        known = {group.pk for group in newest}
        others = {one.breach.group_id for one in crossings if one.breach is not None} - known
        further = (
            list(BreachGroup.objects.filter(pk__in=others).select_related("subject", "model__subject"))
            if others
            else []
        )
        open_ids: dict[int, set[int]] = {}
        groups = [group.pk for group in [*newest, *further]]
        if groups:
            rows = Breach.objects.filter(group_id__in=groups, state=BreachState.OPEN)
            for group_id, pk in rows.values_list("group_id", "pk"):
                open_ids.setdefault(group_id, set()).add(pk)
        for group in [*newest, *further]:
            self.of_group[group.pk] = _Work(group, open_ids.get(group.pk, set()))
        self.of_cause = {group.cause_key: [self.of_group[group.pk]] for group in newest}

    def _stays(self, one: PlannedBreach) -> bool:
        """Whether a breach that is there stays that one; a group is not reopened beside an open one."""
        if one.breach is None:
            return False
        own = self.of_group[one.breach.group_id]
        reopens = one.breach.state == BreachState.CLEARED and one.span.cleared_at != one.breach.cleared_at
        if reopens and own not in self.of_cause.get(own.group.cause_key, ()):
            one.breach = None
            return False
        own.keep(one)
        return True

    def _join(self, one: PlannedBreach) -> None:
        known = self.of_cause.setdefault(one.cause.key, [])
        fitting = [work for work in known if work.may_take(one.span)]
        work = next((work for work in fitting if work.is_open), fitting[0] if fitting else None)
        if work is None:
            work = _Work(_group(one), set(), is_new=True)
            self.new.append(work)
            known.append(work)
        work.joined.append(one)
        if work.is_new:
            work.group.opened_at = min(work.group.opened_at, one.span.opened_at)


def _group(one: PlannedBreach) -> BreachGroup:
    cause = one.cause
    return BreachGroup(
        cause_key=cause.key,
        title=cause.title,
        model=cause.model,
        model_name=cause.model_name,
        kind=cause.kind,
        level=one.span.level,
        opened_at=one.span.opened_at,
    )


def _row(group: BreachGroup, one: PlannedBreach) -> Breach:
    span = one.span
    return Breach(
        group=group,
        series_id=one.series_id,
        threshold=one.threshold,
        threshold_version=one.version,
        is_external=one.is_external,
        feature=one.feature,
        level=span.level,
        state=BreachState.OPEN if span.is_open else BreachState.CLEARED,
        opened_at=span.opened_at,
        cleared_at=span.cleared_at,
        first_value=span.first,
        worst_value=span.worst,
        summary=one.summary[:400],
    )


def _keep_worst(crossings: Sequence[PlannedBreach], breaches: Sequence[Breach]) -> None:
    """The worst value moves with the points; it is no step of its own, so it is kept beside history."""
    worst = {id(one.breach): one.span.worst for one in crossings}
    pairs = [(breach.pk, worst[id(breach)]) for breach in breaches]
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE signals_breach b SET worst_value = g.value"
                " FROM unnest(%s::bigint[], %s::float8[]) AS g(id, value) WHERE b.id = g.id",
                [list(column) for column in zip(*pairs, strict=True)],
            )
