"""Reading people: who is there, in which zone, who could be asked."""

import zoneinfo
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Func, OuterRef, Prefetch, QuerySet

from people import working
from people.models import Absence, Function, Membership, Organisation, Team, Token, User
from people.states import PRIVATE_VERBS, Role

_at_hand: ContextVar[Organisation | None] = ContextVar("organisation_at_hand", default=None)


def organisation() -> Organisation | None:
    """The organisation; None before set-up. A page that is only read reads it once (people.middleware)."""
    return _at_hand.get() or Organisation.objects.select_related("subject").first()


@contextmanager
def organisation_at_hand(found: Organisation | None) -> Iterator[None]:
    """Within this block, and this thread, `found` is the organisation: for a reading of many parts."""
    token = _at_hand.set(found)
    try:
        yield
    finally:
        _at_hand.reset(token)


def zone_of(user: User | AnonymousUser | None, known: Organisation | None = None) -> zoneinfo.ZoneInfo:
    """Return the zone a reader sees times in: their own, else the organisation's, else UTC.

    known: the organisation, which saves a query.
    """
    if isinstance(user, User) and user.time_zone:
        return zoneinfo.ZoneInfo(user.time_zone)
    found = known or organisation()
    return found.zone if found else zoneinfo.ZoneInfo("UTC")


def people() -> QuerySet[User]:
    """Active people by name, with their function."""
    return User.objects.filter(is_active=True).select_related("function", "subject").order_by("name", "id")


def functions() -> QuerySet[Function]:
    return Function.objects.order_by("name")


def teams() -> QuerySet[Team]:
    return Team.objects.select_related("lead").order_by("name")


# ------------------------------------------------------------------ who is there


def away_on(day: date) -> QuerySet[Absence]:
    """The absences that cover a day."""
    return Absence.objects.filter(from_on__lte=day, until_on__gte=day)


def present_on(day: date) -> QuerySet[User]:
    """Active people who are not away on a day, by name."""
    return people().exclude(pk__in=away_on(day).values("user_id"))


def people_of_function(function: Function | str, on: date) -> QuerySet[User]:
    """The people of a function (or of its slug) who are there on a day, by name."""
    if isinstance(function, str):
        return present_on(on).filter(function__slug=function)
    return present_on(on).filter(function=function)


def is_away(user: User, on: date) -> bool:
    return away_on(on).filter(user=user).exists()


def stand_in_of(user: User, on: date) -> User | None:
    """Who acts for a person on a day: themselves when they are there; None when nobody stands in."""
    return stand_ins([user], on)[user.pk]


def stand_ins(users: Iterable[User], on: date) -> dict[int, User | None]:
    """For each person, by id, who acts for them on a day. Costs two queries, whatever the number.

    A stand-in who is away too is stood in for by theirs; a circle, a deactivated person or an absence
    without a stand-in ends in None.
    """
    users = list(users)
    away = dict(away_on(on).values_list("user_id", "stand_in_id"))
    everyone = User.objects.select_related("function", "subject").in_bulk(
        [pk for pk in {*away.values(), *(user.pk for user in users)} if pk is not None]
    )
    found: dict[int, User | None] = {}
    for user in users:
        pk: int | None = user.pk
        seen: set[int | None] = set()
        while pk in away and pk not in seen:
            seen.add(pk)
            pk = away[pk]
        person = None if pk is None or pk in seen else everyone.get(pk)
        found[user.pk] = person if person is not None and person.is_active else None
    return found


# ------------------------------------------------------------------ working time


def working_hours() -> working.Hours | None:
    """The organisation's working hours; None before set-up."""
    found = organisation()
    if found is None:
        return None
    return working.Hours(found.zone, frozenset(found.working_days), found.day_starts_at, found.day_ends_at)


def working_moment(at: datetime, minutes: int, *, round_the_clock: bool = False) -> datetime:
    """The moment at which so many minutes have passed since `at`: of working time in the organisation's
    zone, days and hours, or of the clock. In UTC."""
    return working.after(at, minutes, None if round_the_clock else working_hours())


def local_day(at: datetime, user: User | None = None) -> date:
    """The calendar day of a moment, for a person or for the organisation."""
    return at.astimezone(zone_of(user)).date()


def working_day_from(day: date, days: int) -> date:
    """So many working days after (negative: before) a day."""
    hours = working_hours()
    return working.working_day_from(day, days, hours) if hours else date.fromordinal(day.toordinal() + days)


# ------------------------------------------------------------------ lists and pages


def administrators() -> QuerySet[User]:
    return people().filter(role=Role.ADMINISTRATOR)


def everybody() -> QuerySet[User]:
    """All people, also those who left, with function and teams: for lists and the API."""
    members = Membership.objects.select_related("team").order_by("team__name")
    return (
        User.objects.select_related("function", "subject")
        .prefetch_related(Prefetch("memberships", members))
        .order_by("name", "id")
    )


def teams_named(viewers: str) -> ArraySubquery:
    """The names of the teams among those who may see a row: an annotation. viewers: the path to their ids."""
    own = Func("subject_id", template="ARRAY[%(expressions)s]", output_field=ArrayField(BigIntegerField()))
    teams = Team.objects.alias(own=own).filter(own__contained_by=OuterRef(viewers))
    return ArraySubquery(teams.order_by("name").values("name"))


def teams_with_members() -> QuerySet[Team]:
    members = Membership.objects.select_related("user").order_by("user__name", "user_id")
    return (
        Team.objects.select_related("lead", "subject")
        .prefetch_related(Prefetch("memberships", members))
        .order_by("name", "id")
    )


def tokens_of(user: User) -> QuerySet[Token]:
    """A person's tokens, newest first."""
    return Token.objects.filter(user=user).select_related("subject").order_by("-expires_at", "-id")


def absences_of(user: User, since: date) -> QuerySet[Absence]:
    """A person's absences that are not over."""
    return user.absences.filter(until_on__gte=since).select_related("stand_in", "user").order_by("from_on")


def hidden_verbs(reader: User, subject_id: int | None = None) -> tuple[str, ...]:
    """The verbs that this reader may not read about that person (or, without one, about others)."""
    if reader.is_at_least(Role.ADMINISTRATOR) or reader.subject_id == subject_id:
        return ()
    return PRIVATE_VERBS


def options(user: User) -> list[tuple[str, str]]:
    """Return the active people as (value, label) pairs, for a filter's select."""
    return [(str(person.pk), person.name) for person in people()]
