"""The events of this room."""

from history.declarations import EventType

EVENTS = (
    EventType("catalogue.model_registered"),
    EventType("catalogue.model_changed"),
    EventType("catalogue.model_stage_moved"),
)
