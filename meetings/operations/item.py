"""Agenda items: add, order and change them; in the meeting take them up, note and finish them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from actions.models import Action
from actions.operations import action
from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.operations import carry, completion, control, placement
from meetings.queries.agenda import may_see_item
from meetings.states import OFF_AGENDA, ItemOutcome, ItemState, MeetingState, Purpose
from people.models import User

_LONGEST_MINUTES = 240
_CHANGEABLE = frozenset({"title", "why", "purpose", "minutes", "notes"})
_NOTED = "meetings.item_noted"
_AGREED = "meetings.item_actions_agreed"
RESTRICTED = (
    "You cannot see this item, so you cannot finish it. "
    "Pause it, discuss another item, or hand over control to somebody who can see it."
)
_CHANGED = "Somebody else changed this. Check the current version and try again."


@transaction.atomic
def add(
    meeting: Meeting,
    *,
    title: str,
    by: Actor,
    at: datetime,
    why: str = "",
    purpose: str = Purpose.DISCUSS,
    minutes: int = 10,
    about: Subject | None = None,
    rank: int = placement.Rank.PEOPLE,
    is_parked: bool = False,
) -> AgendaItem:
    """Add an item to an agenda, or restore one about the same subject.

    title: defaults to the title of the subject. is_parked: add it to the backlog instead. Raises
    Refused(field="title", "minutes", "about" or "state").
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("subject").get(pk=meeting.pk)
    refuse_when_over(meeting)
    title = title.strip() or (about.title if about else "")
    if not title:
        raise Refused("Enter a title.", field="title")
    _check_minutes(minutes)
    off = AgendaItem.objects.filter(meeting=meeting, about=about).first() if about else None
    if off and off.state not in OFF_AGENDA:
        raise Refused("This is already on the agenda.", field="about")
    values: dict[str, Any] = {"title": title[:300], "why": why[:300], "purpose": purpose, "minutes": minutes}
    if off:
        kept = {"parked_by": None, "is_kept": True} if off.state == ItemState.BACKLOG else {}
        values |= kept | {"outcome": "", "acceptance": None}
        returned = events.ItemPutBack(**carry.named(off))
        history.move(off, ItemState.WAITING, by=by, at=at, values=values, payload=returned)
        return off
    person = by.person if isinstance(by.person, User) else None
    if is_parked:
        values |= {"state": ItemState.BACKLOG, "parked_by": person}
    item = AgendaItem(
        meeting=meeting, about=about, added_by=person, rank=placement.next_rank(meeting, rank), **values
    )
    history.record(item, events.ItemAdded(about=about.pk if about else None), by=by, at=at)
    return item


