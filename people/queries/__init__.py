"""Reads of people: lists, time zones, absences, stand-ins and working time."""

import zoneinfo
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Func, OuterRef, Prefetch, QuerySet

from history.declarations import private_verbs
from history.documents import DEFAULT_LANGUAGE
from history.models import Event
from history.queries import events
from kit.prepared import Argument, Prepared
from kit.refusals import Refused
from kit.sight import Visitor
from lists import filtering
from lists.collation import BY_NAME
from people import working
from people.days_off import DaysOff, Holiday, coming
from people.models import (
    MAX_ACCEPTANCE_DAYS,
    MAX_BLOCKED_DAYS,
    OUTCOME_WEEKS,
    Absence,
    Function,
    Invitation,
    Membership,
    Organisation,
    Team,
    Token,
    User,
)
from people.states import PRIVATE_VERBS, Role

_known: ContextVar[Organisation | None] = ContextVar("known_organisation", default=None)

# What upper rooms read in the same statement: name of the annotation -> expression.
_ALONG: dict[str, Any] = {}
_ORGANISATION = Prepared(
    lambda: Organisation.objects.select_related("subject").annotate(**_ALONG).order_by("pk")[:1]
)


def read_along(name: str, expression: Any) -> None:
    """Let every read of the organisation give `name`, too: a setting of an upper room that pages need."""
    _ALONG[name] = expression


def known_setting(name: str) -> Any:
    """Return what read_along() added to the organisation of this request. Raises LookupError without one."""
    found = _known.get()
    if found is None:
        raise LookupError(name)
    return getattr(found, name)


def organisation() -> Organisation | None:
    """Return the organisation, None before the set-up. One GET request reads it once (people.middleware)."""
    return _known.get() or _ORGANISATION.first()


def search_language() -> str:
    """Return the text search configuration of the search documents."""
    found = organisation()
    return found.search_language if found else DEFAULT_LANGUAGE


def time_ahead() -> timedelta:
    """Return how far the sample was moved ahead of the clock; zero in a real register. One query."""
    rows = Organisation.objects.values_list("ahead_by", flat=True)
    return rows.first() or timedelta(0)


def max_acceptance_days() -> int:
    """Return for how many days a risk may be accepted at most."""
    found = organisation()
    return found.max_acceptance_days if found else MAX_ACCEPTANCE_DAYS


def outcome_weeks() -> int:
    """Return how many weeks after a decision people are asked whether it worked."""
    found = organisation()
    return found.outcome_weeks if found else OUTCOME_WEEKS


def max_blocked_days() -> int:
    """Return after how many working days a blocked action is raised to its sponsor."""
    found = organisation()
    return found.max_blocked_days if found else MAX_BLOCKED_DAYS


@contextmanager
def known_organisation(found: Organisation | None) -> Iterator[None]:
    """Make organisation() return `found` inside the block, without a query. None changes nothing."""
    token = _known.set(found)
    try:
        yield
    finally:
        _known.reset(token)


def zone_of(user: User | AnonymousUser | None, known: Organisation | None = None) -> zoneinfo.ZoneInfo:
    """Return the zone a reader sees times in: their own, else the organisation's, else UTC.

    known: the organisation, which saves a query.
    """
    if isinstance(user, User) and user.time_zone:
        return zoneinfo.ZoneInfo(user.time_zone)
    found = known or organisation()
    return found.zone if found else zoneinfo.ZoneInfo("UTC")


def owners() -> QuerySet[User]:
    """Return the people who can own work: those of people() who may write."""
    return people().exclude(role=Role.VIEWER)


def people() -> QuerySet[User]:
    """Return the active people by name, with their function."""
    return User.objects.filter(is_active=True).select_related("function", "subject").order_by(*BY_NAME)


def names(ids: Iterable[int], reader: Visitor) -> dict[str, str]:
    """Return id, as text -> name of those of these people whom the reader may see."""
    rows = User.objects.visible_to(reader).filter(pk__in=list(ids)).values_list("pk", "name")
    return {str(pk): name for pk, name in rows}


def functions() -> QuerySet[Function]:
    return Function.objects.order_by(*BY_NAME)


def teams() -> QuerySet[Team]:
    return Team.objects.select_related("lead").order_by(*BY_NAME)


# ------------------------------------------------------------------ absences and stand-ins


def away_on(day: date | Argument) -> QuerySet[Absence]:
    """Return the absences that cover a day. day: an Argument in a prepared statement."""
    return Absence.objects.filter(from_on__lte=day, until_on__gte=day)


def present_on(day: date) -> QuerySet[User]:
    """Return the active people who are not away on a day, by name."""
    return people().exclude(pk__in=away_on(day).values("user_id"))


def is_away(user: User, on: date) -> bool:
    return away_on(on).filter(user=user).exists()


def why_no_owner(person: User | None) -> str:
    """Return why this person cannot own work, with the fix; "" for one who can, and for nobody."""
    if person is not None and person.is_service:
        return f"{person.name} is a service account. Choose a person."
    if person is None or person.role != Role.VIEWER:
        return ""
    return f"{person.name} is a viewer and may not write. Choose somebody else."


def stand_in_of(user: User, on: date) -> User | None:
    """Return the person who acts for `user` on a day: the user, a stand-in, or None without a stand-in."""
    return stand_ins([user], on)[user.pk]


