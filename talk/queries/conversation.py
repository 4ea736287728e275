"""The timeline of an object: what happened to it and what people say about it, one page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, Q, QuerySet

from history.models import Event, Recorded, Subject
from history.queries import timeline_of_related
from history.templatetags.timeline import TimelineLine, lines
from lists import paging
from people.models import User
from talk.models import Comment, File
from talk.queries.comment import comments, with_mentioned
from talk.queries.file import attached
from talk.queries.watch import Watching, watching, with_choices

ADDED = "talk.comment_added"
# The edits of a comment are shown with the comment (history_of), not as lines.
_WITHOUT_LINE = (
    "talk.comment_changed",
    "talk.comment_removed",
    "talk.comment_restored",
    "talk.people_mentioned",
)
ORDER = ("-at", "-id")
PAGE_SIZE = 50
SHOWN_FILES = 50
SHOWN = {"all": "All", "comments": "Comments", "changes": "Changes"}


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A line of the timeline: an event, or a comment."""

    line: TimelineLine
    comment: Comment | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One page of a timeline. earlier: the cursor of the next page, None on the last one.

    is_earlier: it is not the first page. files: those of the object, the newest first.
    """

    lines: list[ConversationLine]
    earlier: str | None
    is_earlier: bool
    watching: Watching
    files: list[File]


def conversation(
    user: User,
    obj: Recorded,
    *,
    shown: str = "all",
    before: str | None = None,
    comment: int | None = None,
    event: int | None = None,
) -> Conversation:
    """Return one page of the timeline of an object, newest first.

    With the events of what belongs to it (obj.related). shown: a key of SHOWN. before: a cursor of an earlier
    page; raises Refused for another text. comment, event: the id of a comment or an event, for the page that
    has it.

    At most four queries, one more with files, and three more with the id of a comment or an event.
    """
    own = obj.subject_id
    has_files = Exists(attached(own))
    events = timeline_of_related({own, *getattr(obj, "related", ())}, own).visible_to(user)
    events = events.exclude(verb__in=_WITHOUT_LINE)
    if shown == "comments":
        events = events.filter(verb=ADDED)
    elif shown == "changes":
        events = events.exclude(verb=ADDED)
    if before is None and (comment is not None or event is not None):
        before = _cursor_to(events, comment=comment, event=event)
    events = with_choices(events, user, own).annotate(has_files=has_files)
    page = paging.page(events, order=ORDER, size=PAGE_SIZE, after=before)
    if page.rows:
        row = page.rows[0]
    else:
        row = with_choices(Subject.objects.filter(pk=own), user, own).annotate(has_files=has_files).get()
    by_event = _comments_of(page.rows)
    found = [ConversationLine(line, by_event.get(line.event.pk)) for line in lines(page.rows, user)]
    files = list(attached(own)[:SHOWN_FILES]) if row.has_files else []
    return Conversation(found, page.after, before is not None, watching(user, obj, row), files)


def _cursor_to(events: QuerySet[Event], *, comment: int | None, event: int | None) -> str | None:
    """Return the cursor of the page that has a comment or an event.

    None if it is the first page, or if none has it.
    """
    row = {"model": Comment._meta.label_lower, "pk": comment}
    is_it = Q(pk=event) if comment is None else Q(verb=ADDED, data__rows__contains=[row])
    line = events.filter(is_it).first()
    if line is None:
        return None
    newer = events.filter(Q(at__gt=line.at) | Q(at=line.at, pk__gt=line.pk)).order_by(*ORDER)
    first = newer.count() // PAGE_SIZE * PAGE_SIZE
    return paging.cursor_after(newer[first - 1], ORDER) if first else None


def _comments_of(events: Sequence[Event]) -> dict[int, Comment]:
    """Return the comment of each event that added one, by the id of the event. One query."""
    ids = {event.pk: event.data["rows"][0]["pk"] for event in events if event.verb == ADDED}
    if not ids:
        return {}
    found = with_mentioned(comments()).in_bulk(list(ids.values()))
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
