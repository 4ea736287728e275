"""Changing many risks at once: a plan of what would change, its application, and one undo.

The plan and the application use the rules of the operations on one risk (risk_values.py, states.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from history import operations as history
from history.models import new_batch
from kit.actor import Actor
from kit.refusals import Refused
from lists import bulk
from lists.bulk import CHANGED_SINCE, BulkResult, PlannedChange
from people.models import Team, User
from risklog.events import risk as events
from risklog.likeness import key_of
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.operations.risk_values import (
    check,
    check_residual,
    check_review,
    hand_over_sight_of_many,
)
from risklog.permissions import risk as permissions
from risklog.queries.scores import levels_with, moved_review
from risklog.scoring import Matrix
from risklog.states import RISK_MOVES, RiskState
from talk import tags
from talk.operations import tag

MAX_RISKS = bulk.MAX_ROWS
# The states that a risk can be moved to without input about the single risk.
STATES = (RiskState.ASSESSING, RiskState.MONITORING)
FIELDS = ("owner", "team", "likelihood", "impact", "review_on", "tags", "state")
# What each step writes. The undo of a bulk change also goes back to treating.
STEPS = {
    RiskState.ASSESSING: events.RiskAssessing(reason=None),
    RiskState.TREATING: events.RiskTreating(reason=None),
    RiskState.MONITORING: events.RiskMonitoring(reason=None),
}
NO_RIGHT = "You may not change this risk."


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What is set on every risk.

    values: a part of owner, team, likelihood, impact, review_on; owner and team may be None. state: one of
    STATES, or None. add_tags, remove_tags: tags.
    """

    values: Mapping[str, User | Team | int | date | None] = field(default_factory=dict)
    state: RiskState | None = None
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.state or self.add_tags or self.remove_tags)


def plan(
    risks: Iterable[Risk],
    change: BulkChange,
    *,
    by: Actor,
    at: datetime,
    seen: Mapping[int, int] | None = None,
) -> list[PlannedChange]:
    """Return what the change would do to each risk, without writing.

    at: when it is asked for. A higher level may bring an earlier review, counted from this day.
    seen: risk id -> the version that the person read. A risk that has another version is refused.
    Raises Refused with the name of the field if the change is empty or a value is not valid for any risk.
    """
    if change.is_empty:
        raise Refused("Choose at least one change.")
    if change.state is not None and change.state not in STATES:
        raise Refused(f"Use one of {', '.join(STATES)}.", field="state")
    check(change.values)
    check_review(change.values, today=at.date())
    change = _with_tags(change, tag.admissible)
    matrix = present_matrix()
    return [_planned(risk, change, by, at.date(), seen, matrix=matrix) for risk in risks]


def _planned(
    risk: Risk,
    change: BulkChange,
    by: Actor,
    today: date,
    seen: Mapping[int, int] | None,
    *,
    matrix: Matrix,
) -> PlannedChange:
    if seen is not None and seen.get(risk.pk) != risk.version:
        return PlannedChange(risk, refusal=CHANGED_SINCE)
    if not may_change(risk, by):
        return PlannedChange(risk, refusal=NO_RIGHT)
    values: dict[str, Any] = dict(change.values)
    changes: dict[str, tuple[Any, Any]] = {}
    try:
        if change.add_tags or change.remove_tags:
            values["tags"] = _tags(risk, change)
        check_residual(risk, values)
        changes |= {
            name: (getattr(risk, name), value)
            for name, value in values.items()
            if getattr(risk, name) != value
        }
        if changes and (due_on := moved_review(risk, values, today, matrix)):
            changes["review_on"] = (risk.review_on, due_on)
        if change.state is not None and change.state != risk.state:
            _check_step(risk, change.state)
            changes["state"] = (RiskState(risk.state), change.state)
    except Refused as refusal:
        return PlannedChange(risk, refusal=refusal.message)
    return PlannedChange(risk, changes)


def _with_tags(change: BulkChange, admit: Callable[[Sequence[str]], list[str]]) -> BulkChange:
    """Return the change with the tags that the vocabulary has for those to add. Raises Refused."""
    if not change.add_tags:
        return change
    try:
        return replace(change, add_tags=admit(change.add_tags))
    except Refused as refusal:
        raise Refused(refusal.message, field="add_tags") from None


