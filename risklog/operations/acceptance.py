"""Accepting a risk until a date: one person proposes it, another decides; a warning comes ten days before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people import queries as people
from people.states import Role
from risklog.events import risk as events
from risklog.models import Acceptance, Risk
from risklog.models.matrix import present_matrix
from risklog.operations.days import day_of, moment_of
from risklog.queries import acceptance as queries
from risklog.states import RISK_MOVES, AcceptanceState, RiskState, Treatment

DUE = "risklog.acceptance_ends"
WARN_DAYS = 10


# ------------------------------------------------------------------ propose and decide


@transaction.atomic
def propose(
    risk: Risk,
    *,
    until: date,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Acceptance:
    """Propose to accept a risk until a date, with the reason. Somebody else decides.

    until: a date in the organisation's time zone, at most max_acceptance_days ahead. Raises Refused,
    IllegalMove, ChangedMeanwhile.
    """
    if (risk.state, RiskState.ACCEPTED) not in RISK_MOVES:
        raise IllegalMove(
            f"A risk in the state “{risk.get_state_display()}” cannot be accepted. Assess it first.",
            field="state",
        )
    if not reason.strip():
        raise Refused("Enter the reason for accepting.", field="reason")
    check_until(until, at=at)
    if queries.proposed(risk) is not None:
        raise Refused("An acceptance is proposed already. It is decided or withdrawn first.", field="state")
    proposal = Acceptance(
        risk=risk, reason=reason.strip(), until=until, proposed_by=by.person, proposed_at=at
    )
    proposed = events.AcceptanceProposed(until=until.isoformat(), reason=proposal.reason)
    history.change(
        risk, {"updated_at": at}, by=by, at=at, seen=seen, payload=proposed, rows=[proposal], cause=cause
    )
    return proposal


@transaction.atomic
def accept(
    risk: Risk,
    *,
    by: Actor,
    at: datetime,
    until: date | None = None,
    reason: str = "",
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Accept a risk as somebody else proposed it.

    until: an earlier date than the proposed one. reason: of the decision. Raises Refused, IllegalMove,
    ChangedMeanwhile.
    """
    proposal = _proposal(risk)
    _check_decider(proposal, risk, by)
    until = until or proposal.until
    if until > proposal.until:
        raise Refused(f"Choose {proposal.until:%-d %B %Y} or an earlier date, as proposed.", field="until")
    check_until(until, at=at)
    values = {
        "accepted_until": until,
        "acceptance_reason": proposal.reason,
        "treatment": Treatment.ACCEPT,
        "review_on": until,
        "updated_at": at,
    }
    decided = {**_decision(reason, by=by, at=at), "state": AcceptanceState.ACCEPTED, "until": until}
    accepted = events.RiskAccepted(
        until=until.isoformat(), reason=proposal.reason, decision_reason=reason.strip() or None
    )
    history.move(
        risk,
        RiskState.ACCEPTED,
        by=by,
        at=at,
        seen=seen,
        values=values,
        payload=accepted,
        rows=[(proposal, decided)],
        cause=cause,
    )
    _plan_ends([risk], at=at)
    return risk


