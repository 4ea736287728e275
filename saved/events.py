"""The events of this room. They are minor: nobody is notified of a view."""

from history.declarations import EventType

EVENTS = (
    EventType("saved.view_added", is_minor=True),
    EventType("saved.view_changed", is_minor=True),
    EventType("saved.view_handed_over", is_minor=True),
    EventType("saved.view_deleted", is_minor=True),
    EventType("saved.view_restored", is_minor=True),
)
