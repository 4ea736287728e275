"""Which upcoming meetings are on a public holiday or a day off of the organisation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from meetings import cadence
from meetings.models import Meeting
from meetings.states import MeetingState
from people import queries as people


@dataclass(frozen=True, slots=True)
class DayOff:
    """Why nobody works on the day of a meeting, and when it could be instead: the next working day."""

    name: str
    instead: datetime


def of_meetings(meetings: Iterable[Meeting]) -> dict[int, DayOff]:
    """Return the days off of planned meetings, by id. One query, for any number. Needs their series."""
    planned = [meeting for meeting in meetings if meeting.state == MeetingState.PLANNED]
    if not planned:
        return {}
    days = {meeting.pk: _day(meeting) for meeting in planned}
    names = {holiday.date: holiday.name for holiday in people.coming_days_off(min(days.values()))}
    return {
        meeting.pk: DayOff(names[days[meeting.pk]], _instead(meeting, days[meeting.pk]))
        for meeting in planned
        if days[meeting.pk] in names
    }


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(meeting.series.zone).date()


def _instead(meeting: Meeting, day: date) -> datetime:
    """Return the same local time on the next working day."""
    zone = meeting.series.zone
    clock = meeting.starts_at.astimezone(zone).time()
    return cadence.moment(datetime.combine(people.working_day_from(day, 1), clock), zone)
