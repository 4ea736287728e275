"""Living with a risk until a day: decided by another than its owner, told ten days ahead, over on the day."""

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
    """Accept it until a day, with the reason. Its owner proposes (treatment “accept”) and cannot decide.

    The day is one of the organisation's zone. Raises Refused, IllegalMove, ChangedMeanwhile.
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
    _put_dues(risk, until, at)
    return risk


@transaction.atomic
def acceptance_ends(due: Due, *, at: datetime) -> None:
    """What a due date of kind DUE does: warns, or reopens. Harmless late, twice, or when overtaken."""
    what, _, day = due.occurrence.partition(" ")
    risk = Risk.objects.select_related("subject").filter(subject_id=due.subject_id).first()
    if risk is None or risk.state != RiskState.ACCEPTED or risk.accepted_until.isoformat() != day:
        return
    if what == "warn":
        left = (risk.accepted_until - at.astimezone(_zone()).date()).days
        if left > 0:  # else its end is told, at the same ring
            history.record(risk, events.RiskAcceptanceEnding(until=day, days=left), by=SYSTEM, at=at)
        return
    values = {
        "accepted_until": None,
        "review_on": scoring.next_look(risk.severity, at.date()),
        "updated_at": at,
    }
    ended = events.RiskAcceptanceEnded(until=day)
    history.move(risk, RiskState.ASSESSING, by=SYSTEM, at=at, values=values, payload=ended)


def _put_dues(risk: Risk, until: date, at: datetime) -> None:
    """Once for each day; accepting anew until the same day finds the dates there already."""
    dues = [(DUE, risk.subject_id, f"end {until.isoformat()}", _moment(until))]
    warn_at = _moment(until - timedelta(days=WARN_DAYS))
    if warn_at > at:
        dues.append((DUE, risk.subject_id, f"warn {until.isoformat()}", warn_at))
    history.put_dues(dues)


@handler("risklog.acceptance.replan")
def on_time_changed(event: Event, *, at: datetime) -> None:
    """The organisation's zone or hours changed: ends of acceptances act at other moments."""
    if not changed_fields(event) & {"time_zone", "day_starts_at"}:
        return

    def planned(due: Due) -> tuple[str, datetime]:
        what, _, day = due.occurrence.partition(" ")
        ahead = timedelta(days=WARN_DAYS if what == "warn" else 0)
        return due.occurrence, _moment(date.fromisoformat(day) - ahead)

    accepted = Risk.objects.filter(state=RiskState.ACCEPTED).values_list("subject_id", flat=True)
    history.replan_dues(accepted, DUE, to=planned)


def _moment(day: date) -> datetime:
    """When a working day begins at the organisation."""
    found = people.organisation()
    starts = found.day_starts_at if found else time(9)
    return datetime.combine(day, starts, tzinfo=_zone()).astimezone(UTC)


def _zone() -> ZoneInfo:
    return people.zone_of(None)
