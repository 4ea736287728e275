"""The events of this room."""

from history.declarations import EventType, Mail, Payload
from talk import mail
from talk.recipients import mentioned, watchers


class PeopleMentioned(Payload, verb="talk.people_mentioned"):
    comment: int
    people: list[int]


EVENTS = (
    EventType("talk.comment_added", (watchers,)),
    EventType("talk.comment_changed", is_minor=True),
    EventType("talk.comment_removed", is_minor=True),
    EventType("talk.comment_restored", is_minor=True),
    EventType(PeopleMentioned, (mentioned,), Mail("mention", mail.context, mail.is_still_written)),
)
