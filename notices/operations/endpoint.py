"""Operations on webhook endpoints: add, change, give a new secret."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from notices.models import WebhookEndpoint
from notices.operations import delivery
from notices.queries.webhook import public_verbs
from notices.states import WebhookShape
from outgoing import client
from people.models import User

_CHANGEABLE = frozenset({"name", "url", "owner", "verbs", "shape", "is_active", "is_for_ladders"})


@transaction.atomic
def add(
    *,
    name: str,
    url: str,
    owner: User,
    verbs: Iterable[str],
    shape: str = WebhookShape.STANDARD,
    is_for_ladders: bool = False,
    by: Actor,
    at: datetime,
) -> WebhookEndpoint:
    """Add an endpoint. It gets the events that follow. Raises Refused."""
    given = {"name": name, "url": url, "owner": owner, "verbs": verbs, "shape": shape}
    values = _checked({**given, "is_for_ladders": is_for_ladders})
    endpoint = WebhookEndpoint(**values, nonce=_nonce())
    history.record(endpoint, "notices.webhook_added", by=by, at=at)
    return endpoint


@transaction.atomic
def change(
    endpoint: WebhookEndpoint,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> WebhookEndpoint:
    """Change an endpoint. One that is activated again gets the events that follow, not those of the pause.

    Raises Refused, ChangedMeanwhile.
    """
    if unknown := set(values) - _CHANGEABLE:
        raise Refused(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    was_active, url = endpoint.is_active, endpoint.url
    if was_active and values.get("is_active") is False:
        delivery.add_waiting(endpoint)
    checked = _checked(values, endpoint)
    history.change(endpoint, checked, by=by, at=at, seen=seen, verb="notices.webhook_changed")
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if endpoint.is_active and not was_active:
        rows.update(active_since=Now())
        endpoint.refresh_from_db(fields=["active_since"])
    if endpoint.url != url or endpoint.is_active != was_active:
        rows.update(failures=0, closed_until=None, is_owner_told=False)
    return endpoint


@transaction.atomic
def renew_secret(
    endpoint: WebhookEndpoint, *, by: Actor, at: datetime, seen: int | None = None
) -> WebhookEndpoint:
    """Give an endpoint a new secret. The old one signs nothing from now on. Raises Refused if it is stale."""
    rows = WebhookEndpoint.objects.select_for_update().filter(
        pk=endpoint.pk, version=seen or endpoint.version
    )
    if not rows.exists():
        raise Refused("Somebody changed this webhook meanwhile. Load the page again.")
    endpoint.nonce = _nonce()
    rows.update(nonce=endpoint.nonce)
    history.record(endpoint, "notices.webhook_secret_renewed", by=by, at=at)
    return endpoint


def _nonce() -> str:
    return secrets.token_urlsafe(24)


def _checked(values: Mapping[str, Any], endpoint: WebhookEndpoint | None = None) -> dict[str, Any]:
    """Return the values in the form that is stored. endpoint: the one that is changed. Raises Refused."""
    checked = dict(values)
    if not _has_use(values, endpoint):
        raise Refused("Choose at least one event, or let ladders use this webhook.", field="verbs")
    if "name" in values:
        checked["name"] = values["name"].strip()
        if not checked["name"]:
            raise Refused("Enter a name.", field="name")
    if "url" in values:
        checked["url"] = _url(values["url"])
    if "verbs" in values:
        checked["verbs"] = _verbs(values["verbs"])
    if "shape" in values and values["shape"] not in WebhookShape.values:
        raise Refused(f"Use one of {', '.join(WebhookShape.values)}.", field="shape")
    owner = values.get("owner")
    if owner is not None and not owner.is_active:
        raise Refused(f"{owner.name} is deactivated. Choose an active person.", field="owner")
    return checked


def _has_use(values: Mapping[str, Any], endpoint: WebhookEndpoint | None) -> bool:
    """Return whether an endpoint with these values gets anything: events, or what rungs tell it."""
    return any(values.get(name, getattr(endpoint, name, None)) for name in ("verbs", "is_for_ladders"))


def _url(text: str) -> str:
    try:
        client.check(text.strip())
    except client.RefusedUrl as refusal:
        raise Refused(str(refusal), field="url") from None
    return text.strip()


def _verbs(verbs: Iterable[str]) -> list[str]:
    chosen, known = sorted(set(verbs)), set(public_verbs())
    if unknown := [verb for verb in chosen if verb not in known]:
        similar = get_close_matches(unknown[0][:80], known, n=3, cutoff=0.4) or sorted(known)[:3]
        raise Refused(
            f"There is no event “{unknown[0][:80]}” for webhooks. Known are {', '.join(similar)} and others.",
            field="verbs",
        )
    return chosen
