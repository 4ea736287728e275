"""Accepting a risk until a date. Somebody other than its owner decides; a warning comes ten days before."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import queries as people
from risklog import events, scoring
from risklog.models import Risk
from risklog.states import RiskState, Treatment

DUE = "risklog.acceptance_ends"
WARN_DAYS = 10


@transaction.atomic
def accept(
    risk: Risk,
    *,
    until: date,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Risk:
    """Accept a risk until a date, with the reason. Its owner may propose it (treatment “accept”), not decide.

    until: a date in the organisation's time zone. Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    if by.person is not None and by.person.pk == risk.owner_id:
        raise Refused("Owners cannot accept their own risks. Ask a risk manager.", field="by")
    if not reason.strip():
        raise Refused("Enter the reason for accepting.", field="reason")
    if until <= at.astimezone(_zone()).date():
        raise Refused("Choose a date in the future.", field="until")
    values = {
        "accepted_until": until,
        "acceptance_reason": reason.strip(),
        "treatment": Treatment.ACCEPT,
        "review_on": until,
        "updated_at": at,
    }
    accepted = events.RiskAccepted(until=until.isoformat(), reason=reason.strip())
    history.move(
        risk, RiskState.ACCEPTED, by=by, at=at, seen=seen, values=values, payload=accepted, cause=cause
    )
    plan_ends([risk], at=at)
    return risk


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
        days_left = (until - at.astimezone(_zone()).date()).days
        if days_left > 0:  # else the Due of the end, which is due too, notifies of it
            history.record(risk, events.RiskAcceptanceEnding(until=day, days=days_left), by=SYSTEM, at=at)
        return
    values = {
        "accepted_until": None,
        "review_on": scoring.next_review(risk.severity, at.date()),
        "updated_at": at,
    }
    ended = events.RiskAcceptanceEnded(until=day)
    history.move(risk, RiskState.ASSESSING, by=SYSTEM, at=at, values=values, payload=ended)


def plan_ends(risks: Iterable[Risk], *, at: datetime) -> None:
    """Put the Dues of accepted risks. Accepting again until the same date puts no second ones."""
    dues = []
    for risk in risks:
        until = risk.accepted_until
        assert until is not None  # a constraint of the table
        dues.append((DUE, risk.subject_id, f"end {until.isoformat()}", _moment(until)))
        warn_at = _moment(until - timedelta(days=WARN_DAYS))
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
        return due.occurrence, _moment(date.fromisoformat(day) - ahead)

    accepted = Risk.objects.filter(state=RiskState.ACCEPTED).values_list("subject_id", flat=True)
    history.replan_dues(accepted, DUE, to=planned)


def _moment(day: date) -> datetime:
    """Return when a day begins at the organisation, in UTC; at 9:00 before it is set up."""
    organisation = people.organisation()
    starts_at = organisation.day_starts_at if organisation else time(9)
    return datetime.combine(day, starts_at, tzinfo=_zone()).astimezone(UTC)


def _zone() -> ZoneInfo:
    return people.zone_of(None)