@transaction.atomic
def change(
    item: AgendaItem, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> AgendaItem:
    """Change title, why, purpose, minutes or notes. Raises Refused(field=…), ChangedMeanwhile."""
    if unknown := set(values) - _CHANGEABLE:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    refuse_when_over(item.meeting)
    if "title" in values and not values["title"].strip():
        raise Refused("Enter a title.", field="title")
    if "minutes" in values:
        _check_minutes(values["minutes"])
    verb = _NOTED if set(values) == {"notes"} else "meetings.item_changed"
    history.change(item, values, by=by, at=at, seen=seen, verb=verb)
    return item


@transaction.atomic
def shift(item: AgendaItem, *, up: bool, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Exchange places with the item before (or after) this one. The first stays first, the last stays last.

    Raises Refused(field="state") when the item was removed, ChangedMeanwhile when it was moved since `seen`.
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=item.meeting_id)
    refuse_when_over(meeting)
    order = list(
        AgendaItem.objects.filter(meeting=meeting).exclude(state__in=OFF_AGENDA).order_by("rank", "id")
    )
    place = next((index for index, row in enumerate(order) if row.pk == item.pk), None)
    if place is None:
        raise Refused("This item was removed from the agenda.", field="state")
    if seen is not None and order[place].version != _version_ignoring_notes(order[place], seen):
        raise ChangedMeanwhile(_CHANGED, present=order[place])
    other = place + (-1 if up else 1)
    if not 0 <= other < len(order):
        return item
    order[place], order[other] = order[other], order[place]
    rows, last = [], -1
    for row, rank in zip(order, sorted(row.rank for row in order), strict=True):
        last = max(rank, last + 1)  # Ranks are distinct, so that they give an order.
        if row.rank != last:
            rows.append((row, {"rank": last}))
    history.record(meeting, events.AgendaReordered(item=item.pk), by=by, at=at, rows=rows)
    item.refresh_from_db()
    return item


@transaction.atomic
def take_off(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Remove a waiting item from the agenda. put_back() restores it."""
    refuse_when_over(item.meeting)
    taken_off = events.ItemTakenOff(**carry.named(item))
    history.move(item, ItemState.DROPPED, by=by, at=at, seen=seen, payload=taken_off)
    return item


@transaction.atomic
def put_back(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Let an item wait again after it was removed or finished."""
    refuse_when_over(item.meeting)
    returned = events.ItemPutBack(**carry.named(item))
    values = {"outcome": ""}
    history.move(item, ItemState.WAITING, by=by, at=at, seen=seen, values=values, payload=returned)
    return item


def refuse_when_over(meeting: Meeting) -> None:
    """Raise Refused for a closed meeting, whose minutes are final, and for a cancelled one."""
    if meeting.state == MeetingState.CLOSED:
        raise Refused("This meeting is closed and its minutes are final.", field="state")
    if meeting.state == MeetingState.CANCELLED:
        raise Refused("This meeting is cancelled. Choose the next one.", field="state")


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= _LONGEST_MINUTES:
        raise Refused(f"Use 1 to {_LONGEST_MINUTES} minutes.", field="minutes")


# ------------------------------------------------------------------ during the meeting


@transaction.atomic
def take_up(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Make this the current item. The one that was current waits again and keeps the time spent on it.

    Raises Refused(field="state" or "control") unless the meeting is live and the author controls it,
    IllegalMove, ChangedMeanwhile.
    """
    meeting = _controlled(item, by)
    seen = _version_ignoring_notes(item, seen)
    for other in AgendaItem.objects.filter(meeting=meeting, state=ItemState.CURRENT).exclude(pk=item.pk):
        spent, returned = carry.time_spent(other, at), events.ItemPutBack(**carry.named(other))
        history.move(other, ItemState.WAITING, by=by, at=at, values=spent, payload=returned)
    values = {"current_since": at, "outcome": ""}
    taken_up = events.ItemTakenUp(**carry.named(item))
    history.move(item, ItemState.CURRENT, by=by, at=at, seen=seen, values=values, payload=taken_up)
    return item


@transaction.atomic
def pause(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Stop the clock of the current item, which stays current. Raises as take_up()."""
    _controlled(item, by)
    if item.state != ItemState.CURRENT or item.current_since is None:
        raise Refused("This item is not being discussed, so there is nothing to pause.", field="state")
    seen = _version_ignoring_notes(item, seen)
    values = carry.time_spent(item, at)
    history.change(item, values, by=by, at=at, seen=seen, verb="meetings.item_paused")
    return item


@transaction.atomic
def resume(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Start the clock of the current item again. Raises as take_up()."""
    _controlled(item, by)
    if item.state != ItemState.CURRENT or item.current_since is not None:
        raise Refused("This item is not paused.", field="state")
    seen = _version_ignoring_notes(item, seen)
    history.change(item, {"current_since": at}, by=by, at=at, seen=seen, verb="meetings.item_resumed")
    return item


@transaction.atomic
def back(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Take up the item before this one again, also if it is finished. Return it.

    Items that were carried over are skipped, and those that were done without being discussed. Raises as
    take_up(); Refused(field="state") for the first item.
    """
    meeting = _controlled(item, by)
    seen = _version_ignoring_notes(item, seen)
    if seen is not None and item.version != seen:
        raise ChangedMeanwhile(_CHANGED, present=item)
    before = AgendaItem.objects.filter(
        Q(rank__lt=item.rank) | Q(rank=item.rank, pk__lt=item.pk),
        Q(state=ItemState.WAITING) | Q(state=ItemState.DONE, spent_seconds__gt=0),
        meeting=meeting,
    )
    previous = before.select_related("meeting").order_by("-rank", "-id").first()
    if previous is None:
        raise Refused("This is the first item. There is none before it.", field="state")
    return take_up(previous, by=by, at=at)


@transaction.atomic
def finish(
    item: AgendaItem,
    *,
    outcome: str = "",
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> AgendaItem:
    """Finish an item, as only somebody can who may see it.

    outcome: an ItemOutcome; "" for the one that follows from what was recorded. "deferred" carries it over.
    Raises Refused(field="outcome", "state" or "control").
    """
    if outcome and outcome not in ItemOutcome.values:
        raise Refused("Choose an outcome: decided, actions agreed, no change or deferred.", field="outcome")
    seen = _version_ignoring_notes(item, seen)
    control.check(_locked(item), by)
    if by.person is not None and not may_see_item(by.person, item):
        raise Refused(RESTRICTED, field="state")
    if outcome == ItemOutcome.DEFERRED:
        carry.carry(item, by=by, at=at, seen=seen, outcome=outcome)
        return item
    _live(item)
    values = {"outcome": outcome or completion.outcome_of(item), **carry.time_spent(item, at)}
    done = events.ItemDone(**carry.named(item))
    history.move(item, ItemState.DONE, by=by, at=at, seen=seen, values=values, payload=done, cause=cause)
    return item


def defer(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Carry an item over to a later meeting. Raises as finish()."""
    return finish(item, outcome=ItemOutcome.DEFERRED, by=by, at=at, seen=seen)


@transaction.atomic
def finish_and_go_on(
    item: AgendaItem, *, outcome: str = "", by: Actor, at: datetime, seen: int | None = None
) -> AgendaItem:
    """Finish an item. If it was the current one, take up the next waiting item. Raises as finish()."""
    was_current = item.state == ItemState.CURRENT
    finish(item, outcome=outcome, by=by, at=at, seen=seen)
    following = next_of(item) if was_current else None
    if following is not None:
        take_up(following, by=by, at=at)
    return item


def next_of(item: AgendaItem) -> AgendaItem | None:
    """Return the waiting item after this one, else the first waiting one."""
    waiting = AgendaItem.objects.filter(meeting=item.meeting_id, state=ItemState.WAITING)
    rows = list(waiting.select_related("meeting__controller", "about").order_by("rank", "id"))
    here = (item.rank, item.pk)
    return next((row for row in rows if (row.rank, row.pk) > here), rows[0] if rows else None)


@transaction.atomic
def note(
    item: AgendaItem, *, notes: str, by: Actor, at: datetime, seen: int | None = None, was: str = ""
) -> AgendaItem:
    """Save the notes of an item. Raises ChangedMeanwhile if somebody else changed them in the meantime.

    was: the digest of the notes that the writer edited. If the notes still have it, another change of the
    item (such as its minutes) is not a conflict.
    """
    refuse_when_over(item.meeting)
    if was:
        item.refresh_from_db(fields=["version", "notes"])
        seen = item.version if item.notes_digest == was else seen
    history.change(item, {"notes": notes}, by=by, at=at, seen=seen, verb=_NOTED)
    return item


@transaction.atomic
def extend(item: AgendaItem, *, minutes: int, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Add minutes (negative: remove them) to an item. Raises Refused(field="minutes"), and as take_up()."""
    _controlled(item, by)
    seen = _version_ignoring_notes(item, seen)
    _check_minutes(item.minutes + minutes)
    values = {"minutes": item.minutes + minutes}
    history.change(item, values, by=by, at=at, seen=seen, verb="meetings.item_extended")
    return item


@transaction.atomic
def agree(item: AgendaItem, *, by: Actor, at: datetime, **values: Any) -> Action:
    """Add an action to an item. values: the arguments of actions.operations.action.add.

    It belongs to the latest decision on the item, if there is one, and may complete it. Raises Refused, also
    if the meeting is not live: its minutes list the actions agreed in it.
    """
    meeting = _live(item)
    decision = completion.latest_of(item)
    origin = decision.subject if decision else meeting.subject
    added = action.add(**values, about=item.about, origin=origin, by=by, at=at)
    if decision is not None:
        completion.note_action(decision, by=by, at=at)
    else:
        history.change(item, {"has_actions": True}, by=by, at=at, verb=_AGREED)
    return added


def _live(item: AgendaItem) -> Meeting:
    """Return the meeting of the item, locked: only one item is current. Raises Refused unless it is live."""
    meeting = _locked(item)
    refuse_when_over(meeting)
    if meeting.state != MeetingState.LIVE:
        raise Refused("The meeting has not started. Start it first.", field="state")
    return meeting


def _locked(item: AgendaItem) -> Meeting:
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("subject", "controller")
    return rows.get(pk=item.meeting_id)


def _controlled(item: AgendaItem, by: Actor) -> Meeting:
    """Return the live meeting of the item, locked. Raises Refused unless the author controls it."""
    meeting = _live(item)
    control.check(meeting, by)
    return meeting


def _version_ignoring_notes(item: AgendaItem, seen: int | None) -> int | None:
    """Return the version that a step acts on: the current one if only what is recorded changed since `seen`.

    Notes are saved while people type, so they often change between the page and a press of its buttons.
    """
    if seen is None or seen >= item.version:
        return seen
    missed = item.version - seen
    changes = Event.objects.filter(
        subject=item.meeting.subject_id,
        data__rows__contains=[{"model": AgendaItem._meta.label_lower, "pk": item.pk}],
    )
    verbs = list(changes.order_by("-id").values_list("verb", flat=True)[:missed])
    return item.version if len(verbs) == missed and {*verbs} <= {_NOTED, _AGREED} else seen
