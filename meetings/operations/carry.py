"""Carry unfinished agenda items over to a later meeting of their series."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from history import operations as history
from kit.actor import Actor
from meetings import events
from meetings.models import AgendaItem, Meeting, MeetingSeries
from meetings.operations import completion, placement
from meetings.queries import series as series_queries
from meetings.queries.facts import NOTHING, Facts, facts_of
from meetings.routing import within
from meetings.states import UNFINISHED, ItemOutcome, ItemState
from risklog.models import Escalation
from risklog.states import UNRESOLVED

_TRIES = 3


@transaction.atomic
def carry(
    item: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None, outcome: str = ""
) -> AgendaItem | None:
    """Carry an unfinished item over to the next suitable meeting of the series, and count how often.

    An item of the backlog goes to the backlog of the next meeting, whatever its focus.

    outcome: an ItemOutcome, "" without one. Returns the item on that meeting; None if no meeting is planned,
    or if nothing is left to do about its subject. Raises IllegalMove, ChangedMeanwhile.
    """
    facts = facts_of(item.about) if item.about else NOTHING
    values = {"outcome": outcome, **time_spent(item, at)}
    if item.about and (item.about.kind == Meeting.KIND or not facts.is_open):
        values["outcome"] = ItemOutcome.NO_CHANGE
        done = events.ItemDone(**named(item))
        history.move(item, ItemState.DONE, by=by, at=at, seen=seen, values=values, payload=done)
        return None
    target, late = _next_meeting(item, facts, at)
    was_parked = item.state == ItemState.BACKLOG
    present = _item_about(target, item)
    if present or target is None:
        rows = [(present, {"times_carried": item.times_carried + 1})] if present else []
        if present and not was_parked and present.state not in UNFINISHED:
            history.move(present, ItemState.WAITING, by=by, at=at, values={"outcome": ""})
        history.move(item, ItemState.CARRIED, by=by, at=at, seen=seen, values=values, rows=rows)
        return present
    new = _copy_for(item, target, late, is_parked=was_parked)
    payload = events.ItemCarriedOver(item=item.pk, to=target.subject_id)
    history.move(item, ItemState.CARRIED, by=by, at=at, seen=seen, values=values, rows=[new], payload=payload)
    return new


@transaction.atomic
def place_carried_items(series: MeetingSeries, *, by: Actor, at: datetime) -> int:
    """Place items that were carried over while no meeting was planned. Idempotent. Return their number.

    Items are skipped if their subject is settled or is on a later agenda.
    """
    later = AgendaItem.objects.filter(
        about=OuterRef("about"), meeting__starts_at__gt=OuterRef("meeting__starts_at")
    )
    waiting = AgendaItem.objects.filter(
        ~Exists(AgendaItem.objects.filter(carried_from=OuterRef("pk"))),
        Q(about__isnull=True) | ~Exists(later),
        meeting__series=series,
        state=ItemState.CARRIED,
    )
    count = 0
    for item in waiting.select_related("meeting__subject", "about").order_by("rank", "id"):
        facts = facts_of(item.about) if item.about else NOTHING
        target, late = _next_meeting(item, facts, at) if facts.is_open else (None, "")
        if target and not _item_about(target, item):
            added = events.ItemAdded(about=item.about_id, item=item.pk)
            copy = _copy_for(item, target, late, is_parked=item.parked_by_id is not None)
            history.record(copy, added, by=by, at=at)
            count += 1
    return count


def named(item: AgendaItem) -> dict[str, Any]:
    """Return what an event says of an item (events.NamedItem). Only readers of its subject see its name."""
    return {"about": item.about_id, "title": None if item.about_id else item.title}


def time_spent(item: AgendaItem, at: datetime) -> dict[str, Any]:
    """Return the fields of an item that change when its discussion stops at `at`; {} if it is not current.

    A second at least, because an item without one was not discussed.
    """
    if item.current_since is None:
        return {}
    spent = max(1, int((at - item.current_since).total_seconds()))
    return {"current_since": None, "spent_seconds": item.spent_seconds + spent}


def carry_all(meeting: Meeting, *, by: Actor, at: datetime) -> int:
    """Carry over what is unfinished, and the backlog. Return the number of items that were on the agenda.

    An item with a decision or an action is finished, with that outcome.
    """
    rows = AgendaItem.objects.filter(meeting=meeting, state__in=[*UNFINISHED, ItemState.BACKLOG])
    carried = 0
    for item in rows.select_related("meeting__subject", "about").order_by("rank", "id"):
        outcome = completion.outcome_of(item)
        was_parked = item.state == ItemState.BACKLOG
        if outcome != ItemOutcome.NO_CHANGE and not was_parked:
            values, done = {"outcome": outcome, **time_spent(item, at)}, events.ItemDone(**named(item))
            history.move(item, ItemState.DONE, by=by, at=at, values=values, payload=done)
            continue
        carry(item, by=by, at=at)
        carried += item.state == ItemState.CARRIED and not was_parked
    return carried


def _next_meeting(item: AgendaItem, facts: Facts, at: datetime) -> tuple[Meeting | None, str]:
    """Return the next suitable meeting of the series, locked, and what the item says if that is late.

    Skips one that was just cancelled.
    """
    here = item.meeting
    for _ in range(_TRIES):
        candidates = series_queries.candidates(at)
        own = next((series for series in candidates if series.id == here.series_id), None)
        is_parked = item.state == ItemState.BACKLOG
        place = within(
            own,
            kind=facts.kind,
            urgent_reason="In the backlog" if is_parked else _urgent_reason(item, facts),
            due_at=facts.due_at,
            excluded=here.pk,
        )
        if place is None:
            return None, ""
        if target := placement.lock_planned(place.meeting.id):
            return target, placement.late_note(place, facts.due_at)
    return None, ""


def _urgent_reason(item: AgendaItem, facts: Facts) -> str:
    """Return why the item cannot wait: the reason of its subject, or "escalated"; "" if it can."""
    escalations = Escalation.objects.filter(about=item.about_id, state__in=UNRESOLVED)
    if facts.urgent_reason:
        return facts.urgent_reason
    return "escalated" if item.about_id and escalations.exists() else ""


def _item_about(target: Meeting | None, item: AgendaItem) -> AgendaItem | None:
    if target is None or item.about_id is None:
        return None
    return AgendaItem.objects.filter(meeting=target, about=item.about_id).first()


def _copy_for(item: AgendaItem, target: Meeting, late: str, *, is_parked: bool) -> AgendaItem:
    times = item.times_carried + 1
    total = "" if times == 1 else f", {times} times in total"
    return AgendaItem(
        meeting=target,
        about=item.about,
        title=item.title,
        why="; ".join(filter(None, (f"Carried over from {item.meeting.reference}{total}", late))),
        purpose=item.purpose,
        minutes=item.minutes,
        rank=placement.next_rank(target, placement.Rank.CARRIED),
        added_by=item.added_by,
        acceptance_id=item.acceptance_id,
        carried_from=item,
        times_carried=times,
        state=ItemState.BACKLOG if is_parked else ItemState.WAITING,
        parked_by=item.parked_by if is_parked else None,
    )
