"""Rules that every room uses to declare the recipients of an event (history.declarations.Recipients)."""

from collections.abc import Callable, Iterable

from history.declarations import Recipients, upcast
from history.models import Event
from history.states import NewsGroup


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


def in_group(group: NewsGroup) -> Callable[[Recipients], Recipients]:
    """Declare that the people of a rule are told for a reason of another group than that of the event."""

    def decorate(rule: Recipients) -> Recipients:
        rule.group = group  # type: ignore[attr-defined]  # group_of() reads it
        return rule

    return decorate


def group_of(rule: Recipients) -> NewsGroup | None:
    """Return the group of a rule, None for that of its event."""
    return getattr(rule, "group", None)
