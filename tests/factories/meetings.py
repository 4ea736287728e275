"""Series, meetings, items and decisions, created by operations."""

from datetime import date, datetime, time, timedelta
from itertools import count

from actions.operations import action
from history import operations as history
from history.models import Subject
from kit.actor import SYSTEM, Actor
from meetings.models import AgendaItem, AgendaTemplate, Decision, Meeting, MeetingSeries
from meetings.operations import agenda_template as agenda_templates
from meetings.operations import decision as decisions
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from people.models import Absence, User
from tests.conftest import AT
from tests.factories import people

_numbers = count(1)
WEDNESDAY = date(2026, 11, 25)  # the first one after AT


def crew(*functions: str, each: int = 1):
    """Create a team with `each` people of every function. Returns the team and its people by function."""
    team = people.team()
    found = [
        people.user(function=people.function(slug), teams=[team])
        for slug in functions or ("data-science", "data-engineering")
        for _ in range(each)
    ]
    return team, found


def series(team=None, *, at: datetime = AT, functions=(), **fields) -> MeetingSeries:
    """Create a weekly series of one team on Wednesdays at ten, Berlin, with the default focus cycle."""
    if team is None:
        team, _ = crew()
    values = {
        "name": f"Weekly risk look {next(_numbers)}",
        "first_on": WEDNESDAY,
        "starts_at": time(10),
        "time_zone": "Europe/Berlin",
        "teams": [team],
        "functions": [people.function(slug) for slug in functions],
        **fields,
    }
    return all_series.add(by=SYSTEM, at=at, **values)


def agenda_template(*titles: str, **fields) -> AgendaTemplate:
    """Create a template with an item of ten minutes for each title."""
    items = [
        {"title": title, "purpose": "discuss", "minutes": 10} for title in titles or ("Retro", "Outlook")
    ]
    values = {"name": f"Agenda {next(_numbers)}", "items": items, **fields}
    return agenda_templates.add(by=SYSTEM, at=AT, **values)


def planned(one: MeetingSeries | None = None, position: int = 0) -> Meeting:
    """Return the first upcoming meeting of a series, or a later one."""
    one = one or series()
    return (
        Meeting.objects.select_related("series", "subject").filter(series=one).order_by("starts_at")[position]
    )


def live(one: MeetingSeries | None = None, position: int = 0) -> Meeting:
    meeting = planned(one, position)
    return meetings.start(meeting, by=SYSTEM, at=meeting.starts_at)


def closed(one: MeetingSeries | None = None, position: int = 0) -> Meeting:
    meeting = live(one, position)
    return meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)


def item(
    meeting: Meeting | None = None, *, title: str = "", about: Subject | None = None, **fields
) -> AgendaItem:
    meeting = meeting or planned()
    title = title or f"Item {next(_numbers)}"
    return items.add(meeting, title=title, about=about, by=SYSTEM, at=AT, **fields)


def current(meeting: Meeting | None = None, **fields) -> AgendaItem:
    meeting = meeting or live()
    return items.take_up(item(meeting, **fields), by=SYSTEM, at=meeting.starts_at)


def decision(*, by: User | None = None, text: str = "", **fields) -> Decision:
    values = {
        "reason": "Because the evidence says so.",
        "no_action_reason": "Nothing to do.",
        "at": AT,
        **fields,
    }
    by_whom = Actor(by, "page") if by else SYSTEM
    return decisions.record(text=text or f"Decided {next(_numbers)}", by=by_whom, **values)


def restricted(to, title: str = "Secret") -> Subject:
    """Create a subject that only these people or teams may see."""
    return action.add(title=title, by=SYSTEM, at=AT, viewers=[one.subject_id for one in to]).subject


def away(person: User, first: date, last: date | None = None):
    found = Absence(user=person, from_on=first, until_on=last or first)
    history.record(found, "people.absence_added", by=SYSTEM, at=AT)
    return found


def a_week(after: datetime, weeks: int = 1) -> datetime:
    return after + timedelta(weeks=weeks)
