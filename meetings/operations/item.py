"""An agenda item: put on and moved by people, taken up in the meeting, finished, carried to a later one."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from actions.models import Action
from actions.operations import action
from history import operations as history
from history.models import Event, Subject
from kit.actor import Actor
from kit.refusals import Refused
from meetings import events
from meetings.models import AgendaItem, Meeting, MeetingSeries
from meetings.operations import agenda
from meetings.queries import series as series_queries
from meetings.queries.facts import NOTHING, facts_of
from meetings.routing import within
from meetings.states import UNFINISHED, ItemOutcome, ItemState, MeetingState, Purpose
from people.models import User
from risklog.models import Escalation
from risklog.states import UNRESOLVED

_LONGEST = 240
_TRIES = 3


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
    rank: int = agenda.Rank.PEOPLE,
) -> AgendaItem:
    """A person puts something on an agenda. Raises Refused(field=title, minutes, about or state)."""
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("subject").get(pk=meeting.pk)
    refuse_when_over(meeting)
    title = title.strip() or (about.title if about else "")
    if not title:
        raise Refused("Enter a title.", field="title")
    _check_minutes(minutes)
    if (
        about
        and AgendaItem.objects.filter(meeting=meeting, about=about).exclude(state=ItemState.DROPPED).exists()
    ):
        raise Refused("This is already on the agenda.", field="about")
    dropped = AgendaItem.objects.filter(meeting=meeting, about=about).first() if about else None
    values = {"title": title[:300], "why": why[:300], "purpose": purpose, "minutes": minutes}
    if dropped:
        history.move(dropped, ItemState.WAITING, by=by, at=at, values=values)
        return dropped
    person = by.person if isinstance(by.person, User) else None
    item = AgendaItem(
        meeting=meeting, about=about, added_by=person, rank=agenda.next_rank(meeting, rank), **values
    )
    history.record(item, events.ItemAdded(about=about.pk if about else None), by=by, at=at)
    return item


@transaction.atomic
def change(
    item: AgendaItem, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> AgendaItem:
    """Change title, why, purpose or minutes. Raises Refused(field=…), ChangedMeanwhile."""
    if unknown := set(values) - {"title", "why", "purpose", "minutes"}:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    refuse_when_over(item.meeting)
    if "title" in values and not values["title"].strip():
        raise Refused("Enter a title.", field="title")
    if "minutes" in values:
        _check_minutes(values["minutes"])
    history.change(item, values, by=by, at=at, seen=seen, verb="meetings.item_changed")
    return item


@transaction.atomic
def shift(item: AgendaItem, *, up: bool, by: Actor, at: datetime) -> AgendaItem:
    """Change places with the item before (or after) it; the first stays first."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=item.meeting_id)
    refuse_when_over(meeting)
    order = list(
        AgendaItem.objects.filter(meeting=meeting).exclude(state=ItemState.DROPPED).order_by("rank", "id")
    )
    place_now = next((n for n, one in enumerate(order) if one.pk == item.pk), None)
    if place_now is None:
        raise Refused("This item was removed from the agenda.", field="state")
    other = place_now + (-1 if up else 1)
    if not 0 <= other < len(order):
        return item
    order[place_now], order[other] = order[other], order[place_now]
    rows, last = [], -1
    for one, rank in zip(order, sorted(one.rank for one in order), strict=True):
        last = max(rank, last + 1)  # no two alike, so that an order is an order
        if one.rank != last:
            rows.append((one, {"rank": last}))
    history.record(meeting, events.AgendaReordered(item=item.pk), by=by, at=at, rows=rows)
    item.refresh_from_db()
    return item


