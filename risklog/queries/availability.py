"""Who is there to be asked, and in which working time the organisation lives."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q

from people import queries as people
from people.models import User
from people.working import Hours

_USUAL = Hours(ZoneInfo("UTC"), frozenset(range(5)), time(9), time(17))


def hours() -> Hours:
    """The organisation's working hours; those of the usual week, in UTC, before it is set up."""
    return people.working_hours() or _USUAL


def day_of(at: datetime) -> date:
    """The day it is where the organisation lives."""
    return hours().day_of(at)


def away_on(day: date) -> dict[int, int | None]:
    """Who is away: user id -> id of the stand-in, None where there is none."""
    return dict(people.away_on(day).order_by("id").values_list("user_id", "stand_in_id"))


@dataclass(frozen=True, slots=True)
class AvailablePeople:
    """Those who can be told: stand_ins is {id of one of `people`: id of the absent person in whose place}."""

    people: list[User] = field(default_factory=list)
    stand_ins: dict[int, int] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [person.pk for person in self.people]


def among(wanted: Iterable[int], everyone: dict[int, User], away: dict[int, int | None]) -> AvailablePeople:
    """Of `wanted` those who are there, and stand-ins for those who are not.

    everyone: the active people by id (stand-ins among them); away: as away_on() gives it.
    """
    found: dict[int, User] = {}
    stand_ins: dict[int, int] = {}
    for user_id in wanted:
        if user_id not in everyone:
            continue
        if user_id not in away:
            found.setdefault(user_id, everyone[user_id])
            stand_ins.pop(user_id, None)
            continue
        other = away[user_id]
        if other in everyone and other not in away and other not in found:
            found[other] = everyone[other]
            stand_ins[other] = user_id
    return AvailablePeople(list(found.values()), stand_ins)


def people_and_absences(which: Q, *, on: date) -> tuple[dict[int, User], dict[int, int | None]]:
    """The people a condition names and all who stand in that day, by id, also those who left; and who of them
    is away, as away_on() gives it. One query."""
    absences = people.away_on(on).order_by("id")
    rows: Any = User.objects.filter(which | Q(pk__in=absences.values("stand_in")))
    rows = rows.annotate(
        instead=ArraySubquery(absences.filter(user=OuterRef("pk")).values("stand_in"))
    ).select_related("subject", "function")
    found = {one.pk: one for one in rows}
    return found, {pk: one.instead[-1] for pk, one in found.items() if one.instead}


def active_by_id(ids: Iterable[int]) -> dict[int, User]:
    return User.objects.active().select_related("subject", "function").in_bulk(list(ids))
