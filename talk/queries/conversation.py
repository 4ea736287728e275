"""The timeline of an object: what happened to it and what people say about it, one page at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from history.models import Event, Subject
from history.queries import timeline_of_related
from history.templatetags.timeline import TimelineLine, lines
from kit.kinds import url_of
from lists import paging
from people.models import User
from talk.mentions import linker
from talk.models import Comment
from talk.queries.comment import comments, people_named_in

ADDED = "talk.comment_added"
# The edits of a comment are shown with the comment (history_of), not as lines.
_SILENT = ("talk.comment_changed", "talk.comment_removed", "talk.comment_restored", "talk.people_mentioned")
ORDER = ("-at", "-id")
PAGE_SIZE = 50
SHOWN = {"all": "All", "comments": "Comments", "changes": "Changes"}


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A line of the timeline: an event, or a comment."""

    line: TimelineLine
    comment: Comment | None


def conversation(
    user: User, subject_ids: Iterable[int], own: int, *, shown: str = "all", before: str | None = None
) -> tuple[list[ConversationLine], str | None]:
    """Return one page of the timeline, newest first, and the cursor of the earlier ones.

    subject_ids: the object and what belongs to it. own: the object's subject. shown: a key of SHOWN.
    before: a cursor; Refused for one that is not of this function. Four queries.
    """
    events = timeline_of_related(subject_ids, own).visible_to(user).exclude(verb__in=_SILENT)
    if shown == "comments":
        events = events.filter(verb=ADDED)
    elif shown == "changes":
        events = events.exclude(verb=ADDED)
    page = paging.page(events, order=ORDER, size=PAGE_SIZE, after=before)
    said = _comments_of(page.rows)
    return [ConversationLine(line, said.get(line.event.pk)) for line in lines(page.rows)], page.after


def _comments_of(events: Sequence[Event]) -> dict[int, Comment]:
    """Return the comment of each event that added one, by the id of the event, with its HTML linker."""
    ids = {event.pk: event.data["rows"][0]["pk"] for event in events if event.verb == ADDED}
    if not ids:
        return {}
    found = comments().in_bulk(list(ids.values()))
    people = people_named_in(comment.text for comment in found.values())
    link = linker({handle: (user.name, url_of(user.subject)) for handle, user in people.items()})
    for comment in found.values():
        comment.linker = link
    return {event: found[comment] for event, comment in ids.items()}


def history_of(comment: Comment) -> list[dict[str, Any]]:
    """Return the texts of a comment as {"at", "actor", "text"}, newest first. One query."""
    label = comment._meta.label_lower
    rows = [{"model": label, "pk": comment.pk}]
    events = Event.objects.select_related("actor").filter(
        subject_id=comment.about_id, data__rows__contains=rows
    )
    versions = []
    for event in events.order_by("-at", "-id"):
        changes = next(row["changes"] for row in event.data["rows"] if row["pk"] == comment.pk)
        if "text" in changes:
            versions.append({"at": event.at, "actor": event.shown_actor, "text": changes["text"][1]})
    return versions


def number_of_comments(user: User, subject: Subject) -> int:
    return Comment.objects.visible_to(user).filter(about=subject, state="posted").count()
