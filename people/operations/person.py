"""Operations on a person: add, change, note absences, deactivate, reactivate."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from history import operations as history
from history.declarations import default_timing
from history.models import Due, Event
from history.queries import changed_fields
from history.states import NewsGroup, NewsTiming
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people import days_off, events
from people import queries as people
from people.models import Absence, Function, User, is_time_zone
from people.operations import address, session
from people.operations import token as tokens
from people.slugs import free_slug, slug_of
from people.states import ColourTheme, Role

LONGEST_ABSENCE = timedelta(days=5 * 365 + 2)  # from today to its last day
ABSENCE_BEGINS = "people.absence_begins"
# What change() may set. A role, a password and being active have operations of their own.
_CHANGEABLE = frozenset(
    {
        "name", "email", "function", "time_zone", "country", "subdivision", "theme",
        "has_single_keys", "is_digest_wanted", "is_mail_refused", "news_timings",
    }
)  # fmt: skip


@transaction.atomic
def add(
    *,
    name: str,
    email: str,
    role: str = Role.MEMBER,
    function: Function | None = None,
    time_zone: str = "",
    password: str | None = None,
    by: Actor,
    at: datetime,
) -> User:
    """Add a person. Without a password they set one by a link. Raises Refused, as for an address in use."""
    email = _address(email, but=None)
    _check_zone(time_zone)
    if role not in Role.values:
        raise Refused(f"Use one of {', '.join(Role.values)}.", field="role")
    name = _name(name)
    user = User(
        email=email, name=name, handle=free_handle(name), role=role, function=function, time_zone=time_zone
    )
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    with _one_address_each():
        history.record(user, "people.person_added", by=by, at=at)
        address.follow(user)
    return user


@transaction.atomic
def change(
    user: User, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> User:
    """Change the profile of a person, by themselves or by an administrator. Raises Refused."""
    if unknown := set(values) - _CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    values = dict(values)
    if "email" in values:
        values["email"] = _address(values["email"], but=user)
    if "name" in values:
        values["name"] = _name(values["name"])
    if "theme" in values and values["theme"] not in ColourTheme.values:
        raise Refused(f"Use one of {', '.join(ColourTheme.values)}.", field="theme")
    if "news_timings" in values:
        values["chosen_timings"] = _chosen_timings(user, values.pop("news_timings"))
    _check_zone(values.get("time_zone", ""))
    days_off.check(values.get("country", user.country), values.get("subdivision", user.subdivision))
    with _one_address_each():
        event = history.change(user, values, by=by, at=at, seen=seen, verb="people.person_changed")
        if "email" in values:
            address.follow(user)
    if event:
        history.retitle(user)
    return user


def _chosen_timings(user: User, given: Mapping[str, str]) -> dict[str, str]:
    """Return what a person has chosen, with what they choose now. Defaults are not stored. Raises Refused."""
    for group, timing in given.items():
        if group not in NewsGroup.values:
            raise Refused(f"Use groups out of {', '.join(NewsGroup.values)}.", field=group)
        if timing not in NewsTiming.values:
            raise Refused(f"Use one of {', '.join(NewsTiming.values)}.", field=group)
    chosen = {**user.chosen_timings, **given}
    return {
        group: timing
        for group, timing in sorted(chosen.items())
        if timing != default_timing(NewsGroup(group))
    }


@transaction.atomic
def set_role(
    user: User, role: str, *, provider: str | None = None, by: Actor, at: datetime, seen: int | None = None
) -> User:
    """Give a person another role. Raises Refused if no administrator would remain.

    provider: the id of the sign-in provider whose groups say so.
    """
    if role not in Role.values:
        raise Refused(f"Use one of {', '.join(Role.values)}.", field="role")
    if role != Role.ADMINISTRATOR:
        _keep_an_administrator(user, field="role")
    values: dict[str, Any] = {"role": role}
    if role != Role.VIEWER:
        values["audits_until"] = None  # an auditor only reads
    payload = events.RoleChanged(provider=provider)
    history.change(user, values, by=by, at=at, seen=seen, payload=payload)
    return user


@transaction.atomic
def set_password(
    user: User, password: str, *, verb: str = "people.password_changed", by: Actor, at: datetime
) -> User:
    """Set a password. All sessions with the old one end; the caller renews its own. Raises Refused.

    verb: of the event.
    """
    if not user.is_active:
        raise Refused("This person is deactivated. Choose an active person.", field="password")
    _check_password(password, user)
    user.set_password(password)
    User.objects.filter(pk=user.pk).update(password=user.password)
    session.forget_all(user, at=at)
    history.record(user, verb, by=by, at=at)
    return user


@transaction.atomic
def note_link(user: User, *, by: Actor, at: datetime) -> User:
    """Record that somebody created a link with which this person sets a password, and revoke their tokens.

    Others may know the password, and so the tokens created with it. The link is not stored.
    """
    if not user.is_active:
        raise Refused("This person is deactivated. Reactivate them first.")
    for issued in user.tokens.filter(revoked_at__isnull=True):
        tokens.revoke(issued, by=by, at=at)
    history.record(user, "people.password_link_made", by=by, at=at)
    return user


@transaction.atomic
def deactivate(user: User, *, by: Actor, at: datetime, seen: int | None = None) -> User:
    """Deactivate a person: they cannot sign in, and their sessions and tokens end with this transaction.

    The password is removed, so that old sessions stay invalid after a reactivation. They keep what they own
    until it is handed over. Their grants of sight end, with events. Raises Refused for the last administrator
    and for oneself.
    """
    if by.person is not None and by.person.pk == user.pk:
        raise Refused("You cannot deactivate yourself. Ask another administrator.")
    _keep_an_administrator(user)
    revoked = [(issued, {"revoked_at": at}) for issued in user.tokens.filter(revoked_at__isnull=True)]
    history.change(
        user, {"is_active": False}, by=by, at=at, seen=seen, rows=revoked, verb="people.person_deactivated"
    )
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(password=user.password)
    session.forget_all(user, at=at)
    history.end_all_sight(user, by=by, at=at)
    history.retire(user)
    return user


def lock(user: User, seen: int | None) -> User:
    """Lock and return the row of a person. Raises ChangedMeanwhile if `seen` is another version."""
    present = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile("Somebody else changed this person.", present=present)
    return present


@transaction.atomic
def note_handover(user: User, to: Iterable[User], *, by: Actor, at: datetime) -> User:
    """Record that the work of a person went to others. riskhub/leaving hands it over."""
    successors = sorted({person.subject_id for person in to})
    history.record(user, events.WorkHandedOver(to=successors), by=by, at=at)
    return user


@transaction.atomic
def reactivate(user: User, *, by: Actor, at: datetime, seen: int | None = None) -> User:
    """Reactivate a person. They set a new password by a link; their old tokens stay revoked.

    They again see the objects that they still own or were asked to review. Their next sign-in by a provider
    is linked again. Raises Refused for a person who was erased.
    """
    if user.is_erased:
        raise Refused("This person was erased and cannot come back. Invite them as a new person.")
    SocialAccount.objects.filter(user=user).delete()
    history.change(user, {"is_active": True}, by=by, at=at, seen=seen, verb="people.person_reactivated")
    history.give_back_sight(user, by=by, at=at)
    history.retire(user, is_retired=False)
    return user


@transaction.atomic
def be_away(
    user: User,
    *,
    from_on: date,
    until_on: date,
    stand_in: User | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Absence:
    """Record an absence, the last day included. New tasks go to the stand-in.

    Raises Refused, as for an end more than LONGEST_ABSENCE ahead and a stand-in who is away then.
    """
    if until_on < from_on:
        raise Refused("The last day is before the first day. Enter a later last day.", field="until_on")
    if until_on > people.local_day(at) + LONGEST_ABSENCE:
        raise Refused("This is more than five years ahead. Enter an earlier last day.", field="until_on")
    if stand_in is not None:
        _check_stand_in(stand_in, user, from_on, until_on)
    User.objects.select_for_update().get(pk=user.pk)  # one note at a time, so that no two overlap
    if user.absences.filter(from_on__lte=until_on, until_on__gte=from_on).exists():
        raise Refused(
            "These days overlap with another absence. Remove that one first or choose other days.",
            field="from_on",
        )
    absence = Absence(user=user, from_on=from_on, until_on=until_on, stand_in=stand_in, reason=reason)
    history.record(user, "people.absence_noted", by=by, at=at, rows=[absence])
    if _first_moment(from_on) > at:
        occurrence = f"{from_on}/{absence.pk}"
        history.put_due(ABSENCE_BEGINS, user.subject_id, occurrence, _first_moment(from_on))
    return absence


def _check_stand_in(stand_in: User, user: User, from_on: date, until_on: date) -> None:
    """Raise Refused unless this person can stand in for `user` on all of these days."""
    message = ""
    if stand_in.pk == user.pk:
        message = "People cannot stand in for themselves. Choose somebody else."
    elif not stand_in.is_active:
        message = "This person is deactivated. Choose an active person."
    elif away := stand_in.absences.filter(from_on__lte=until_on, until_on__gte=from_on).first():
        days = f"{away.from_on:%-d %b} to {away.until_on:%-d %b %Y}"
        message = f"{stand_in.name} is away from {days}. Choose somebody else."
    if message:
        raise Refused(message, field="stand_in")


def _first_moment(day: date) -> datetime:
    """When a day begins where the organisation is."""
    return datetime.combine(day, time(), people.zone_of(None)).astimezone(UTC)


@handler("people.person.replan_absences")
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Move the begin of upcoming absences after a change of the organisation's time zone."""
    if "time_zone" in changed_fields(event):
        away = Absence.objects.filter(until_on__gte=people.local_day(at)).values_list("user__subject_id")
        history.replan_dues(
            {subject for (subject,) in away},
            ABSENCE_BEGINS,
            to=lambda due: (due.occurrence, _first_moment(date.fromisoformat(due.occurrence[:10]))),
        )


