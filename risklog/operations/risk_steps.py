"""The steps of a risk between states: assess, treat, monitor, close, reopen.

Acceptance is in acceptance.py.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event
from history.operations import FurtherRow
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from people.models import User
from risklog.events import risk as events
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.operations.acceptance import rows_of_end
from risklog.operations.risk_values import check, check_residual, hand_over_sight
from risklog.queries import closing
from risklog.queries.scores import score_with
from risklog.register_checks import MIN_EVIDENCE
from risklog.states import DUPLICATE_MOVES, RiskState, Treatment

# The verb of a step -> its payload, which has the reason.
_PAYLOADS = {
    payload.verb: payload
    for payload in (
        events.RiskAssessing,
        events.RiskTreating,
        events.RiskMonitoring,
        events.RiskClosed,
        events.RiskReopened,
        events.RiskAcceptanceEnded,
    )
}


@transaction.atomic
def assess(
    risk: Risk,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Start assessing an open risk, or assess it again from treating or monitoring."""
    if risk.state in (RiskState.CLOSED, RiskState.ACCEPTED):
        raise IllegalMove("This risk is closed. Reopen it first.", field="state")
    return _step(risk, RiskState.ASSESSING, {}, reason, by=by, at=at, seen=seen, cause=cause)


@transaction.atomic
def treat(
    risk: Risk,
    *,
    treatment: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Start the treatment: mitigate, transfer or avoid.

    Raises Refused for another treatment, or if the risk would have no owner.
    """
    if treatment == Treatment.ACCEPT:
        raise Refused("Propose the acceptance, with a date and the reason.", field="treatment")
    if treatment not in Treatment.values:
        raise Refused(f"Use one of {', '.join(Treatment.values)}.", field="treatment")
    if owner is None and risk.owner_id is None:
        raise Refused("Choose an owner who is responsible for the treatment.", field="owner")
    values: dict[str, Any] = {"treatment": treatment, **({"owner": owner} if owner else {})}
    former = risk.owner
    if owner != former:
        check(values)
    _step(risk, RiskState.TREATING, values, reason, by=by, at=at, seen=seen, cause=cause)
    if owner and owner != former:
        hand_over_sight(risk, former, by=by, at=at)
    return risk


@transaction.atomic
def monitor(
    risk: Risk,
    *,
    by: Actor,
    at: datetime,
    residual_likelihood: int | None = None,
    residual_impact: int | None = None,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Monitor a risk that is treated or needs no treatment.

    residual_likelihood, residual_impact: 1 to 5. Raises Refused if they are missing after a treatment.
    """
    figures = {"residual_likelihood": residual_likelihood, "residual_impact": residual_impact}
    values = {name: figure for name, figure in figures.items() if figure is not None}
    check(values)
    check_residual(risk, values)
    is_assessed = values or risk.residual_likelihood is not None
    if risk.state == RiskState.TREATING and not is_assessed:
        raise Refused("Enter the residual likelihood and impact.", field="residual_likelihood")
    score = score_with(risk, values)
    _step(risk, RiskState.MONITORING, values, reason, by=by, at=at, seen=seen, cause=cause)
    risk.severity = score
    return risk


@transaction.atomic
def close(
    risk: Risk,
    *,
    evidence: str,
    by: Actor,
    at: datetime,
    despite_open_breach: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Close a risk, with the evidence that it is resolved.

    evidence: at least MIN_EVIDENCE characters, and not the title. despite_open_breach: the reason, needed
    if a breach of its own metric is open. Raises Refused.
    """
    _check_evidence(risk, evidence)
    breaches = closing.open_breaches(risk, by.person)
    if breaches and not despite_open_breach.strip():
        raise Refused(
            f"The breach {breaches[0].group.reference} of its metric is open. "
            "Wait until it clears, or enter the reason for closing the risk anyway.",
            field="despite_open_breach",
        )
    if (risk.state, RiskState.CLOSED) in DUPLICATE_MOVES:
        raise IllegalMove(
            f"A risk in the state “{risk.get_state_display()}” is not closed. Monitor or reopen it first.",
            field="state",
        )
    reason = despite_open_breach if breaches else ""
    values = {"closing_evidence": evidence.strip(), "review_on": None}
    rows = rows_of_end(risk, by=by, at=at)
    return _step(risk, RiskState.CLOSED, values, reason, rows=rows, by=by, at=at, seen=seen, cause=cause)


def _check_evidence(risk: Risk, evidence: str) -> None:
    text = " ".join(evidence.split())
    if text.casefold() == risk.title.casefold():
        raise Refused("The title is no evidence. Enter a value, a test or a link.", field="evidence")
    if len(text) < MIN_EVIDENCE:
        raise Refused(
            f"Describe in at least {MIN_EVIDENCE} characters what shows that it is resolved: "
            "a value, a test or a link.",
            field="evidence",
        )


@transaction.atomic
def reopen(
    risk: Risk, *, reason: str, by: Actor, at: datetime, seen: int | None = None, cause: Event | None = None
) -> Risk:
    """Reopen a closed risk, or end an acceptance before its date. The risk is assessed again.

    A risk that was closed as a duplicate is none any more.

    Raises IllegalMove if the risk is open, Refused without a reason.
    """
    if risk.state not in (RiskState.CLOSED, RiskState.ACCEPTED):
        raise IllegalMove("This risk is already open.", field="state")
    if not reason.strip():
        raise Refused("Enter the reason for reopening.", field="reason")
    values = {
        "closing_evidence": "",
        "merged_into": None,
        "accepted_until": None,
        "acceptance_reason": "",
        "review_on": present_matrix().next_review(*risk.cell, at.date()),
    }
    rows = rows_of_end(risk, by=by, at=at)
    return _step(risk, RiskState.ASSESSING, values, reason, rows=rows, by=by, at=at, seen=seen, cause=cause)


def _step(
    risk: Risk,
    to: RiskState,
    values: Mapping[str, Any],
    reason: str,
    *,
    by: Actor,
    at: datetime,
    seen: int | None,
    cause: Event | None,
    rows: Sequence[FurtherRow] = (),
) -> Risk:
    """Move the risk to a state, set `values` and change the further rows.

    A move that states.RISK_MOVES lacks is refused by move().
    """
    verb = risk.MOVES.get((RiskState(risk.state), to))
    payload = _PAYLOADS[verb](reason=reason.strip() or None) if verb else None
    values = {**values, "updated_at": at}
    history.move(risk, to, by=by, at=at, seen=seen, values=values, payload=payload, rows=rows, cause=cause)
    return risk
