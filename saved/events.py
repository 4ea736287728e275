"""The events of this room. They are minor; only subscribers are notified, when their view ends for them."""

from history.declarations import EventType, Payload
from history.recipients import listed_in_payload
from history.states import NewsGroup
from saved.recipients import former_subscribers


class SubscriptionEnded(Payload, verb="saved.subscription_ended"):
    """On a person: a view that they subscribed to became private. view: its name at that time."""

    told: list[int]
    view: str


EVENTS = (
    EventType("saved.view_added", is_minor=True),
    EventType("saved.view_changed", is_minor=True),
    EventType("saved.view_handed_over", is_minor=True),
    EventType("saved.view_deleted", (former_subscribers,), is_minor=True, group=NewsGroup.FOLLOWED),
    EventType("saved.view_restored", is_minor=True),
    EventType(
        SubscriptionEnded,
        (listed_in_payload("told", reason="A view that you subscribed to is private now"),),
        is_minor=True,
        is_private=True,
        is_public=False,
        group=NewsGroup.FOLLOWED,
    ),
)