def stand_ins(users: Iterable[User], on: date) -> dict[int, User | None]:
    """Return, by user id, the person who acts for each user on a day. Costs two queries for any number.

    If a stand-in is away too, their own stand-in acts. A circle, a deactivated person, or an absence without
    a stand-in gives None.
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
    """Return the working hours of the organisation, None before the set-up."""
    found = organisation()
    if found is None:
        return None
    return working.Hours(
        found.zone, frozenset(found.working_days), found.day_starts_at, found.day_ends_at, found.days_off
    )


def hours_of(person: User | None, hours: working.Hours) -> working.Hours:
    """Return the working hours in the zone of a person, with the public holidays of their country."""
    if person is None:
        return hours
    if person.time_zone:
        hours = replace(hours, zone=zoneinfo.ZoneInfo(person.time_zone))
    if person.country and isinstance(hours.days_off, DaysOff):
        hours = replace(hours, days_off=_of_person(person, hours.days_off))
    return hours


def _of_person(person: User, days_off: DaysOff) -> DaysOff:
    return replace(days_off, country=person.country, subdivision=person.subdivision)


def day_named(text: str) -> date:
    """Return the day that an address names, such as 2026-12-24. Raises Refused."""
    try:
        return filtering.day(text)
    except ValueError as error:
        raise Refused(str(error), field="date") from None


def coming_days_off(since: date, person: User | None = None) -> list[Holiday]:
    """Return the days off of a year, of the organisation or of a person, by date."""
    found = organisation()
    if found is None:
        return []
    days_off = found.days_off
    if person is not None and person.country:
        days_off = _of_person(person, days_off)
    return coming(days_off, found.own_days, since)


def local_day(at: datetime, user: User | None = None) -> date:
    """Return the calendar day of a moment in the zone of a person, or of the organisation."""
    return at.astimezone(zone_of(user)).date()


def working_day_from(day: date, days: int) -> date:
    """Return the day so many working days after (negative: before) a day."""
    hours = working_hours()
    return working.working_day_from(day, days, hours) if hours else date.fromordinal(day.toordinal() + days)


# ------------------------------------------------------------------ lists and pages


def administrators() -> QuerySet[User]:
    return people().filter(role=Role.ADMINISTRATOR)


def everybody() -> QuerySet[User]:
    """Return all people, also deactivated ones, with function and teams."""
    members = Membership.objects.select_related("team").order_by("team__name__collated", "team__name")
    return (
        User.objects.select_related("function", "subject")
        .prefetch_related(Prefetch("memberships", members))
        .order_by(*BY_NAME)
    )


def teams_named(viewers: str) -> ArraySubquery:
    """Return an annotation: the names of the teams that may see a row. viewers: the path to their ids."""
    own = Func("subject_id", template="ARRAY[%(expressions)s]", output_field=ArrayField(BigIntegerField()))
    teams = Team.objects.alias(own=own).filter(own__contained_by=OuterRef(viewers))
    return ArraySubquery(teams.order_by(*BY_NAME).values("name"))


def teams_with_members() -> QuerySet[Team]:
    members = Membership.objects.select_related("user").order_by(
        "user__name__collated", "user__name", "user_id"
    )
    return (
        Team.objects.select_related("lead", "subject")
        .prefetch_related(Prefetch("memberships", members))
        .order_by(*BY_NAME)
    )


def invitations(reader: User) -> QuerySet[Invitation]:
    """Return the invitations, with what their list shows."""
    rows = Invitation.objects.visible_to(reader)
    return rows.select_related("subject", "function", "invited_by", "person")


def tokens_of(user: User) -> QuerySet[Token]:
    """Return the tokens of a person, newest first."""
    return Token.objects.filter(user=user).select_related("subject").order_by("-expires_at", "-id")


def done_with(token: Token, reader: User) -> QuerySet[Event]:
    """Return what was done with a token, as far as the reader may see it.

    What was done anonymously is shown to its owner only: the token would tell administrators who it was.
    """
    found = events().filter(token=token.subject_id).visible_to(reader)
    if reader.pk == token.user_id:
        return found
    return found.filter(is_actor_hidden=False).exclude(verb__in=hidden_verbs(reader))


def tokens_seen_by(reader: User) -> QuerySet[Token]:
    """Return the tokens that this person may see: their own, and all of them for administrators."""
    rows = Token.objects.select_related("subject", "user__subject")
    return rows if reader.is_at_least(Role.ADMINISTRATOR) else rows.filter(user=reader)


def absences_of(user: User, since: date) -> QuerySet[Absence]:
    """Return the absences of a person that end on or after `since`."""
    return user.absences.filter(until_on__gte=since).select_related("stand_in", "user").order_by("from_on")


def hidden_verbs(reader: User, subject_id: int | None = None) -> tuple[str, ...]:
    """Return the verbs that the reader may not see about a person (without `subject_id`: about others)."""
    if reader.subject_id == subject_id:
        return ()
    if reader.is_at_least(Role.ADMINISTRATOR):
        return private_verbs()
    return (*PRIVATE_VERBS, *private_verbs())


def options(user: User) -> list[tuple[str, str]]:
    """Return the active people as (value, label) pairs, for a filter's select."""
    return [(str(person.pk), person.name) for person in people()]


def readings_of(person: User) -> QuerySet[Event]:
    """Return what a person read as an auditor."""
    return Event.objects.filter(subject=person.subject_id, verb="people.auditor_read")
