"""Reads of duty rosters: who is on duty when, for pages, ladders and calendars."""

import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Max, OuterRef, Subquery
from django.db.models.functions import JSONObject

from history.models import Event
from kit.sight import Visitor
from people import roster
from people.duty_calendar import CalendarPlan, Period
from people.models import Absence, CalendarReading, DutyPeriod, DutyRoster, User
from people.queries import zone_of
from people.states import Role

# How far ahead duties are listed.
PLANNED = timedelta(weeks=4)
# How far ahead the calendar of a person has their duties: the turns that have begun by then, to their end.
AHEAD = timedelta(weeks=12)
# The events of a function, and of a person, that change who is on duty.
_CHANGES = (
    "people.roster_added",
    "people.roster_changed",
    "people.absence_noted",
    "people.absence_dropped",
    "people.person_role_changed",
    "people.person_deactivated",
    "people.person_reactivated",
)


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty for a time. is_now: it has begun. instead_of: whose turn it is, if another's."""

    starts_at: datetime
    ends_at: datetime
    person: User | None
    instead_of: User | None
    is_now: bool


def duty_plans(ids: Iterable[int], *, at: datetime) -> dict[int, list[Duty]]:
    """Return the duties of the next four weeks: id of a roster -> duties. Four queries for any number."""
    known = _known_of(list(DutyRoster.objects.filter(pk__in=list(ids))), at, at + PLANNED)

    def plan(found: DutyRoster) -> list[Duty]:
        planned = roster.shifts(known.plan_of(found), at, at + PLANNED, known.can_act, known.away)
        return [_duty(shift, known.persons, at) for shift in planned]

    return {found.pk: plan(found) for found in known.rosters}


@dataclass(frozen=True, slots=True)
class _Known:
    """Rosters with what decides who is on duty. periods: id of a roster -> those of its calendar.

    persons: by id. can_act: the ids of those who can be on duty. away: day -> as for roster.on_duty().
    """

    rosters: Sequence[DutyRoster]
    zone: zoneinfo.ZoneInfo
    periods: Mapping[int, Sequence[Period]]
    persons: Mapping[int, User]
    can_act: set[int]
    away: Callable[[date], Mapping[int, int | None]]

    def plan_of(self, found: DutyRoster) -> roster.Plan:
        return plan_of(found, self.periods.get(found.pk, ()), self.zone)


def _known_of(rosters: Sequence[DutyRoster], since: datetime, until: datetime) -> _Known:
    """Return what decides who is on duty between these moments. Three queries for any number of rosters."""
    zone, periods = zone_of(None), defaultdict(list)
    for row in DutyPeriod.objects.filter(roster__in=rosters, ends_at__gt=since).order_by("starts_at", "id"):
        periods[row.roster_id].append(Period(row.starts_at, row.ends_at, row.person_id))
    named = {pk for found in rosters for pk in found.people}
    named |= {period.person for of_roster in periods.values() for period in of_roster}
    days = since.astimezone(zone).date(), until.astimezone(zone).date()
    absences = list(
        Absence.objects.filter(user__in=named, from_on__lte=days[1], until_on__gte=days[0]).order_by("id")
    )
    persons = User.objects.in_bulk([*named, *(one.stand_in_id for one in absences if one.stand_in_id)])
    can_act = {pk for pk, person in persons.items() if person.is_at_least(Role.MEMBER)}
    return _Known(rosters, zone, periods, persons, can_act, _away_by_day(absences, persons))


# ------------------------------------------------------------------ the duties of one person


@dataclass(frozen=True, slots=True)
class OwnDuty:
    """A time on duty of one person, for their calendar.

    key: of the roster and the turn, the same while the turn begins at the same time. changed: the last event
    that can have changed it: its id and moment.
    """

    key: str
    roster: DutyRoster
    starts_at: datetime
    ends_at: datetime
    zone: zoneinfo.ZoneInfo
    instead_of: User | None
    changed: tuple[int, datetime]


def duties_of(person: Visitor, *, at: datetime) -> list[OwnDuty]:
    """Return when a person is on duty, from now on. Five queries for any number of rosters and turns.

    Turns are whole: the current one from its begin, the last one to its end. So they do not change with the
    moment of the reading.
    """
    rosters = list(DutyRoster.objects.visible_to(person).select_related("function").order_by("pk"))
    if not rosters:
        return []
    longest = timedelta(days=1 + max(found.length_days for found in rosters))
    known = _known_of(rosters, at - longest, at + AHEAD + longest)
    changed = _last_change(known)
    own = [
        OwnDuty(
            key=key,
            roster=found,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            zone=known.zone,
            instead_of=known.persons.get(shift.who.instead_of) if shift.who.instead_of else None,
            changed=changed,
        )
        for found in rosters
        for key, shift in _shifts_of(person, found, known, at)
        if shift.ends_at > at
    ]
    return sorted(own, key=lambda duty: (duty.starts_at, duty.roster.pk))


