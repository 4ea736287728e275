"""The sessions of a person in browsers: each has a row, so that it can be listed and ended (ADR 0040)."""

import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef

from history import operations as history
from kit.actor import Actor
from people import events
from people.models import User

_UNKNOWN = "0.0.0.0"  # noqa: S104 - no address to listen on: what the row has where none is known
_LONGEST_AGENT = 200
ANONYMOUS = timedelta(minutes=15)  # how long somebody has to sign in by a passkey or a provider


def note(user: User, key: str, *, address: str, agent: str, at: datetime) -> None:
    """Note a session, or that it was seen again. key: of django_session. agent: what the browser says it is.

    A session that began before this table existed is noted when it is seen.
    """
    UserSession.objects.bulk_create(
        [
            UserSession(
                user=user,
                session_key=key,
                ip=_checked(address),
                user_agent=agent[:_LONGEST_AGENT],
                created_at=at,
                last_seen_at=at,
            )
        ],
        update_conflicts=True,
        update_fields=["ip", "user_agent", "last_seen_at"],
        unique_fields=["session_key"],
    )


@transaction.atomic
def end(user: User, found: UserSession, *, by: Actor, at: datetime) -> None:
    """End one session of a person at once. Ending it again changes nothing."""
    if _forget(UserSession.objects.filter(pk=found.pk, user=user)):
        history.record(user, events.SessionsEnded(number=1), by=by, at=at)


@transaction.atomic
def end_others(user: User, *, but: str, by: Actor, at: datetime) -> int:
    """End all sessions of a person except the one with this key. Returns their number."""
    number = _forget(UserSession.objects.filter(user=user).exclude(session_key=but))
    number += _forget_unnoted(user, but, at)
    if number:
        history.record(user, events.SessionsEnded(number=number), by=by, at=at)
    return number


def forget_all(user: User, *, at: datetime) -> None:
    """End all sessions of a person, in the transaction of an operation that records why."""
    _forget(UserSession.objects.filter(user=user))
    _forget_unnoted(user, "", at)


def forget_ended() -> int:
    """Delete the rows of sessions that expired or were signed out. Returns their number."""
    present = Session.objects.filter(session_key=OuterRef("session_key"))
    return UserSession.objects.filter(~Exists(present)).delete()[0]


def _forget(rows: Iterable[UserSession]) -> int:
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    return UserSession.objects.filter(session_key__in=keys).delete()[0]


def _checked(address: str) -> str:
    """Return the address if it is one. A proxy may write anything."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return _UNKNOWN


def _forget_unnoted(user: User, but: str, at: datetime) -> int:
    """End the sessions of a person that have no row yet: from before this table, without a request since.

    Sessions say whose they are in a signed text only, so all of those without a row are read, but not the
    short ones of people who are about to sign in. There are none two weeks after the update.
    """
    noted = UserSession.objects.filter(session_key=OuterRef("session_key"))
    rows = Session.objects.filter(~Exists(noted), expire_date__gt=at + ANONYMOUS).exclude(session_key=but)
    keys = [row.session_key for row in rows if row.get_decoded().get("_auth_user_id") == str(user.pk)]
    return Session.objects.filter(session_key__in=keys).delete()[0]
