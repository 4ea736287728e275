"""Apply the effects of a decision, in its transaction, through the operations of the lower rooms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.models import Action
from actions.operations import action as actions
from actions.states import UNFINISHED
from history.models import Event, Subject
from kit.actor import Actor
from kit.refusals import Refused
from meetings.models import Decision, DecisionEffect
from meetings.queries import effect as queries
from meetings.states import EffectKind
from people.models import User
from risklog.models import Acceptance, Escalation, Risk
from risklog.operations import acceptance as acceptances
from risklog.operations import escalation as escalations
from risklog.operations import escalation_handlers, risk_steps
from risklog.queries import acceptance as acceptance_queries
from risklog.states import RiskState, Treatment
from signals.models import Threshold, ThresholdVersion
from signals.operations import threshold as thresholds
from signals.states import Agreement

_FIELDS = frozenset({"kind", "target", "due_on", "owner", "number", "until", "treatment"})


@dataclass(frozen=True, slots=True)
class PlannedEffect:
    """An effect that was checked: its row, and the object that it changes.

    acceptance: the proposal that it accepts, if it accepts a risk.
    """

    row: DecisionEffect
    obj: Any
    acceptance: Acceptance | None = None


def plan(effects: Sequence[Mapping[str, Any]], *, by: Actor, has_action: bool) -> list[PlannedEffect]:
    """Check the effects of a new decision, and the rights of the person for each.

    effects: mappings of kind (EffectKind), target (Subject) and, by kind: due_on and owner (change_action),
    number of the proposed version (agree_threshold), until (accept_risk), treatment (adopt_mitigation).
    has_action: the decision has an action. Raises Refused(field="effects[<position>].<field>").
    """
    planned: list[PlannedEffect] = []
    for position, values in enumerate(effects):
        if unknown := set(values) - _FIELDS:
            raise ValueError(f"Unknown fields of an effect: {', '.join(sorted(unknown))}.")
        try:
            one = _planned(values, by=by, has_action=has_action)
            _check_once(one, planned)
        except Refused as refusal:
            raise _at(position, refusal) from None
        planned.append(one)
    return planned


def apply(
    planned: Sequence[PlannedEffect], decision: Decision, *, by: Actor, at: datetime, cause: Event
) -> None:
    """Apply checked effects. Raises Refused(field="effects[<position>].<field>"): then it undoes all."""
    for position, one in enumerate(planned):
        try:
            _APPLY[EffectKind(one.row.kind)](one, decision, by=by, at=at, cause=cause)
        except Refused as refusal:
            raise _at(position, refusal) from None


def acceptance_of(planned: Sequence[PlannedEffect]) -> Acceptance | None:
    """Return the acceptance that the effects give, None without one."""
    return next((one.acceptance for one in planned if one.acceptance), None)


def _at(position: int, refusal: Refused) -> Refused:
    place = f"effects[{position}]"
    return Refused(refusal.message, field=f"{place}.{refusal.field}" if refusal.field else place)


def _planned(values: Mapping[str, Any], *, by: Actor, has_action: bool) -> PlannedEffect:
    kind, target = values.get("kind"), values.get("target")
    if kind not in EffectKind.values:
        raise Refused(f"Use one of {', '.join(EffectKind.values)}.", field="kind")
    if not isinstance(target, Subject):
        raise Refused("Name what the effect changes.", field="target")
    row = DecisionEffect(kind=kind, target=target)
    obj = _READ[EffectKind(kind)](row, values, has_action)
    acceptance = acceptance_queries.proposed(obj) if kind == EffectKind.ACCEPT_RISK else None
    if acceptance:
        acceptance.risk = obj
    right = queries.right_to(
        by.person if isinstance(by.person, User) else None, kind, obj, acceptance=acceptance
    )
    if not right.is_held:
        raise Refused(f"You do not hold the right to this. It is held by {right.holders}.", field="kind")
    return PlannedEffect(row, obj, acceptance)


def _check_once(one: PlannedEffect, before: Sequence[PlannedEffect]) -> None:
    """Raise Refused if another effect of the decision has the same kind and target, or accepts a risk."""
    for other in before:
        if other.row.kind != one.row.kind:
            continue
        if other.row.target == one.row.target:
            raise Refused("This decision has this effect already.", field="target")
        if one.row.kind == EffectKind.ACCEPT_RISK:
            raise Refused("Accept one risk with one decision.", field="target")


# ------------------------------------------------------------------ reading what they name


def _one(rows: Any, target: Subject, what: str) -> Any:
    """Return the object of a target. Raises Refused if it is of another kind."""
    found = rows.filter(subject=target).first()
    if found is None:
        raise Refused(f"This effect needs {what} as its target.", field="target")
    return found


def _read_action(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> Action:
    action: Action = _one(queries.loaded_actions(), row.target, "an action")
    if not action.is_unfinished:
        raise Refused(f"{action.reference} is finished. Reopen it first.", field="target")
    row.due_on, row.owner = values.get("due_on"), values.get("owner")
    if row.due_on is None and row.owner is None:
        raise Refused("Enter the new due date, the new owner, or both.", field="due_on")
    if row.due_on in (None, action.due_on) and row.owner in (None, action.owner):
        raise Refused(f"{action.reference} has this due date and this owner already.", field="due_on")
    return action


def _read_version(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> ThresholdVersion:
    threshold: Threshold = _one(Threshold.objects.all(), row.target, "a threshold")
    number = values.get("number")
    rows = queries.loaded_versions().filter(threshold=threshold, state=Agreement.PROPOSED)
    found = list(rows.filter(number=number) if number else rows)
    if not found:
        named = f"Version {number} is not proposed." if number else "No version is proposed."
        raise Refused(f"{named} Propose one first.", field="number")
    if len(found) > 1:
        raise Refused("Several versions are proposed. Name the number of one.", field="number")
    row.threshold_version = found[0]
    return found[0]


def _read_proposed_risk(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> Risk:
    risk: Risk = _one(queries.loaded_risks(), row.target, "a risk")
    proposal = acceptance_queries.proposed(risk)
    if proposal is None:
        raise Refused(
            f"Nobody proposed to accept {risk.reference}. One person proposes it, another one decides.",
            field="target",
        )
    row.due_on = values.get("until") or proposal.until
    return risk


def _read_accepted_risk(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> Risk:
    risk: Risk = _one(queries.loaded_risks(), row.target, "a risk")
    if risk.state != RiskState.ACCEPTED:
        raise Refused(f"{risk.reference} is not accepted.", field="target")
    return risk


def _read_treated_risk(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> Risk:
    risk: Risk = _one(queries.loaded_risks(), row.target, "a risk")
    row.treatment = values.get("treatment") or Treatment.MITIGATE
    if not has_action and not Action.objects.filter(about=row.target, state__in=UNFINISHED).exists():
        raise Refused("Add the action that mitigates the risk.", field="target")
    return risk


def _read_escalation(row: DecisionEffect, values: Mapping[str, Any], has_action: bool) -> Escalation:
    escalation: Escalation = _one(queries.loaded_escalations(), row.target, "an escalation")
    return escalation


_READ: dict[EffectKind, Callable[[DecisionEffect, Mapping[str, Any], bool], Any]] = {
    EffectKind.CHANGE_ACTION: _read_action,
    EffectKind.AGREE_THRESHOLD: _read_version,
    EffectKind.ACCEPT_RISK: _read_proposed_risk,
    EffectKind.END_ACCEPTANCE: _read_accepted_risk,
    EffectKind.ADOPT_MITIGATION: _read_treated_risk,
    EffectKind.RESOLVE_ESCALATION: _read_escalation,
}


# ------------------------------------------------------------------ applying them


def _change_action(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    """Change the action, and resolve its escalation if only the delay was its reason."""
    action, row, former = one.obj, one.row, one.obj.owner_id
    values = {"due_on": row.due_on, "owner": row.owner}
    actions.change(
        action,
        {name: value for name, value in values.items() if value is not None},
        by=by,
        at=at,
        cause=cause,
    )
    is_handed_over = action.owner_id != former
    escalation_handlers.resolve_if_planned_anew(
        action, is_handed_over=is_handed_over, by=by, at=at, cause=cause
    )


def _agree(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    thresholds.agree(one.obj, agreed_in=decision.subject, by=by, at=at, cause=cause)


def _accept(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    acceptances.accept(one.obj, until=one.row.due_on, reason=decision.reason, by=by, at=at, cause=cause)


def _end_acceptance(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    risk_steps.reopen(one.obj, reason=decision.reason, by=by, at=at, cause=cause)


def _adopt(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    risk_steps.treat(
        one.obj,
        treatment=one.row.treatment,
        owner=one.obj.owner,
        reason=decision.reason,
        by=by,
        at=at,
        cause=cause,
    )


def _resolve(one: PlannedEffect, decision: Decision, *, by: Actor, at: datetime, cause: Event) -> None:
    escalations.resolve(one.obj, reason=decision.reason, by=by, at=at, cause=cause)


_APPLY: dict[EffectKind, Callable[..., None]] = {
    EffectKind.CHANGE_ACTION: _change_action,
    EffectKind.AGREE_THRESHOLD: _agree,
    EffectKind.ACCEPT_RISK: _accept,
    EffectKind.END_ACCEPTANCE: _end_acceptance,
    EffectKind.ADOPT_MITIGATION: _adopt,
    EffectKind.RESOLVE_ESCALATION: _resolve,
}
