"""The organisation: set up once, changed by administrators; its functions."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from history import documents
from history import operations as history
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.texts import one_line
from people import days_off
from people.models import Function, Organisation, SetUpLink, User, is_time_zone
from people.operations import person
from people.operations.token import hash_of
from people.slugs import free_slug, slug_of
from people.states import SEEDED_FUNCTIONS, Role

LINK_LIVES = timedelta(days=7)
_MOST_DAYS = 200  # own days off
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_CHANGEABLE = frozenset(
    {
        "name",
        "time_zone",
        "working_days",
        "day_starts_at",
        "day_ends_at",
        "digest_weekday",
        "digest_at",
        "search_language",
        "country",
        "subdivision",
        "max_acceptance_days",
        "outcome_weeks",
        "max_blocked_days",
        "retention",
    }
)


def make_link(*, at: datetime) -> str:
    """Create a set-up link and return its secret. Earlier links end. Raises Refused after the set-up."""
    if Organisation.objects.exists():
        raise Refused("This instance is set up already. Sign in or ask an administrator.")
    secret = secrets.token_hex(32)
    with transaction.atomic():
        SetUpLink.objects.filter(used_at__isnull=True).update(used_at=at)
        SetUpLink.objects.create(secret_hash=hash_of(secret), made_at=at)
    return secret


@transaction.atomic
def set_up(
    secret: str,
    *,
    name: str,
    time_zone: str,
    person_name: str,
    email: str,
    password: str,
    at: datetime,
) -> User:
    """Use a link to create the organisation, its functions and its first administrator, who is returned.

    Raises Refused for a link that is used, too old or unknown.
    """
    link = SetUpLink.objects.select_for_update().filter(secret_hash=hash_of(secret)).first()
    if link is None or link.used_at is not None or link.made_at < at - LINK_LIVES:
        raise Refused("This link was used or has expired. Create a new one: python manage.py setup_link")
    link.used_at = at
    link.save(update_fields=["used_at"])
    found(name=name, time_zone=time_zone, by=SYSTEM, at=at)
    administrator = person.add(
        name=person_name, email=email, role=Role.ADMINISTRATOR, password=password, by=SYSTEM, at=at
    )
    return administrator


@transaction.atomic
def found(
    *, name: str, time_zone: str = "UTC", is_sample: bool = False, by: Actor, at: datetime
) -> Organisation:
    """Create the organisation and its first functions. Raises Refused if there is one already."""
    if Organisation.objects.exists():
        raise Refused("This instance is set up already.")
    _check({"time_zone": time_zone, "name": name})
    organisation = Organisation(pk=1, name=name.strip(), time_zone=time_zone, is_sample=is_sample)
    history.record(organisation, "people.organisation_set_up", by=by, at=at)
    functions = [Function(slug=slug, name=name) for slug, name in SEEDED_FUNCTIONS]
    history.record_many(functions, "people.function_added", by=by, at=at)
    return organisation


@transaction.atomic
def change(
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Organisation:
    """Change name, zone, working days and hours, country, digest time, or the limit of acceptances.

    Raises Refused, ChangedMeanwhile.
    """
    if unknown := set(values) - _CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    _check(values)
    days_off.check(
        values.get("country", organisation.country), values.get("subdivision", organisation.subdivision)
    )
    starts = values.get("day_starts_at", organisation.day_starts_at)
    ends = values.get("day_ends_at", organisation.day_ends_at)
    if not (isinstance(starts, time) and isinstance(ends, time) and starts < ends):
        raise Refused("The working day must end after it starts.", field="day_ends_at")
    if history.change(organisation, values, by=by, at=at, seen=seen, verb="people.organisation_changed"):
        history.retitle(organisation)
    return organisation


@transaction.atomic
def add_day_off(*, date: date, name: str, by: Actor, at: datetime) -> Organisation:
    """Add an own day off. Raises Refused."""
    organisation = _locked()
    name = " ".join(one_line(name).split())
    if not name or len(name) > 80:
        raise Refused("Enter a name of up to 80 characters.", field="name")
    if not _FIRST_YEAR <= date.year <= _LAST_YEAR:
        raise Refused(f"Use a date from {_FIRST_YEAR} to {_LAST_YEAR}.", field="date")
    own = organisation.own_days_off
    if date.isoformat() in own:
        raise Refused("This day is an own day off already. Use another date.", field="date")
    if len(own) >= _MOST_DAYS:
        raise Refused(f"There are {_MOST_DAYS} own days off. Remove past ones first.", field="date")
    return _set_days_off(organisation, {**own, date.isoformat(): name}, by=by, at=at)


@transaction.atomic
def remove_day_off(*, date: date, by: Actor, at: datetime) -> Organisation:
    """Remove an own day off. Raises Refused if there is none on this date."""
    organisation = _locked()
    if date.isoformat() not in organisation.own_days_off:
        raise Refused("There is no own day off on this date.", field="date")
    rest = {day: name for day, name in organisation.own_days_off.items() if day != date.isoformat()}
    return _set_days_off(organisation, rest, by=by, at=at)


def _locked() -> Organisation:
    """Return the organisation, locked, so that two who add a day at once both succeed."""
    return Organisation.objects.select_for_update(of=("self",)).select_related("subject").get()


def _set_days_off(
    organisation: Organisation, days: Mapping[str, str], *, by: Actor, at: datetime
) -> Organisation:
    values = {"own_days_off": dict(sorted(days.items()))}
    history.change(organisation, values, by=by, at=at, verb="people.organisation_changed")
    return organisation


@transaction.atomic
def add_function(*, name: str, by: Actor, at: datetime) -> Function:
    """Add a function. Raises Refused for a name that another function has."""
    name, slug = " ".join(one_line(name).split()), slug_of(name)[:60]
    if not name.isascii():
        taken = Function.objects.filter(slug__startswith=slug[:56]).values_list("slug", flat=True)
        slug = free_slug(slug, taken, "function")
    if not slug or slug.isdigit() or len(name) > 80:
        raise Refused("Enter a name of up to 80 characters.", field="name")
    if Function.objects.filter(slug=slug).exists() or Function.objects.filter(name__iexact=name).exists():
        raise Refused("A function with this name exists already. Use another name.", field="name")
    function = Function(name=name, slug=slug)
    try:
        history.record(function, "people.function_added", by=by, at=at)
    except IntegrityError:  # two at the same moment: the constraint decides
        raise Refused("A function with this name exists already. Use another name.", field="name") from None
    return function


def move_ahead(organisation: Organisation, *, to: datetime, at: datetime) -> None:
    """Let the time of a sample be `to` from now on. at: the time by the clock of the computer.

    Not an event: it is no fact of the organisation. Raises Refused for a real register.
    """
    if not organisation.is_sample:
        raise Refused("Only the time of a sample can be moved.")
    organisation.ahead_by = to - at
    Organisation.objects.filter(pk=organisation.pk).update(ahead_by=organisation.ahead_by)


def _check(values: Mapping[str, Any]) -> None:
    if "name" in values and not str(values["name"]).strip():
        raise Refused("Enter a name for the organisation.", field="name")
    if "time_zone" in values:
        try:
            is_time_zone(values["time_zone"])
        except ValidationError as error:
            raise Refused(error.messages[0], field="time_zone") from None
    if "search_language" in values and values["search_language"] not in documents.languages():
        raise Refused(
            f"Choose one of {', '.join(documents.languages())}, which PostgreSQL has.",
            field="search_language",
        )
    if not 1 <= values.get("max_acceptance_days", 1) <= 3650:
        raise Refused("Use a number of days from 1 to 3650.", field="max_acceptance_days")
    if not 1 <= values.get("outcome_weeks", 1) <= 52:
        raise Refused("Use a number of weeks from 1 to 52.", field="outcome_weeks")
    if not 1 <= values.get("max_blocked_days", 1) <= 100:
        raise Refused("Use a number of days from 1 to 100.", field="max_blocked_days")
    days = values.get("working_days", [0])
    if not days or set(days) - set(range(7)):
        raise Refused("Choose at least one working day.", field="working_days")
