"""Put subjects on the agendas of suitable meetings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.db.models import Max

from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from kit.prepared import Argument, Prepared
from kit.refusals import ChangedMeanwhile
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.queries import agenda as agenda_queries
from meetings.queries import series as series_queries
from meetings.routing import ChosenMeeting, NoMeeting, lateness, route
from meetings.states import UNFINISHED, ItemState, MeetingState, Purpose
from people import queries as people
from people.models import User
from risklog.models import Acceptance

NO_MEETING = events.NoMeetingFound.verb
_TRIES = 3


class Rank(IntEnum):
    """The initial order of items on an agenda, 100 ranks for each class. People reorder items afterwards."""

    STANDING = 0
    LAST_TIME = 100
    URGENT = 200
    CARRIED = 300
    REVIEW = 400
    ACCEPTANCE = 500
    RISK = 600
    PEOPLE = 700


@history.in_one_transaction
def place(
    *,
    about: Subject,
    kind: str | None,
    team_id: int | None,
    title: str,
    by: Actor,
    at: datetime,
    why: str = "",
    purpose: str = Purpose.DISCUSS,
    minutes: int = 10,
    urgent_reason: str = "",
    due_at: datetime | None = None,
    rank: Rank = Rank.REVIEW,
    acceptance: Acceptance | None = None,
    cause: Event | None = None,
) -> AgendaItem | None:
    """Put a subject on the agenda of a suitable meeting (meetings.routing). Idempotent.

    A subject that is on a later agenda is brought forward.

    kind: a SignalKind. minutes: the length of the item. urgent_reason: why the subject cannot wait, "" if it
    can. acceptance: the proposal that the subject is put on the agenda for. Returns the item; None if no
    meeting fits. The event meetings.no_meeting_found then records the reason, and the subject is placed as
    soon as a meeting fits. Raises ChangedMeanwhile.
    """
    for _ in range(_TRIES):
        choice = route(
            series_queries.candidates(at), team=team_id, kind=kind, urgent_reason=urgent_reason, due_at=due_at
        )
        if isinstance(choice, NoMeeting):
            note_no_meeting(about, choice, by=by, at=at, cause=cause)
            return None
        meeting = lock_planned(choice.meeting.id)
        if meeting:
            break
    else:
        raise ChangedMeanwhile("The agenda is being updated. Try again.", present=about)
    values = item_values(choice, title=title, why=why, purpose=purpose, minutes=minutes, due_at=due_at)
    values["acceptance"] = acceptance
    rank = Rank.URGENT if urgent_reason else rank
    return put(meeting, about, values, rank, by=by, at=at, cause=cause)


def item_values(
    choice: ChosenMeeting, *, title: str, why: str, purpose: str, minutes: int, due_at: datetime | None
) -> dict[str, Any]:
    """Return the fields of the item of a subject for which a meeting was chosen."""
    reasons = "; ".join(part for part in (why, choice.why, late_note(choice, due_at)) if part)[:300]
    return {"title": title[:300], "why": reasons, "purpose": purpose, "minutes": minutes}


def late_note(choice: ChosenMeeting, due_at: datetime | None) -> str:
    """Return what an item says if its meeting is after its due date; "" if it is in time."""
    if due_at is None or not choice.is_late:
        return ""
    return lateness(due_at.astimezone(people.zone_of(None)).date())


def lock_planned(meeting_id: int) -> Meeting | None:
    """Return a planned meeting, locked; None if it was cancelled or started in the meantime."""
    return _PLANNED.first(pk=meeting_id)


_PLANNED = Prepared(
    lambda: (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("subject")
        .filter(pk=Argument("pk"), state=MeetingState.PLANNED)
    )
)


def put(
    meeting: Meeting,
    about: Subject,
    values: Mapping[str, Any],
    rank: Rank,
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
    placed: Sequence[AgendaItem] | None = None,
) -> AgendaItem:
    """Return the item of this subject: the existing one, moved to this meeting or restored, or a new one.

    placed: the items of the subject on upcoming agendas, if the caller has read them.
    """
    placed = agenda_queries.upcoming_items(about) if placed is None else placed
    item_here = next((item for item in placed if item.meeting_id == meeting.pk), None)
    unfinished = next((item for item in placed if item.state in UNFINISHED), None)
    parked = next((item for item in placed if item.state == ItemState.BACKLOG), None)
    if parked and not unfinished and rank != Rank.URGENT and item_here in (None, parked):
        return parked
    if unfinished and item_here and item_here != unfinished and rank == Rank.URGENT:
        return _restore(item_here, unfinished, meeting, values, by=by, at=at, cause=cause)
    if unfinished and (unfinished.meeting.starts_at <= meeting.starts_at or item_here):
        if unfinished.meeting_id == meeting.pk and rank == Rank.URGENT and unfinished.rank >= Rank.CARRIED:
            moved = {"rank": next_rank(meeting, rank), **_reason(values)}
            history.change(unfinished, moved, by=by, at=at, verb="meetings.item_changed", cause=cause)
        return unfinished
    if unfinished:
        moved = {"meeting": meeting, "rank": next_rank(meeting, rank), **_reason(values)}
        payload = events.ItemMoved(item=unfinished.pk, from_meeting=unfinished.meeting.subject_id)
        history.change(unfinished, moved, by=by, at=at, payload=payload, cause=cause)
        return unfinished
    if item_here:
        taken_off = item_here.state == ItemState.DROPPED and rank != Rank.URGENT
        if not taken_off:
            restored = {**_reason(values), "outcome": "", "rank": next_rank(meeting, rank)}
            history.move(item_here, ItemState.WAITING, by=by, at=at, values=restored, cause=cause)
        return item_here
    person = by.person if isinstance(by.person, User) else None
    item = AgendaItem(meeting=meeting, about=about, added_by=person, rank=next_rank(meeting, rank), **values)
    history.record(item, events.ItemAdded(about=about.pk), by=by, at=at, cause=cause)
    return item


def _reason(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say why an item is on the agenda."""
    return {"why": values["why"], "acceptance": values.get("acceptance")}


