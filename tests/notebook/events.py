"""The events of this room."""

from history.declarations import EventType, Payload
from history.states import NewsGroup
from tests.notebook.recipients import reader


class NoteClosed(Payload, verb="notebook.note_closed"):
    reason: str


EVENTS = (EventType("notebook.note_added", (reader,), group=NewsGroup.FOLLOWED), EventType(NoteClosed))