@transaction.atomic
def begin_absence(due: Due, *, at: datetime) -> None:
    """The first day of an absence has come: what waits for this person goes to the stand-in."""
    absence = Absence.objects.filter(pk=int(due.occurrence.split("/")[1])).select_related("user__subject")
    for one in absence.filter(until_on__gte=people.local_day(at)):
        history.record(one.user, "people.absence_begun", by=SYSTEM, at=at)


@transaction.atomic
def be_back(absence: Absence, *, by: Actor, at: datetime) -> None:
    """Remove an absence."""
    history.record(
        absence.user,
        events.AbsenceDropped(from_on=str(absence.from_on), until_on=str(absence.until_on)),
        by=by,
        at=at,
    )
    absence.delete()


def free_handle(name: str) -> str:
    """Return the slug of a name, numbered if another person has it."""
    slug = slug_of(name)[:50].rstrip("-")
    taken = User.everyone.filter(handle__startswith=slug).values_list("handle", flat=True)
    return free_slug(slug, set(taken), "person")


def _name(text: str) -> str:
    found = " ".join(text.split())
    if not found:
        raise Refused("Enter a name.", field="name")
    return found[:120]


def _address(text: str, *, but: User | None) -> str:
    found = text.strip().lower()
    address.check(found, field="email")
    others = User.everyone.filter(email=found)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise Refused("Another person has this email address. Use another address.", field="email")
    return found


@contextmanager
def _one_address_each() -> Iterator[None]:
    """Turn a constraint's error into Refused, if two people are given one address at the same moment."""
    try:
        yield
    except IntegrityError as error:
        if "handle" in str(error):
            raise Refused("Another person of this name was just added. Try again.", field="name") from None
        raise Refused("Another person has this email address. Use another address.", field="email") from None


def _check_zone(name: str) -> None:
    if name:
        try:
            is_time_zone(name)
        except ValidationError as error:
            raise Refused(error.messages[0], field="time_zone") from None


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from None


def _keep_an_administrator(user: User, *, field: str | None = None) -> None:
    others = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    # Locked, so that two who take each other's role away at once cannot both succeed.
    if (
        user.role == Role.ADMINISTRATOR
        and user.is_active
        and not list(others.select_for_update(of=("self",)))
    ):
        raise Refused(
            "This is the only administrator. Make another person an administrator first.", field=field
        )
