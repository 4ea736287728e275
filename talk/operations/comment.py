"""Operations on comments: add, change, remove, restore."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files import File as Content
from django.db import transaction

from history import operations as history
from history.models import Subject
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import many_lines
from people.models import User
from talk.events import PeopleMentioned
from talk.mentions import MAX_MENTIONS
from talk.models import Comment
from talk.operations import about as subjects
from talk.operations import file as attaching
from talk.operations import watch
from talk.queries import comment as queries
from talk.states import CommentState


@transaction.atomic
def add(*, about: Subject, text: str, files: Sequence[Content] = (), by: Actor, at: datetime) -> Comment:
    """Write a comment on an object. Its author watches the object from now on.

    files: are attached to the object, and the comment shows them after its text. Raises Refused without a
    person, without a text and a file, for a mention of somebody who may not see the object, and for a file as
    talk.operations.file.add() does.
    """
    if by.person is None:
        raise Refused("A person writes a comment, not the system.")
    subjects.refuse_undiscussed(about)
    attached = [attaching.add(about=about, file=file, by=by, at=at) for file in files]
    text = _text("\n\n".join([text.rstrip(), *(file.markdown for file in attached)]))
    found = _mentions(text, about)
    people = list(found.people.values())
    comment = Comment(
        about=about,
        author=by.person,
        text=text,
        mentioned=[user.pk for user in people],
        posted_at=at,
    )
    history.record(comment, "talk.comment_added", by=by, at=at)
    comment.reactions, comment.unknown_mentions = [], found.unknown
    watch.start_unless_chosen(about, user=by.person, at=at)
    _tell(comment, people, by=by, at=at)
    return comment


@transaction.atomic
def change(comment: Comment, *, text: str, by: Actor, at: datetime, seen: int | None = None) -> Comment:
    """Change the text. Only people whom the comment did not mention before are told.

    Raises Refused as add() does, and for a removed comment; ChangedMeanwhile.
    """
    if comment.is_removed:
        raise Refused("This comment was removed. Restore it first.", field="text")
    text = _text(text)
    found = _mentions(text, comment.about)
    people, comment.unknown_mentions = list(found.people.values()), found.unknown
    before = set(comment.mentioned)
    values = {"text": text, "mentioned": [user.pk for user in people], "edited_at": at}
    if text != comment.text:
        history.change(comment, values, by=by, at=at, seen=seen)
        _tell(comment, [user for user in people if user.pk not in before], by=by, at=at)
    return comment


@transaction.atomic
def remove(comment: Comment, *, by: Actor, at: datetime, seen: int | None = None) -> Comment:
    """Remove a comment from the page. History keeps its text."""
    values = {"text": "", "removed_text": comment.text, "removed_by": by.person}
    history.move(comment, CommentState.REMOVED, values=values, by=by, at=at, seen=seen)
    return comment


@transaction.atomic
def restore(comment: Comment, *, by: Actor, at: datetime, seen: int | None = None) -> Comment:
    """Take a removal back."""
    values = {"text": comment.removed_text, "removed_text": "", "removed_by": None}
    history.move(comment, CommentState.POSTED, values=values, by=by, at=at, seen=seen)
    return comment


def _text(text: str) -> str:
    text = many_lines(text).strip()
    if not text:
        raise Refused("Write a comment first.", field="text")
    return text


def _mentions(text: str, about: Subject) -> queries.Mentions:
    """Return whom a text mentions. Raises Refused for those who may not see the object."""
    found = queries.mentions(text, about)
    if found.without_access:
        names = ", ".join(found.without_access)
        raise Refused(f"{names} may not see this. Remove the mention, or give access first.", field="text")
    if len(found.people) > MAX_MENTIONS:
        raise Refused(
            f"This mentions {len(found.people)} people. Mention at most {MAX_MENTIONS}.", field="text"
        )
    return found


def _tell(comment: Comment, people: list[User], *, by: Actor, at: datetime) -> None:
    if people:
        event = PeopleMentioned(comment=comment.pk, people=[user.pk for user in people])
        history.record(comment, event, by=by, at=at)
