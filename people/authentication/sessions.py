"""The sessions of browsers: noted when they begin."""

from typing import Any

from django.http import HttpRequest

from kit import clock
from people.authentication import browser
from people.models import User
from people.operations import session


def on_signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note the session that Django has just begun."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    key = request.session.session_key or ""
    session.begin(user, key, address=browser.address(request), agent=agent, at=clock.now())
