"""The undo of a bulk change, and of one change of a risk: it restores what nobody has changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from history import writing
from history.models import Event
from history.queries import present_data
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Team, User
from risklog.models import Risk
from risklog.operations import risk_bulk
from risklog.operations.risk_bulk import PlannedRisk
from risklog.operations.risk_values import check_residual
from risklog.states import RISK_MOVES, RiskState

# Field of history -> field of the risk. Other fields follow from these, or count the changes.
_FIELDS = {
    "owner_id": "owner",
    "team_id": "team",
    "likelihood": "likelihood",
    "impact": "impact",
    "residual_likelihood": "residual_likelihood",
    "residual_impact": "residual_impact",
    "treatment": "treatment",
    "review_on": "review_on",
    "tags": "tags",
    "state": "state",
}
_LABEL = Risk._meta.label_lower
# The states that an undo leads from and to. The others need a reason or a decision.
UNDOABLE = frozenset(risk_bulk.STEPS)
_NO_UNDO = {
    RiskState.CLOSED.value: "A closed risk has no undo. Reopen it instead, with the reason.",
    RiskState.ACCEPTED.value: "An acceptance has no undo. End it instead, with the reason.",
}
_VERBS = {*RISK_MOVES.values(), "risklog.risk_changed"}


@dataclass(frozen=True, slots=True)
class UndoResult:
    """rows: what was restored. left: reference -> the fields that keep their values."""

    rows: list[PlannedRisk]
    left: dict[str, list[str]]

    @property
    def count(self) -> int:
        return sum(row.outcome == "changed" for row in self.rows)


@transaction.atomic
def undo(batch: UUID, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
    """Restore what the person's bulk change replaced, in one transaction.

    batch: of BulkResult. done_at: the moment of the bulk change. A field keeps its value if it has another
    one than the bulk change set, and a state if no step leads back. A risk that the person may no longer see
    keeps all values. Raises Refused without such a change.
    """
    # The index of verb and moment finds the events; there is none of the batch.
    events = Event.objects.filter(verb__in=_VERBS, at=done_at, batch=batch, actor=by.subject_id)
    return _restored(events, by=by, at=at)


@transaction.atomic
def undo_one(risk: Risk, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
    """Restore what one change or step of this person replaced on a risk. As undo().

    done_at: the moment of the change, in `updated_at` of the risk afterwards. Raises Refused for a step that
    cannot be taken back: no part of it is restored then.
    """
    events = Event.objects.filter(subject=risk.subject_id, at=done_at, actor=by.subject_id, verb__in=_VERBS)
    last = events.order_by("-pk")[:1]
    old, new = _changes_of(last).get(risk.pk, {}).get("state", ("", ""))
    if old != new:
        _refuse_half_undo(risk, old, new)
    return _restored(last, by=by, at=at)


def _refuse_half_undo(risk: Risk, old: str, new: str) -> None:
    """Refuse to undo a step between two states if its state cannot be restored."""
    if not _leads_back(new, old):
        raise Refused(_NO_UNDO.get(new, "This step has no undo. Take another step instead."))
    if risk.state not in (old, new):
        raise Refused("The risk took another step since. Take a step instead of an undo.")


def can_undo(risk: Risk, former: str) -> bool:
    """Return whether the step from a former state to the current one can be taken back without a reason."""
    return _leads_back(risk.state, former)


def _restored(events: QuerySet[Event], *, by: Actor, at: datetime) -> UndoResult:
    """Restore what these events replaced, where nobody has changed it since."""
    changes = _changes_of(events)
    if not changes:
        raise Refused("There is no change of yours to undo here.")
    present = Risk.objects.visible_to(by.person) if by.person else Risk.objects.all()
    risks = risk_bulk.loaded(present.filter(pk__in=changes).select_for_update(of=("self",)))
    people = User.objects.in_bulk(_ids(changes, "owner_id"))
    teams = Team.objects.in_bulk(_ids(changes, "team_id"))
    rows, left = [], {}
    for risk in risks:
        row, kept = _planned(risk, changes[risk.pk], people, teams, by)
        rows.append(row)
        if kept:
            left[risk.reference] = kept
    risk_bulk.write(rows, by=by, at=at)
    return UndoResult(rows, left)


def _changes_of(events: QuerySet[Event]) -> dict[int, dict[str, list[Any]]]:
    """Return risk id -> field -> [old, new] of the events."""
    found: dict[int, dict[str, list[Any]]] = {}
    for event in events:
        for row in present_data(event)["rows"]:
            if row["model"] == _LABEL:
                found.setdefault(row["pk"], {}).update(row["changes"])
    return found


def _ids(changes: Mapping[int, Mapping[str, list[Any]]], name: str) -> set[int]:
    return {of_risk[name][0] for of_risk in changes.values() if of_risk.get(name, [None])[0] is not None}


def _planned(
    risk: Risk,
    changes: Mapping[str, list[Any]],
    people: Mapping[int, User],
    teams: Mapping[int, Team],
    by: Actor,
) -> tuple[PlannedRisk, list[str]]:
    """Return what to restore of one risk, and the labels of the fields that keep their values."""
    wanted = {name: pair for name, pair in changes.items() if name in _FIELDS}
    if not risk_bulk.may_change(risk, by):
        return PlannedRisk(risk, refusal=risk_bulk.NO_RIGHT), [_label(name) for name in wanted]
    current = writing.snapshot(risk, wanted)
    row, kept = PlannedRisk(risk), []
    for name, (old, new) in wanted.items():
        if current[name] == old:  # restored already
            continue
        value = _value(name, old, people, teams)
        if current[name] != new or (name == "state" and not _leads_back(new, value)):
            kept.append(_label(name))
        else:
            row.changes[_FIELDS[name]] = (getattr(risk, _FIELDS[name]), value)
    return row, kept + _half_residual(row)


def _half_residual(row: PlannedRisk) -> list[str]:
    """Keep the residual figures if only one of them could be restored. Return their labels."""
    try:
        check_residual(row.risk, {name: new for name, (_, new) in row.changes.items()})
    except Refused:
        names = [name for name in row.changes if name.startswith("residual")]
        for name in names:
            del row.changes[name]
        return [_label(name) for name in names]
    return []


def _leads_back(here: str, former: str) -> bool:
    """Return whether a step without input leads from a state to the former one."""
    return {here, former} <= UNDOABLE and (RiskState(here), RiskState(former)) in RISK_MOVES


def _value(name: str, stored: Any, people: Mapping[int, User], teams: Mapping[int, Team]) -> Any:
    """Return the value of a field that history stores."""
    if stored is None:
        return None
    if name == "owner_id":
        return people[stored]
    if name == "team_id":
        return teams[stored]
    if name == "review_on":
        return date.fromisoformat(stored)
    return RiskState(stored) if name == "state" else stored


def _label(name: str) -> str:
    return _FIELDS[name].replace("review_on", "next review").replace("_", " ")


def left_over(left: Mapping[str, Iterable[str]]) -> str:
    """Return which fields kept their values, as a text: "R-3 (owner), R-4 (state)"."""
    shown = [f"{reference} ({', '.join(names)})" for reference, names in left.items()]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more
