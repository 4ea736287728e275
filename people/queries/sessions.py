"""The sessions of a person, as their page and the API show them."""

import re
from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from kit import clock
from people.models import User

_MOST = 50
# The first that matches: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session on the page. device: such as "Firefox on Linux". is_here: of this request."""

    pk: int
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    is_here: bool


def of(user: User) -> QuerySet[UserSession]:
    """Return the sessions of a person that are still good, the last used one first."""
    good = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=clock.of_computer())
    return UserSession.objects.filter(Exists(good), user=user).order_by("-last_seen_at", "-pk")


def shown(user: User, here: str) -> list[ShownSession]:
    """Return the latest sessions of a person. here: the key of the current one."""
    return [
        ShownSession(
            row.pk,
            device_of(row.user_agent),
            row.ip,
            row.created_at,
            row.last_seen_at,
            row.session_key == here,
        )
        for row in of(user)[:_MOST]
    ]


def device_of(agent: str) -> str:
    """Return browser and system as people call them, from what the browser says it is."""
    name = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    return f"{name or 'A browser'} on {system}" if system else name or "Unknown browser"


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in known if re.search(rf"\b{mark}", agent)), "")
