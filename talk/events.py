"""The events of this room."""

from history.declarations import EventType, Mail, Payload
from history.states import NewsGroup
from talk import mail
from talk.recipients import mentioned, watchers


class PeopleMentioned(Payload, verb="talk.people_mentioned"):
    comment: int
    people: list[int]


class FileAdded(Payload, verb="talk.file_added"):
    name: str


class FileRemoved(Payload, verb="talk.file_removed"):
    name: str


class FileRestored(Payload, verb="talk.file_restored"):
    name: str


class FileDeleted(Payload, verb="talk.file_deleted"):
    name: str


class TagReplaced(Payload, verb="talk.tag_replaced"):
    old: str
    new: str


EVENTS = (
    EventType("talk.comment_added", (watchers,), group=NewsGroup.FOLLOWED),
    EventType("talk.comment_changed", is_minor=True),
    EventType("talk.comment_removed", is_minor=True),
    EventType("talk.comment_restored", is_minor=True),
    EventType(
        PeopleMentioned,
        (mentioned,),
        Mail("mention", mail.context, mail.is_still_written),
        group=NewsGroup.MENTIONS,
    ),
    EventType(FileAdded, (watchers,), group=NewsGroup.FOLLOWED),
    EventType(FileRemoved, is_minor=True),
    EventType(FileRestored, is_minor=True),
    EventType(FileDeleted, is_minor=True),
    EventType(TagReplaced, is_minor=True),
)
