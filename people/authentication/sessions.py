"""The sessions of browsers: noted when they begin, and at most once an hour when they are used."""

import time
from typing import Any

from django.http import HttpRequest

from kit import clock
from people.authentication import browser
from people.models import User
from people.operations import session

_SEEN, _EVERY = "seen_at", 3600  # in the session, which each request reads anyway


def on_signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note the session that Django has just begun."""
    _note(request, user)


def note_seen(request: HttpRequest) -> None:
    """Note that a session is used. It writes once an hour, and once for a session from before this table."""
    if isinstance(request.user, User) and time.time() - request.session.get(_SEEN, 0) >= _EVERY:
        _note(request, request.user)


def forget_last_noted(request: HttpRequest) -> None:
    """Let the next request note the session: it has a new key."""
    request.session.pop(_SEEN, None)


def expire_soon(request: HttpRequest) -> None:
    """Let the session of somebody who is not signed in end soon: anybody can begin many of them."""
    if not request.user.is_authenticated:
        request.session.set_expiry(int(session.ANONYMOUS.total_seconds()))


def _note(request: HttpRequest, user: User) -> None:
    request.session[_SEEN] = int(time.time())
    session.note(
        user,
        request.session.session_key or "",
        address=browser.address(request),
        agent=request.META.get("HTTP_USER_AGENT", ""),
        at=clock.now(),
    )