def may_change(risk: Risk, by: Actor) -> bool:
    """Return whether the actor may change one risk. The system may."""
    return by.person is None or permissions.may_change(by.person, risk)


def _tags(risk: Risk, change: BulkChange) -> list[str]:
    """Return the tags of a risk after the change. Raises Refused for too many."""
    removed = set(tags.tidy(change.remove_tags))
    return tags.checked(tags.tidy([*(one for one in risk.tags if one not in removed), *change.add_tags]))


def _check_step(risk: Risk, to: RiskState) -> None:
    """Raise Refused if the risk cannot take the step, or if the step needs input about the single risk."""
    here = RiskState(risk.state)
    if here in (RiskState.CLOSED, RiskState.ACCEPTED):
        raise Refused(f"It is {here.label.lower()}. Reopen it on its page, with a reason.")
    if (here, to) not in RISK_MOVES:
        raise Refused(f"{here.label} cannot change to {to.label}.")
    if here == RiskState.TREATING and to == RiskState.MONITORING and risk.residual_likelihood is None:
        raise Refused("Its residual risk is not assessed. Monitor it from its page.")


@transaction.atomic
def apply(
    risks: QuerySet[Risk],
    change: BulkChange,
    *,
    by: Actor,
    at: datetime,
    seen: Mapping[int, int] | None = None,
) -> BulkResult:
    """Change those of these risks that can be changed, in one transaction. Each other one gets its reason.

    risks: those that the person may see. Each changed risk gets its events, as if it was changed alone. A
    constant number of statements. Raises Refused as plan() does, and for more than MAX_RISKS risks.
    """
    change = _with_tags(change, tag.admit)
    locked = loaded(risks.select_for_update(of=("self",)))
    rows = plan(locked, change, by=by, at=at, seen=seen)
    return BulkResult(rows, write(rows, by=by, at=at))


def loaded(risks: QuerySet[Risk], *, is_limited: bool = True) -> list[Risk]:
    """Return the risks with what plan() reads, by id. is_limited: raises Refused for more than MAX_RISKS."""
    rows = risks.select_related("subject", "owner", "team")
    return bulk.loaded(rows, "risk", most=MAX_RISKS) if is_limited else list(rows.order_by("pk"))


def write(
    rows: Sequence[PlannedChange], *, by: Actor, at: datetime, batch: UUID | None = None
) -> UUID | None:
    """Write what is planned, for locked risks. Return the batch of its events, None without any.

    batch: of a change that is written in several parts; by default a new one.
    """
    changed = [row for row in rows if row.outcome == "changed"]
    if not changed:
        return None
    batch = batch or new_batch()
    _write_fields(changed, batch, by=by, at=at)
    stepping = sorted((row for row in changed if "state" in row.changes), key=_step_of)
    for (_, to), group in groupby(stepping, key=_step_of):
        history.move_many(
            [row.obj for row in group],
            to,
            by=by,
            at=at,
            values={"updated_at": at},
            payload=STEPS[to],
            batch=batch,
        )
    return batch


def _step_of(row: PlannedChange) -> tuple[RiskState, RiskState]:
    return row.changes["state"]


def _write_fields(rows: Sequence[PlannedChange], batch: UUID, *, by: Actor, at: datetime) -> None:
    """Change the fields other than the state, and move the owners' grants."""
    pairs, payloads, owned, retitled, matrix = [], [], [], [], present_matrix()
    for row in rows:
        risk = row.obj
        values = {name: new for name, (_, new) in row.changes.items() if name != "state"}
        if not values:
            continue
        if "title" in values:
            values["title_key"] = key_of(values["title"])
            retitled.append(risk)
        pairs.append((risk, {**values, "updated_at": at}))
        payloads.append(events.RiskChanged(level=levels_with(risk, values, matrix)))
        if "owner" in values:
            owned.append((risk, risk.owner))
    history.change_many(pairs, payloads=payloads, by=by, at=at, batch=batch)
    hand_over_sight_of_many(owned, by=by, at=at)
    for risk in retitled:
        history.retitle(risk)