def _shifts_of(
    person: Visitor, found: DutyRoster, known: _Known, at: datetime
) -> Iterator[tuple[str, roster.Shift]]:
    """Yield the times on duty of a person on one roster, each with its key. An absence divides a turn."""
    plan = known.plan_of(found)
    for turn, begins, ends in _turns(plan, at):
        planned = roster.shifts(plan, begins, ends, known.can_act, known.away)
        mine = [shift for shift in planned if shift.who.person == person.pk]
        for number, shift in enumerate(mine, start=1):
            part = f"{turn}-{number}" if number > 1 else turn
            yield f"{found.pk}-{part if turn else f'{shift.starts_at:%Y%m%dT%H%MZ}'}", shift


def _turns(plan: roster.Plan, at: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Yield (key, begin, end) of the current turn and of those that begin within AHEAD.

    All periods of a calendar are one turn without a key.
    """
    if isinstance(plan, CalendarPlan):
        if plan.periods:
            yield "", min(one.starts_at for one in plan.periods), max(one.ends_at for one in plan.periods)
    elif isinstance(plan, roster.Rotation):
        number = plan.turn_at(at) or 0
        while (begins := plan.start_of(number)) < at + AHEAD:
            number += 1
            yield f"{begins.astimezone(plan.zone):%Y%m%d}", begins, plan.start_of(number)


def _last_change(known: _Known) -> tuple[int, datetime]:
    """Return the id and the moment of the last event that can have changed who is on duty."""
    subjects = [found.function.subject_id for found in known.rosters]
    subjects += [one.subject_id for one in known.persons.values()]
    found = Event.objects.filter(subject__in=subjects, verb__in=_CHANGES).aggregate(Max("id"), Max("at"))
    return found["id__max"], found["at__max"]


def plan_of(found: DutyRoster, periods: Sequence[Period], zone: zoneinfo.ZoneInfo) -> roster.Plan:
    """Return the turns or the calendar of a roster, as people.roster uses them. zone: of the organisation."""
    if found.starts_on is None:
        return CalendarPlan(periods, zone)
    return roster.Rotation(tuple(found.people), found.starts_on, found.length_days, found.hand_over_at, zone)


def _away_by_day(
    absences: Sequence[Absence], persons: Mapping[int, User]
) -> Callable[[date], dict[int, int | None]]:
    def away(day: date) -> dict[int, int | None]:
        return {one.user_id: one.stand_in_id for one in absences if one.from_on <= day <= one.until_on}

    return away


def _duty(shift: roster.Shift, persons: Mapping[int, User], at: datetime) -> Duty:
    person = persons.get(shift.who.person) if shift.who.person else None
    instead_of = persons.get(shift.who.instead_of) if shift.who.instead_of else None
    return Duty(shift.starts_at, shift.ends_at, person, instead_of, shift.starts_at <= at)


def calendar_readings(ids: Iterable[int]) -> dict[int, CalendarReading]:
    """Return the readings of the rosters that are read from a calendar: id of a roster -> reading."""
    rows = CalendarReading.objects.filter(roster__in=list(ids)).select_related("roster")
    return {reading.roster_id: reading for reading in rows}


def roster_of(function: OuterRef, *, since: date, until: date) -> Subquery:
    """Return an annotation for planned_on(): the roster of a function as JSON, None without one.

    since, until: the days that planned_on() is asked for.
    """
    names = ("people", "starts_on", "length_days", "hand_over_at")
    day = timedelta(days=1)  # more than any time zone differs from UTC
    near = DutyPeriod.objects.filter(
        roster=OuterRef("pk"),
        ends_at__gt=datetime.combine(since, time(), UTC) - day,
        starts_at__lt=datetime.combine(until, time(), UTC) + 2 * day,
    )
    period = JSONObject(starts_at="starts_at", ends_at="ends_at", person="person_id")
    periods = ArraySubquery(near.order_by("starts_at", "id").values(row=period))
    rows = DutyRoster.objects.filter(function=function)
    return Subquery(rows.values(found=JSONObject(**{name: name for name in names}, periods=periods))[:1])


def planned_on(
    found: Mapping[str, Any], zone: zoneinfo.ZoneInfo, at: datetime
) -> tuple[Sequence[int], int] | None:
    """Return who is planned to be on duty, as roster.Plan.planned_at() does. found: as of roster_of()."""
    plan: roster.Plan
    if found["starts_on"] is None:
        periods = [
            Period(
                datetime.fromisoformat(row["starts_at"]),
                datetime.fromisoformat(row["ends_at"]),
                row["person"],
            )
            for row in found["periods"]
        ]
        plan = CalendarPlan(periods, zone)
    else:
        begins = date.fromisoformat(found["starts_on"]), time.fromisoformat(found["hand_over_at"])
        plan = roster.Rotation(tuple(found["people"]), begins[0], found["length_days"], begins[1], zone)
    return plan.planned_at(at)
