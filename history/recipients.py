"""Rules that every room uses to declare the recipients of an event (history.declarations.Recipients)."""

from collections.abc import Iterable

from history.declarations import Recipients, upcast
from history.models import Event


def listed_in_payload(name: str, *, reason: str) -> Recipients:
    """Return a rule for the users whose ids the payload lists in this field."""

    def rule(event: Event) -> dict[int, str]:
        data = upcast(event.verb, event.schema_version, event.data)
        return dict.fromkeys(data.get(name) or (), reason)

    rule.__name__ = f"those_{name}"  # docs/flows.md names the rule
    return rule


def everyone(ids: Iterable[int | None], reason: str) -> dict[int, str]:
    """Return these users with one reason; None ids are left out."""
    return {pk: reason for pk in ids if pk}