@transaction.atomic
def take_off(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Take a waiting item off the agenda; put_back() brings it back."""
    refuse_when_over(item.meeting)
    history.move(item, ItemState.DROPPED, by=by, at=at, seen=seen)
    return item


@transaction.atomic
def put_back(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Back to those to come: from taken off, or from done when it was done too soon."""
    refuse_when_over(item.meeting)
    history.move(item, ItemState.WAITING, by=by, at=at, seen=seen, values={"outcome": ""})
    return item


def refuse_when_over(meeting: Meeting) -> None:
    """Minutes of a closed meeting are fixed; a cancelled one has none."""
    if meeting.state == MeetingState.CLOSED:
        raise Refused("This meeting is closed and its minutes are final.", field="state")
    if meeting.state == MeetingState.CANCELLED:
        raise Refused("This meeting is cancelled. Choose the next one.", field="state")


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= _LONGEST:
        raise Refused(f"Use 1 to {_LONGEST} minutes.", field="minutes")


# ------------------------------------------------------------------ in the meeting


@transaction.atomic
def take_up(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """This is what we talk about now; what was current goes back to those to come, keeping its time.

    Raises Refused unless the meeting is live, IllegalMove, ChangedMeanwhile.
    """
    meeting = _live(item)
    for other in AgendaItem.objects.filter(meeting=meeting, state=ItemState.CURRENT).exclude(pk=item.pk):
        history.move(other, ItemState.WAITING, by=by, at=at, values=_left(other, at))
    history.move(
        item, ItemState.CURRENT, by=by, at=at, seen=seen, values={"current_since": at, "outcome": ""}
    )
    return item


@transaction.atomic
def pause(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Stop the clock of the current item: it goes back to those to come, with the time spent so far."""
    _live(item)
    history.move(item, ItemState.WAITING, by=by, at=at, seen=seen, values=_left(item, at))
    return item


@transaction.atomic
def finish(
    item: AgendaItem,
    *,
    outcome: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> AgendaItem:
    """Done with it. outcome: an ItemOutcome; "deferred" carries it over. Raises Refused(field="outcome")."""
    if outcome not in ItemOutcome.values:
        raise Refused("Choose an outcome: decided, actions agreed, no change or deferred.", field="outcome")
    if outcome == ItemOutcome.DEFERRED:
        carry(item, by=by, at=at, seen=seen, outcome=outcome)
        return item
    _live(item)
    values = {"outcome": outcome, **_left(item, at)}
    history.move(item, ItemState.DONE, by=by, at=at, seen=seen, values=values, cause=cause)
    return item


def defer(item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem | None:
    """Leave it for a later meeting on purpose. Returns the item there."""
    return carry(item, by=by, at=at, seen=seen, outcome=ItemOutcome.DEFERRED)


@transaction.atomic
def carry(
    item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None, outcome: str = ""
) -> AgendaItem | None:
    """Carry an unfinished item to the series' next fitting meeting, counting how often.

    Returns the item there; None when no meeting is planned, or nothing is left to do about its subject.
    """
    facts = facts_of(item.about) if item.about else NOTHING
    values = {"outcome": outcome, **_left(item, at)}
    if item.about and (item.about.kind == Meeting.KIND or not facts.is_open):
        values["outcome"] = ItemOutcome.NO_CHANGE
        history.move(item, ItemState.DONE, by=by, at=at, seen=seen, values=values)
        return None
    target = _next_meeting(item, facts, at)
    there = _standing(target, item)
    if there or target is None:
        rows = [(there, {"times_carried": item.times_carried + 1})] if there else []
        if there and there.state not in UNFINISHED:
            history.move(there, ItemState.WAITING, by=by, at=at, values={"outcome": ""})
        history.move(item, ItemState.CARRIED, by=by, at=at, seen=seen, values=values, rows=rows)
        return there
    new = _carried(item, target)
    payload = events.ItemCarriedOver(item=item.pk, to=target.subject_id)
    history.move(item, ItemState.CARRIED, by=by, at=at, seen=seen, values=values, rows=[new], payload=payload)
    return new


@transaction.atomic
def take_up_left(series: MeetingSeries, *, by: Actor, at: datetime) -> int:
    """Put what was carried over while no meeting was planned on the one that is now. Returns how many.

    Harmless when repeated. Of a subject that is settled, or stands on a later agenda, nothing is left.
    """
    later = AgendaItem.objects.filter(
        about=OuterRef("about"), meeting__starts_at__gt=OuterRef("meeting__starts_at")
    )
    left = AgendaItem.objects.filter(
        ~Exists(AgendaItem.objects.filter(carried_from=OuterRef("pk"))),
        Q(about__isnull=True) | ~Exists(later),
        meeting__series=series,
        state=ItemState.CARRIED,
    )
    taken = 0
    for item in left.select_related("meeting__subject", "about").order_by("rank", "id"):
        facts = facts_of(item.about) if item.about else NOTHING
        target = _next_meeting(item, facts, at) if facts.is_open else None
        if target and not _standing(target, item):
            added = events.ItemAdded(about=item.about_id, item=item.pk)
            history.record(_carried(item, target), added, by=by, at=at)
            taken += 1
    return taken


def digest(notes: str) -> str:
    """A short name of a text of notes, by which a writer says what they began from."""
    return hashlib.sha256(notes.encode()).hexdigest()[:32]


@transaction.atomic
def note(
    item: AgendaItem, *, text: str, by: Actor, at: datetime, seen: int | None = None, was: str = ""
) -> AgendaItem:
    """Keep the notes of an item. Raises ChangedMeanwhile with the item as it stands; the writer's text is
    theirs.

    was: digest() of the notes the writer began from. Where the notes are still these, what else changed in
    the item (two minutes more) is no conflict.
    """
    refuse_when_over(item.meeting)
    if was:
        item.refresh_from_db(fields=["version", "notes"])
        seen = item.version if digest(item.notes) == was else seen
    history.change(item, {"notes": text}, by=by, at=at, seen=seen, verb="meetings.item_noted")
    return item


@transaction.atomic
def extend(item: AgendaItem, *, minutes: int, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Give an item more (or, below zero, fewer) minutes. Raises Refused(field="minutes")."""
    _live(item)
    _check_minutes(item.minutes + minutes)
    values = {"minutes": item.minutes + minutes}
    history.change(item, values, by=by, at=at, seen=seen, verb="meetings.item_extended")
    return item


@transaction.atomic
def agree(item: AgendaItem, values: Mapping[str, Any], *, by: Actor, at: datetime) -> Action:
    """An action straight from an item that is talked about, without a decision. values: as of action.add.

    Raises Refused, also when the meeting is not live: its minutes tell what was agreed in it.
    """
    meeting = _live(item)
    return action.add(**values, about=item.about, origin=meeting.subject, by=by, at=at)


def _live(item: AgendaItem) -> Meeting:
    """The item's meeting, locked so that one thing is current; Refused unless it is live."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=item.meeting_id)
    refuse_when_over(meeting)
    if meeting.state != MeetingState.LIVE:
        raise Refused("The meeting has not started. Start it first.", field="state")
    return meeting


def _left(item: AgendaItem, at: datetime) -> dict[str, Any]:
    """What leaving the floor does to the clock of an item."""
    if item.current_since is None:
        return {}
    spent = max(0, int((at - item.current_since).total_seconds()))
    return {"current_since": None, "spent_seconds": item.spent_seconds + spent}


def _next_meeting(item: AgendaItem, facts: Any, at: datetime) -> Meeting | None:
    """The series' next fitting meeting, locked; one cancelled just now is passed over."""
    here = item.meeting
    for _ in range(_TRIES):
        own = next((one for one in series_queries.candidates(at) if one.id == here.series_id), None)
        place = within(
            own,
            kind=facts.kind,
            pressing=_pressing(item, facts),
            due_at=facts.due_at,
            but_not=here.pk,
        )
        if place is None:
            return None
        if target := agenda.lock_planned(place.meeting.id):
            return target
    return None


def _pressing(item: AgendaItem, facts: Any) -> str:
    climbing = Escalation.objects.filter(about=item.about_id, state__in=UNRESOLVED)
    if facts.is_critical:
        return "critical"
    return "escalated" if item.about_id and climbing.exists() else ""


def _standing(target: Meeting | None, item: AgendaItem) -> AgendaItem | None:
    if target is None or item.about_id is None:
        return None
    return AgendaItem.objects.filter(meeting=target, about=item.about_id).first()


def _carried(item: AgendaItem, target: Meeting) -> AgendaItem:
    times = item.times_carried + 1
    often = "" if times == 1 else f", {times} times in total"
    return AgendaItem(
        meeting=target,
        about=item.about,
        title=item.title,
        why=f"Carried over from {item.meeting.reference}{often}",
        purpose=item.purpose,
        minutes=item.minutes,
        rank=agenda.next_rank(target, agenda.Rank.CARRIED),
        added_by=item.added_by,
        carried_from=item,
        times_carried=times,
    )
