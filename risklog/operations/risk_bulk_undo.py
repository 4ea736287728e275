"""The undo of a bulk change: it restores the fields that nobody has changed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from history import writing
from history.models import Event
from history.queries import present_data
from kit.actor import Actor
from kit.refusals import Refused
from people.models import Team, User
from risklog.models import Risk
from risklog.operations import risk_bulk
from risklog.operations.risk_bulk import PlannedRisk
from risklog.states import RISK_MOVES, RiskState

# Field of history -> field of the risk. Other fields follow from these, or count the changes.
_FIELDS = {
    "owner_id": "owner",
    "team_id": "team",
    "likelihood": "likelihood",
    "impact": "impact",
    "review_on": "review_on",
    "tags": "tags",
    "state": "state",
}
_LABEL = Risk._meta.label_lower


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
    changes = _changes_of(batch, done_at, by)
    if not changes:
        raise Refused("There is no bulk change of yours to undo here.")
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


def _changes_of(batch: UUID, done_at: datetime, by: Actor) -> dict[int, dict[str, list[Any]]]:
    """Return risk id -> field -> [old, new] of the events of a batch of this actor."""
    found: dict[int, dict[str, list[Any]]] = {}
    verbs = {*RISK_MOVES.values(), "risklog.risk_changed"}
    # The index of verb and moment finds them; there is none of the batch.
    for event in Event.objects.filter(verb__in=verbs, at=done_at, batch=batch, actor=by.subject_id):
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
        if current[name] != new or (name == "state" and (RiskState(new), value) not in RISK_MOVES):
            kept.append(_label(name))
        else:
            row.changes[_FIELDS[name]] = (getattr(risk, _FIELDS[name]), value)
    return row, kept


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
    return _FIELDS[name].replace("review_on", "next review")


def left_over(left: Mapping[str, Iterable[str]]) -> str:
    """Return which fields kept their values, as a text: "R-3 (owner), R-4 (state)"."""
    shown = [f"{reference} ({', '.join(names)})" for reference, names in left.items()]
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more
