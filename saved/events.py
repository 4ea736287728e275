"""The events of this room. They are minor; only subscribers are notified, of the end of their view."""

from history.declarations import EventType
from history.states import NewsGroup
from saved.recipients import former_subscribers

EVENTS = (
    EventType("saved.view_added", is_minor=True),
    EventType("saved.view_changed", is_minor=True),
    EventType("saved.view_handed_over", is_minor=True),
    EventType("saved.view_deleted", (former_subscribers,), is_minor=True, group=NewsGroup.FOLLOWED),
    EventType("saved.view_restored", is_minor=True),
)
