"""Operations on duty rosters: set up, change, end."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from people import events
from people.models import DutyRoster, Function, User
from people.states import Role

MOST_PEOPLE, LONGEST_TURN = 50, 90
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_CHANGEABLE = frozenset({"people", "starts_on", "length_days", "hand_over_at"})


@transaction.atomic
def add(
    *,
    function: Function,
    people: Sequence[User],
    starts_on: date,
    length_days: int = 7,
    hand_over_at: time = time(9),
    by: Actor,
    at: datetime,
) -> DutyRoster:
    """Set up the roster of a function. Raises Refused, as for a function that has one."""
    values = {"starts_on": starts_on, "length_days": length_days, "hand_over_at": hand_over_at}
    roster = DutyRoster(function=function, **_checked({**values, "people": people}, function))
    if DutyRoster.objects.filter(function=function).exists():
        raise _has_one()
    try:
        history.record(function, "people.roster_added", by=by, at=at, rows=[roster])
    except IntegrityError:  # two at the same moment: the constraint decides
        raise _has_one() from None
    return roster


@transaction.atomic
def change(
    roster: DutyRoster, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> DutyRoster:
    """Change the people, in the order of their turns, or the times. Raises Refused, ChangedMeanwhile."""
    if unknown := set(values) - _CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    checked = _checked(values, roster.function)
    history.change(roster, checked, by=by, at=at, seen=seen, verb="people.roster_changed")
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
    if "people" in values:
        checked["people"] = _ids(values["people"], function)
    if not 1 <= values.get("length_days", 1) <= LONGEST_TURN:
        raise Refused(f"Use 1 to {LONGEST_TURN} days.", field="length_days")
    starts_on = values.get("starts_on")
    if starts_on is not None and not _FIRST_YEAR <= starts_on.year <= _LAST_YEAR:
        raise Refused(f"Use a date from {_FIRST_YEAR} to {_LAST_YEAR}.", field="starts_on")
    return checked


def _ids(people: Sequence[User], function: Function) -> list[int]:
    ids = [person.pk for person in people]
    if not ids or len(ids) > MOST_PEOPLE:
        raise Refused(f"Name 1 to {MOST_PEOPLE} people.", field="people")
    if len(set(ids)) < len(ids):
        raise Refused("Name each person once.", field="people")
    for person in people:
        if not person.is_active or person.role == Role.VIEWER:
            raise Refused(f"{person.name} cannot act. Name active people who are no viewers.", field="people")
        if person.function_id != function.pk:
            raise Refused(f"{person.name} does not have this function. Name people of it.", field="people")
    return ids
