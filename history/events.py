"""The events of this room: who may see an object."""

from history.declarations import EventType, Payload


class GrantBegan(Payload, verb="history.sight_granted"):
    to: int  # the subject of a person
    why: str


class GrantEnded(Payload, verb="history.grant_ended"):
    to: int
    why: str


EVENTS = (EventType(GrantBegan, is_chained=True), EventType(GrantEnded, is_chained=True))