@transaction.atomic
def decline(risk: Risk, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Risk:
    """Decline what somebody else proposed, with the reason. The state of the risk stays.

    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    proposal = _proposal(risk)
    _check_decider(proposal, risk, by)
    if not reason.strip():
        raise Refused("Enter the reason for declining.", field="reason")
    declined = events.AcceptanceDeclined(reason=reason.strip())
    return _end(risk, proposal, AcceptanceState.DECLINED, declined, by=by, at=at, seen=seen)


@transaction.atomic
def withdraw(risk: Risk, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None) -> Risk:
    """Withdraw a proposal before it is decided: its proposer or a risk manager.

    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    proposal = _proposal(risk)
    is_proposer = by.person is None or by.person.pk == proposal.proposed_by_id
    if not is_proposer and not by.person.is_at_least(Role.RISK_MANAGER):
        raise Refused("The proposer or a risk manager withdraws it.", field="by")
    withdrawn = events.AcceptanceWithdrawn(reason=reason.strip() or None)
    return _end(risk, proposal, AcceptanceState.WITHDRAWN, withdrawn, by=by, at=at, seen=seen)


@transaction.atomic
def decide(
    acceptance: Acceptance,
    *,
    is_accepted: bool,
    by: Actor,
    at: datetime,
    reason: str = "",
    seen: int | None = None,
) -> Acceptance:
    """Accept or decline one proposal, at its version `seen`.

    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    _check_open(acceptance, seen)
    verb = accept if is_accepted else decline
    verb(acceptance.risk, reason=reason, by=by, at=at)
    acceptance.refresh_from_db()
    return acceptance


@transaction.atomic
def withdraw_proposal(
    acceptance: Acceptance, *, by: Actor, at: datetime, reason: str = "", seen: int | None = None
) -> Acceptance:
    """Withdraw one proposal, at its version `seen`. Raises Refused, IllegalMove, ChangedMeanwhile."""
    _check_open(acceptance, seen)
    withdraw(acceptance.risk, reason=reason, by=by, at=at)
    acceptance.refresh_from_db()
    return acceptance


def _check_open(acceptance: Acceptance, seen: int | None) -> None:
    """Raise ChangedMeanwhile at another version, IllegalMove if it is not proposed any more."""
    if seen is not None and seen != acceptance.version:
        raise ChangedMeanwhile("Somebody else changed this proposal.", present=acceptance)
    if acceptance.state != AcceptanceState.PROPOSED:
        raise IllegalMove(f"This acceptance is {acceptance.get_state_display().lower()}.", field="state")


def check_until(until: date, *, at: datetime) -> None:
    """Raise Refused if an acceptance may not last until a date: it is past, or beyond the limit."""
    today = day_of(at)
    if problem := queries.problem_of(until, today=today, last=queries.last_day(today)):
        raise Refused(problem, field="until")


def _proposal(risk: Risk) -> Acceptance:
    found = queries.proposed(risk)
    if found is None:
        raise IllegalMove(
            "Nobody proposed to accept this risk. Propose it; then somebody else decides.", field="state"
        )
    return found


def _check_decider(proposal: Acceptance, risk: Risk, by: Actor) -> None:
    """Raise Refused if the person owns the risk or proposed the acceptance."""
    if by.person is None:
        return
    if by.person.pk == risk.owner_id:
        raise Refused("Owners cannot accept their own risks. Ask a risk manager.", field="by")
    if by.person.pk == proposal.proposed_by_id:
        raise Refused("You proposed this acceptance. Another risk manager decides.", field="by")


def _decision(reason: str, *, by: Actor, at: datetime) -> dict[str, Any]:
    return {"decided_by": by.person, "decided_at": at, "decision_reason": reason.strip()}


def _end(
    risk: Risk,
    proposal: Acceptance,
    to: AcceptanceState,
    payload: events.AcceptanceDeclined | events.AcceptanceWithdrawn,
    *,
    by: Actor,
    at: datetime,
    seen: int | None,
) -> Risk:
    """Move a proposal out of the way, with the risk at the version `seen`."""
    if seen is not None and seen != risk.version:
        raise ChangedMeanwhile("Somebody else changed this risk.", present=risk)
    values = _decision(payload.reason or "", by=by, at=at)
    rows = [(risk, {"updated_at": at})]
    history.move(proposal, to, by=by, at=at, values=values, payload=payload, rows=rows)
    return risk


# ------------------------------------------------------------------ with the steps of the risk


def rows_of_end(risk: Risk, *, by: Actor, at: datetime) -> list[tuple[Acceptance, dict[str, Any]]]:
    """Return the rows that a step of the risk changes, which ends what is in force, or what was proposed."""
    rows: list[tuple[Acceptance, dict[str, Any]]] = []
    for one in Acceptance.objects.filter(risk=risk, state__in=queries.UNFINISHED).order_by("id"):
        if one.state == AcceptanceState.ACCEPTED:
            rows.append((one, {"state": AcceptanceState.ENDED, "ended_at": at}))
        else:
            decision = _decision("The risk was closed.", by=by, at=at)
            rows.append((one, {**decision, "state": AcceptanceState.WITHDRAWN}))
    return rows


def add_to(risks: Sequence[Risk], *, by: Actor, at: datetime) -> None:
    """Record the acceptances of risks that were accepted elsewhere, with a constant number of statements.

    The person who brings them in decides, and nobody proposed them: their sheet does not say who did.
    """
    if not risks:
        return
    rows = [
        Acceptance(
            risk=risk,
            state=AcceptanceState.ACCEPTED,
            reason=risk.acceptance_reason,
            until=risk.accepted_until,
            proposed_at=at,
            decided_by=by.person,
            decided_at=at,
        )
        for risk in risks
    ]
    payloads = [events.RiskAccepted(until=row.until.isoformat(), reason=row.reason) for row in rows]
    history.record_many(rows, events.RiskAccepted.verb, by=by, at=at, payloads=payloads)
    _plan_ends(risks, at=at)


@transaction.atomic
def acceptance_ends(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind DUE: warn of the end of an acceptance, or end it.

    It is idempotent, and does nothing if the risk is no longer accepted until that date.
    """
    action, _, day = due.occurrence.partition(" ")
    risk = Risk.objects.select_related("subject").filter(subject_id=due.subject_id).first()
    if risk is None or risk.state != RiskState.ACCEPTED:
        return
    until = risk.accepted_until
    if until is None or until.isoformat() != day:
        return
    if action == "warn":
        days_left = (until - day_of(at)).days
        if days_left > 0:  # else the Due of the end, which is due too, notifies of it
            history.record(risk, events.RiskAcceptanceEnding(until=day, days=days_left), by=SYSTEM, at=at)
        return
    values = {
        "accepted_until": None,
        "review_on": present_matrix().next_review(*risk.cell, at.date()),
        "updated_at": at,
    }
    ended = events.RiskAcceptanceEnded(until=day)
    rows = rows_of_end(risk, by=SYSTEM, at=at)
    history.move(risk, RiskState.ASSESSING, by=SYSTEM, at=at, values=values, payload=ended, rows=rows)


def _plan_ends(risks: Sequence[Risk], *, at: datetime) -> None:
    """Put the Dues of accepted risks. Accepting again until the same date puts no second ones."""
    dues = []
    with people.known_organisation(people.organisation()):
        for risk in risks:
            until = risk.accepted_until
            assert until is not None  # a constraint of the table
            dues.append((DUE, risk.subject_id, f"end {until.isoformat()}", moment_of(until)))
            warn_at = moment_of(until - timedelta(days=WARN_DAYS))
            if warn_at > at:
                dues.append((DUE, risk.subject_id, f"warn {until.isoformat()}", warn_at))
    history.put_dues(dues)


@handler("risklog.acceptance.replan")
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the Dues of acceptances when the time zone or the start of the day of the organisation changes."""
    if not changed_fields(event) & {"time_zone", "day_starts_at"}:
        return

    def planned(due: Due) -> tuple[str, datetime]:
        action, _, day = due.occurrence.partition(" ")
        ahead = timedelta(days=WARN_DAYS if action == "warn" else 0)
        return due.occurrence, moment_of(date.fromisoformat(day) - ahead)

    accepted = Risk.objects.filter(state=RiskState.ACCEPTED).values_list("subject_id", flat=True)
    history.replan_dues(accepted, DUE, to=planned)