def is_only_later(placed: Sequence[AgendaItem], meeting: Meeting) -> bool:
    """Return whether these items of a subject are one unfinished item of a later meeting: put() moves it."""
    if len(placed) != 1 or placed[0].state not in UNFINISHED:
        return False
    return placed[0].meeting_id != meeting.pk and placed[0].meeting.starts_at > meeting.starts_at


def _restore(
    item_here: AgendaItem,
    unfinished: AgendaItem,
    meeting: Meeting,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    cause: Event | None,
) -> AgendaItem:
    """Restore an urgent item on an earlier meeting, and drop the item on the later one that replaced it."""
    if unfinished.meeting.starts_at <= meeting.starts_at or unfinished.state != ItemState.WAITING:
        return unfinished
    restored = {**_reason(values), "outcome": "", "rank": next_rank(meeting, Rank.URGENT)}
    history.move(unfinished, ItemState.DROPPED, by=by, at=at, cause=cause)
    history.move(item_here, ItemState.WAITING, by=by, at=at, values=restored, cause=cause)
    return item_here


def next_rank(meeting: Meeting, rank: int) -> int:
    """Return the rank after the last item of this class (meeting, 100 ranks from `rank`)."""
    last = AgendaItem.objects.filter(meeting=meeting, rank__range=(rank, rank + 99)).aggregate(Max("rank"))
    return min((last["rank__max"] or rank) + 1, rank + 99)


def note_no_meeting(
    about: Subject, choice: NoMeeting, *, by: Actor, at: datetime, cause: Event | None
) -> None:
    """Record why no meeting fits a subject, unless that was its last reason too."""
    latest = Event.objects.filter(subject=about, verb=NO_MEETING).order_by("-id").first()
    if latest is None or latest.data.get("why") != choice.why:
        payload = events.NoMeetingFound(why=choice.why, code=choice.code)
        history.record(about, payload, by=by, at=at, cause=cause)


def why_nowhere(about: Subject) -> str:
    """Return the recorded reason why no meeting fits a subject; "" without one."""
    latest = Event.objects.filter(subject=about, verb=NO_MEETING).order_by("-id").first()
    return str(latest.data.get("why", "")) if latest else ""
