"""Who is available, who stands in for absent people, and the working hours of the organisation."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from kit.prepared import Argument, Prepared
from people import queries as people
from people.models import Absence, User
from people.queries import duty as duties
from people.working import Hours

_DEFAULT_HOURS = Hours(ZoneInfo("UTC"), frozenset(range(5)), time(9), time(17))


def hours() -> Hours:
    """Return the working hours of the organisation; Monday to Friday, 9 to 17 UTC, before it is set up."""
    return people.working_hours() or _DEFAULT_HOURS


def day_of(at: datetime) -> date:
    """Return the calendar day of a moment in the time zone of the organisation."""
    return hours().day_of(at)


_AWAY = Prepared(lambda: people.away_on(Argument("day")).order_by("id").values_list("user_id", "stand_in_id"))


def away_on(day: date) -> dict[int, int | None]:
    """Return who is away: user id -> id of the stand-in, None if there is none."""
    return dict(_AWAY.rows(day=day))


@dataclass(frozen=True, slots=True)
class AvailablePeople:
    """The people who can be notified. stand_ins: id of one of `people` -> id of the absent person."""

    people: list[User] = field(default_factory=list)
    stand_ins: dict[int, int] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        return [person.pk for person in self.people]


def among(user_ids: Iterable[int], everyone: dict[int, User], away: dict[int, int | None]) -> AvailablePeople:
    """Return those of `user_ids` who are available, and stand-ins for those who are away.

    everyone: active people by id, stand-ins included. away: as away_on() returns it.
    """
    available: dict[int, User] = {}
    stand_ins: dict[int, int] = {}
    for user_id in user_ids:
        if user_id not in everyone:
            continue
        if user_id not in away:
            available.setdefault(user_id, everyone[user_id])
            stand_ins.pop(user_id, None)
            continue
        stand_in = away[user_id]
        if stand_in in everyone and stand_in not in away and stand_in not in available:
            available[stand_in] = everyone[stand_in]
            stand_ins[stand_in] = user_id
    return AvailablePeople(list(available.values()), stand_ins)


def people_and_absences(
    condition: Q, *, since: date, until: date
) -> tuple[dict[int, User], list[tuple[int, date, date, int | None]]]:
    """Return the people that match a condition, all stand-ins of these days, and absences. One query.

    The first result is user id -> user, also for people who left. The second one has (user id, first day,
    last day, id of the stand-in or None) of each absence. `user.roster` is the duty roster of their function,
    for people.queries.duty.planned_on().
    """
    absences = Absence.objects.filter(from_on__lte=until, until_on__gte=since).order_by("id")
    rows: Any = User.objects.filter(condition | Q(pk__in=absences.values("stand_in")))
    columns = JSONObject(begins="from_on", ends="until_on", stand_in="stand_in_id")
    rows = rows.annotate(
        absent=ArraySubquery(absences.filter(user=OuterRef("pk")).values(row=columns)),
        roster=duties.roster_of(OuterRef("function"), since=since, until=until),
    ).select_related("subject", "function")
    people_by_id = {person.pk: person for person in rows}
    away = [
        (pk, date.fromisoformat(row["begins"]), date.fromisoformat(row["ends"]), row["stand_in"])
        for pk, person in people_by_id.items()
        for row in person.absent
    ]
    return people_by_id, away


def active_by_id(ids: Iterable[int]) -> dict[int, User]:
    """Return the active people of these ids, with subject and function: id -> user. One query."""
    return User.objects.active().select_related("subject", "function").in_bulk(list(ids))
