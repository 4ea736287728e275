"""Reading of duty calendars: fetch, parse, store. A failure keeps the last good plan."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from history import operations as history
from history.claims import Tally
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from outgoing.client import Limits, NoAnswer, RefusedUrl, send
from people import duty_calendar, events
from people import queries as people
from people.duty_calendar import DutyPerson, FoundDuties, UnreadableCalendar
from people.models import CalendarReading, DutyPeriod, DutyRoster, User
from people.states import Role

EVERY = timedelta(minutes=15)
# The plan that is stored: it has to last while the calendar cannot be read.
BEFORE, AHEAD = timedelta(days=1), timedelta(days=70)
# After so many failures in a row, an hour, administrators are told.
TOLD_AFTER = 4
# The last reading of a task begins within the first, and its answer is there within the second. Then it is
# read (duty_calendar.MOST_WAITING), and its failure has to be stored before the task ends.
BEGUN_WITHIN, LIMITS = 4.0, Limits(total_seconds=8.0, most_bytes=2_000_000)


def read_due(*, at: datetime) -> Tally:
    """Read the calendars that are due, one after the other. Begins none after BEGUN_WITHIN seconds.

    Safe in parallel.
    """
    total, ends = Tally(), time.monotonic() + BEGUN_WITHIN
    while time.monotonic() < ends and (reading := _claim()):
        total += _read(reading, at)
    return total


def ask(roster: DutyRoster, *, by: Actor, at: datetime) -> None:
    """Let a worker read the calendar within a minute. Raises Refused for a roster without a calendar.

    It changes nothing but the time of the next reading, so history has no event of it.
    """
    if not CalendarReading.objects.filter(roster=roster).update(next_at=Now()):
        raise Refused("This roster is not read from a calendar.")


@transaction.atomic
def _claim() -> CalendarReading | None:
    """Return a reading that is due. Its next time is committed before the work, also if the worker dies."""
    due = CalendarReading.objects.filter(next_at__lte=Now()).order_by("next_at", "id")
    reading = due.select_for_update(skip_locked=True, of=("self",)).select_related("roster__function").first()
    if reading is not None:
        CalendarReading.objects.filter(pk=reading.pk).update(next_at=Now() + EVERY)
    return reading


def _read(reading: CalendarReading, at: datetime) -> Tally:
    roster = reading.roster
    try:
        found = _fetched(roster, at)
    except (RefusedUrl, NoAnswer, UnreadableCalendar) as error:
        _store_failure(roster, str(error)[:500], at)
        return Tally(failed=1)
    _store(roster, found, at)
    return Tally(done=1)


def _fetched(roster: DutyRoster, at: datetime) -> FoundDuties:
    answer = send(roster.calendar_url, headers={"Accept": "text/calendar"}, limits=LIMITS)
    if answer.is_redirect:
        raise NoAnswer(f"{roster.calendar_host} answered with a redirect. Enter the address it leads to.")
    if not answer.is_success:
        raise NoAnswer(f"{roster.calendar_host} answered with the status {answer.status}.")
    if answer.is_cut:
        raise UnreadableCalendar(f"The calendar is larger than {LIMITS.most_bytes // 1_000_000} MB.")
    return duty_calendar.read_apart(
        answer.body, since=at - BEFORE, until=at + AHEAD, zone=people.zone_of(None), people=_known(roster)
    )


def _known(roster: DutyRoster) -> list[DutyPerson]:
    return [
        DutyPerson(
            person.pk,
            person.name,
            person.email,
            person.handle,
            person.function_id == roster.function_id and person.role != Role.VIEWER,
        )
        for person in User.objects.active().order_by("pk")
    ]


@transaction.atomic
def _store(roster: DutyRoster, found: FoundDuties, at: datetime) -> None:
    reading = _locked(roster)
    if reading is None:
        return
    _replace_periods(roster, found.periods)
    was_told = reading.failures >= TOLD_AFTER
    reading.tried_at = reading.read_at = at
    reading.failures, reading.error, reading.unknown = 0, "", list(found.unknown)
    reading.save(update_fields=["tried_at", "read_at", "failures", "error", "unknown"])
    if was_told:
        history.record(roster.function, "people.duty_calendar_recovered", by=SYSTEM, at=at)


@transaction.atomic
def _store_failure(roster: DutyRoster, error: str, at: datetime) -> None:
    reading = _locked(roster)
    if reading is None:
        return
    reading.tried_at, reading.error, reading.failures = at, error, reading.failures + 1
    reading.save(update_fields=["tried_at", "error", "failures"])
    if reading.failures == TOLD_AFTER:
        history.record(roster.function, events.DutyCalendarFailed(error=error), by=SYSTEM, at=at)


def _locked(roster: DutyRoster) -> CalendarReading | None:
    """Return the reading of a roster that still has this calendar; None if it was changed meanwhile."""
    rows = CalendarReading.objects.filter(roster=roster, roster__calendar_url=roster.calendar_url)
    return rows.select_for_update(of=("self",)).first()


def _replace_periods(roster: DutyRoster, periods: Sequence[duty_calendar.Period]) -> None:
    """Store the plan, if it is another one than before."""
    stored = DutyPeriod.objects.filter(roster=roster)
    before = list(stored.order_by("starts_at", "id").values_list("starts_at", "ends_at", "person_id"))
    if before == [(one.starts_at, one.ends_at, one.person) for one in periods]:
        return
    stored.delete()
    DutyPeriod.objects.bulk_create(
        DutyPeriod(roster=roster, starts_at=one.starts_at, ends_at=one.ends_at, person_id=one.person)
        for one in periods
    )
