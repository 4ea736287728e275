"""Operations on duty rosters: set up, change, end. A roster has turns, or it is read from a calendar."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from outgoing import client
from people import events
from people.models import CalendarReading, DutyPeriod, DutyRoster, Function, User
from people.states import Role

MOST_PEOPLE, LONGEST_TURN = 50, 90
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_OF_TURNS = frozenset({"people", "starts_on", "length_days", "hand_over_at"})
_CHANGEABLE = _OF_TURNS | {"calendar_url"}


@transaction.atomic
def add(
    *,
    function: Function,
    people: Sequence[User] = (),
    starts_on: date | None = None,
    length_days: int = 7,
    hand_over_at: time = time(9),
    calendar_url: str = "",
    by: Actor,
    at: datetime,
) -> DutyRoster:
    """Set up the roster of a function: turns, or the address of a calendar.

    The calendar is read soon (people.operations.calendar_reading). Raises Refused, as for a function that has
    a roster.
    """
    values: dict[str, Any] = {
        "starts_on": starts_on,
        "length_days": length_days,
        "hand_over_at": hand_over_at,
    }
    if not calendar_url:
        values["people"] = people
        if starts_on is None:
            raise Refused("Enter the first day of the first turn.", field="starts_on")
    elif people or starts_on:
        raise Refused("Enter turns, or the address of a calendar, not both.", field="calendar_url")
    else:
        values |= {"people": (), "calendar_url": calendar_url}
    roster = DutyRoster(function=function, **_checked(values, function))
    if DutyRoster.objects.filter(function=function).exists():
        raise _has_one()
    try:
        history.record(function, "people.roster_added", by=by, at=at, rows=[roster])
    except IntegrityError:  # two at the same moment: the constraint decides
        raise _has_one() from None
    if roster.is_calendar:
        CalendarReading.objects.create(roster=roster)
    return roster


@transaction.atomic
def change(
    roster: DutyRoster, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> DutyRoster:
    """Change the people, in the order of their turns, the times, or the address of the calendar.

    What another calendar said ends with it. Raises Refused, ChangedMeanwhile.
    """
    if unknown := set(values) - _CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    if misplaced := set(values) & (_OF_TURNS if roster.is_calendar else {"calendar_url"}):
        kind = "is read from a calendar" if roster.is_calendar else "has turns"
        raise Refused(f"This roster {kind}. End it and add another one.", field=min(misplaced))
    checked, before = _checked(values, roster.function), roster.calendar_url
    history.change(roster, checked, by=by, at=at, seen=seen, verb="people.roster_changed")
    if roster.calendar_url != before:
        DutyPeriod.objects.filter(roster=roster).delete()
        CalendarReading.objects.filter(roster=roster).delete()
        CalendarReading.objects.create(roster=roster)
    return roster


@transaction.atomic
def replace(roster: DutyRoster, person: User, to: User, *, by: Actor, at: datetime) -> None:
    """Give the turns of a person to another one, or to the others on the roster.

    A successor who has turns already, or another function, gets none. The roster ends with its last person.
    """
    fits = to.function_id == roster.function_id and to.pk not in roster.people
    successors = [to.pk] if fits else []
    ids = [new for pk in roster.people for new in (successors if pk == person.pk else [pk])]
    if ids:
        history.change(roster, {"people": ids}, by=by, at=at, verb="people.roster_changed")
    else:
        end(roster, by=by, at=at)


@transaction.atomic
def end(roster: DutyRoster, *, by: Actor, at: datetime, seen: int | None = None) -> None:
    """Delete a roster. Everyone with the function is notified again. Raises Refused for a stale version."""
    found = (
        DutyRoster.objects.select_for_update().filter(pk=roster.pk, version=seen or roster.version).first()
    )
    if found is None:
        raise Refused("Somebody changed this roster meanwhile. Load the page again.")
    history.record(roster.function, events.RosterEnded(people=found.people), by=by, at=at)
    found.delete()


def _has_one() -> Refused:
    return Refused("This function has a duty roster already. Change that one.", field="function")


def _checked(values: Mapping[str, Any], function: Function) -> dict[str, Any]:
    """Return the values as they are stored, with the ids of the people. Raises Refused."""
    checked = dict(values)
    if "calendar_url" in values:
        checked["calendar_url"] = _url(values["calendar_url"])
    if "people" in values:
        checked["people"] = [] if values.get("calendar_url") else _ids(values["people"], function)
    if not 1 <= values.get("length_days", 1) <= LONGEST_TURN:
        raise Refused(f"Use 1 to {LONGEST_TURN} days.", field="length_days")
    starts_on = values.get("starts_on")
    if starts_on is not None and not _FIRST_YEAR <= starts_on.year <= _LAST_YEAR:
        raise Refused(f"Use a date from {_FIRST_YEAR} to {_LAST_YEAR}.", field="starts_on")
    return checked


def _url(text: str) -> str:
    """Return the address of a calendar as it is stored. webcal: is https: to programs with calendars."""
    url = text.strip()
    if url.lower().startswith("webcal://"):
        url = "https" + url[len("webcal") :]
    try:
        client.check(url)
    except client.RefusedUrl as refusal:
        raise Refused(str(refusal), field="calendar_url") from None
    return url


def _ids(people: Sequence[User], function: Function) -> list[int]:
    ids = [person.pk for person in people]
    if not ids or len(ids) > MOST_PEOPLE:
        raise Refused(f"Name 1 to {MOST_PEOPLE} people.", field="people")
    if len(set(ids)) < len(ids):
        raise Refused("Name each person once.", field="people")
    for person in people:
        if not person.is_active or person.role == Role.VIEWER or person.is_service:
            raise Refused(f"{person.name} cannot act. Name active people who are no viewers.", field="people")
        if person.function_id != function.pk:
            raise Refused(f"{person.name} does not have this function. Name people of it.", field="people")
    return ids
