"""The undo of a bulk change, and of one change of a risk: it restores what nobody has changed since."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from catalogue.models import Model
from history import undo as history_undo
from history.models import Event
from history.undo import Changes, Kept, Referred, Restorable, UndoResult
from kit.actor import Actor
from kit.refusals import Refused
from lists.bulk import PlannedChange
from people.models import Team, User
from risklog.models import Category, Risk
from risklog.operations import risk_bulk
from risklog.operations.risk_values import check, check_residual
from risklog.states import RISK_MOVES, RiskState
from signals.models import Series

_TEXTS = ("title", "description", "cause", "event", "effect", "affected", "feature", "external_id")
# Field of history -> field of the risk. Other fields follow from these, or count the changes.
_FIELDS = {
    **{name: name for name in _TEXTS},
    "category_id": "category",
    "model_id": "model",
    "series_id": "series",
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
# Field of history -> what it refers to.
_REFERRED: dict[str, Any] = {
    "owner_id": User,
    "team_id": Team,
    "category_id": Category,
    "model_id": Model,
    "series_id": Series,
}
# The states that an undo leads from and to. The others need a reason or a decision.
UNDOABLE = frozenset(risk_bulk.STEPS)
_NO_UNDO = {
    RiskState.CLOSED.value: "A closed risk has no undo. Reopen it instead, with the reason.",
    RiskState.ACCEPTED.value: "An acceptance has no undo. End it instead, with the reason.",
}
_VERBS = {*RISK_MOVES.values(), "risklog.risk_changed"}


@transaction.atomic
def undo(batch: UUID, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
    """Restore what the person's bulk change replaced, in one transaction.

    batch: of BulkResult. done_at: the moment of the bulk change. A field keeps its value if it has another
    one than the bulk change set, and a state if no step leads back: the result says which and why. A risk
    that the person may no longer see keeps all values. Raises Refused without such a change.
    """
    result = plan(batch, done_at, by=by)
    risk_bulk.write(result.rows, by=by, at=at)
    return result


def plan(batch: UUID, done_at: datetime, *, by: Actor) -> UndoResult:
    """Lock the risks of a bulk change and return what its undo restores. The caller writes the rows."""
    # The index of verb and moment finds the events; there is none of the batch.
    events = Event.objects.filter(verb__in=_VERBS, at=done_at, batch=batch, actor=by.subject_id)
    return _plan(events, by=by)


@transaction.atomic
def undo_one(risk: Risk, done_at: datetime, *, by: Actor, at: datetime) -> UndoResult:
    """Restore what one change or step of this person replaced on a risk. As undo().

    done_at: the moment of the change, in `updated_at` of the risk afterwards. Raises Refused for a step or a
    value that cannot be taken back: no part of it is restored then.
    """
    events = Event.objects.filter(subject=risk.subject_id, at=done_at, actor=by.subject_id, verb__in=_VERBS)
    last = events.order_by("-pk")[:1]
    old, new = history_undo.changes_of(last, _RISK.model).get(risk.pk, {}).get("state", ("", ""))
    if old != new:
        _refuse_half_undo(risk, old, new)
    result = _plan(last, by=by, is_whole=True)
    risk_bulk.write(result.rows, by=by, at=at)
    return result


def _refuse_half_undo(risk: Risk, old: str, new: str) -> None:
    """Refuse to undo a step between two states if its state cannot be restored."""
    if not _leads_back(new, old):
        raise Refused(_NO_UNDO.get(new, "This step has no undo. Take another step instead."))
    if risk.state not in (old, new):
        raise Refused("The risk took another step since. Take a step instead of an undo.")


def can_undo(risk: Risk, former: str) -> bool:
    """Return whether the step from a former state to the current one can be taken back without a reason."""
    return _leads_back(risk.state, former)


def _plan(events: QuerySet[Event], *, by: Actor, is_whole: bool = False) -> UndoResult:
    """Return what to restore of what these events replaced, where nobody has changed it since.

    is_whole: raise Refused if a value that nobody has changed since cannot be restored.
    """
    changes = history_undo.changes_of(events, _RISK.model)
    if not changes:
        raise Refused("There is no change of yours to undo here.")
    present = Risk.objects.visible_to(by.person) if by.person else Risk.objects.all()
    rows_of = present.filter(pk__in=changes).select_for_update(of=("self",))
    risks = risk_bulk.loaded(rows_of, is_limited=False)  # the act that is undone had its own limit
    former = history_undo.referred(_RISK, changes, by)
    rows, left, refused = [], {}, {}
    for risk in risks:
        row, kept = _planned(risk, changes[risk.pk], former, by)
        rows.append(row)
        if kept.changed_since:
            left[risk.reference] = kept.changed_since
        if kept.reasons:
            refused[risk.reference] = " ".join(kept.reasons)
        if is_whole and kept.reasons:
            raise Refused(refused[risk.reference])
        if is_whole:
            check({name: new for name, (_, new) in row.changes.items()})
    return UndoResult(rows, left, refused)


def _planned(risk: Risk, changes: Changes, former: Referred, by: Actor) -> tuple[PlannedChange, Kept]:
    """Return what to restore of one risk, and what keeps its value."""
    if not risk_bulk.may_change(risk, by):
        return PlannedChange(risk, refusal=risk_bulk.NO_RIGHT), Kept(reasons=[risk_bulk.NO_RIGHT])
    row, kept = history_undo.plan(_RISK, risk, changes, former)
    kept.changed_since += _half_residual(row)
    return row, kept


def _half_residual(row: PlannedChange) -> list[str]:
    """Keep the residual figures if only one of them could be restored. Return their labels."""
    try:
        check_residual(row.obj, {name: new for name, (_, new) in row.changes.items()})
    except Refused:
        names = [name for name in row.changes if name.startswith("residual")]
        for name in names:
            del row.changes[name]
        return [_label(name) for name in names]
    return []


def _leads_back(here: str, former: str) -> bool:
    """Return whether a step without input leads from a state to the former one."""
    return {here, former} <= UNDOABLE and (RiskState(here), RiskState(former)) in RISK_MOVES


def _value(name: str, stored: Any) -> Any:
    """Return the value of a field that history stores."""
    if name == "review_on":
        return date.fromisoformat(stored)
    return RiskState(stored) if name == "state" else stored


def _label(name: str) -> str:
    return _FIELDS[name].replace("review_on", "next review").replace("_", " ")


def _shown(state: str) -> str:
    return str(RiskState(state).label).lower()


_RISK = Restorable(
    model=Risk._meta.label_lower,
    fields=_FIELDS,
    referred=_REFERRED,
    limited=(Model, Series),
    leads_back=_leads_back,
    value=_value,
    label=_label,
    state_label=_shown,
)
