"""Write model registries: add one, change one, read one soon."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from catalogue.models import Registry, RegistryReading
from history import operations as history
from kit import sealed
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import one_line
from outgoing import client
from people.models import Team, User

CHANGEABLE = frozenset(
    {
        "name",
        "url",
        "username",
        "token",
        "owner",
        "owner_team",
        "every_minutes",
        "production_alias",
        "is_active",
    }
)
SHORTEST, LONGEST = 5, 7 * 24 * 60  # minutes between two readings
_MAX_TOKEN = 4_000


@transaction.atomic
def add(
    *,
    name: str,
    url: str,
    by: Actor,
    at: datetime,
    owner: User | None = None,
    owner_team: Team | None = None,
    username: str = "",
    token: str = "",
    every_minutes: int = 60,
    production_alias: str = "champion",
) -> Registry:
    """Add a registry of MLflow. It is read soon (catalogue.operations.registry_reading).

    url: of the tracking server. owner: by default who adds it. Raises Refused with the name of the field.
    """
    owner = owner or (by.person.answerable if by.person is not None else None)
    if owner is None:
        raise Refused("Name the person who owns it.", field="owner")
    values = {
        "name": name,
        "url": url,
        "owner": owner,
        "owner_team": owner_team,
        "username": username,
        "token": token,
        "every_minutes": every_minutes,
        "production_alias": production_alias,
    }
    registry = Registry(**_checked(values))
    history.record(registry, "catalogue.registry_added", by=by, at=at)
    RegistryReading.objects.create(registry=registry)
    return registry


@transaction.atomic
def change(
    registry: Registry, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Registry:
    """Change fields of CHANGEABLE, and read it soon.

    Another address removes the token, unless a token is given with it: nobody can send a token that they do
    not know to a server of their own. Raises Refused(field=…), ChangedMeanwhile.
    """
    for field in values:
        if field not in CHANGEABLE:
            raise Refused("This cannot be changed here.", field=field)
    checked = _checked(values)
    if checked.get("url", registry.url) != registry.url:
        checked.setdefault("token", "")
    history.change(registry, checked, by=by, at=at, seen=seen)
    if "name" in checked:
        history.retitle(registry)
    RegistryReading.objects.filter(registry=registry).update(next_at=Now())
    return registry


def ask(registry: Registry, *, by: Actor, at: datetime) -> None:
    """Let a worker read the registry within a minute. Raises Refused for one that is paused.

    It changes nothing but the time of the next reading, so history has no event of it.
    """
    if not registry.is_active:
        raise Refused("This registry is paused. Activate it first.")
    RegistryReading.objects.filter(registry=registry).update(next_at=Now())


def ask_all_of(owner: User) -> None:
    """Let a worker read the active registries of a person within a minute."""
    rows = RegistryReading.objects.filter(registry__owner=owner, registry__is_active=True)
    rows.filter(next_at__gt=Now()).update(next_at=Now())


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored. Raises Refused with the name of the field."""
    checked = dict(values)
    for field in ("name", "username", "production_alias"):
        if field in checked:
            checked[field] = one_line(checked[field])
    if not checked.get("name", "-"):
        raise Refused("Enter a name.", field="name")
    if "url" in checked:
        checked["url"] = _url(checked["url"])
    if not SHORTEST <= checked.get("every_minutes", SHORTEST) <= LONGEST:
        raise Refused(f"Use {SHORTEST} to {LONGEST:,} minutes.", field="every_minutes")
    owner: User | None = checked.get("owner")
    if owner is not None and (not owner.is_active or owner.is_service):
        raise Refused(f"{owner.name} cannot act. Name an active person.", field="owner")
    if checked.get("token"):
        checked["token"] = _sealed(checked["token"])
    return checked


def _url(text: str) -> str:
    url = text.strip().rstrip("/")
    try:
        client.check(url)
    except client.RefusedUrl as refusal:
        raise Refused(str(refusal), field="url") from None
    if "?" in url or "#" in url:
        raise Refused("Enter the address of the tracking server, without a query.", field="url")
    return url


def _sealed(token: str) -> str:
    token = token.strip()
    if len(token) > _MAX_TOKEN or not token.isprintable() or not token.isascii():
        raise Refused(f"Use at most {_MAX_TOKEN:,} letters, digits and signs of ASCII.", field="token")
    return sealed.seal(token)
