"""Swaps of turns: who has one asks a colleague to take it, who accepts or declines."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from history.models import Due
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import Meeting, Swap
from meetings.operations import meeting as meetings
from meetings.operations import turn, turns
from meetings.queries import swap as queries
from meetings.states import MeetingState, SwapState, TurnTask
from people import queries as people
from people.models import User

LAPSES = "meetings.swap_lapses"


@transaction.atomic
def ask(
    meeting: Meeting,
    *,
    asked: User,
    in_return: Meeting | None = None,
    task: str = "",
    note: str = "",
    by: Actor,
    at: datetime,
) -> Swap:
    """Ask a colleague to take the author's turn, in return for a turn of theirs or for none.

    task: a TurnTask; "" for the first one that the author has in this meeting. Raises
    Refused(field="meeting", "task", "asked" or "in_return") if the swap is not possible.
    """
    turns.lock(meeting.series_id)
    meeting.refresh_from_db()
    own = queries.tasks_of(meeting, by.person)
    if by.person is None or not own:
        raise Refused(
            "Only the facilitator, the scribe or the observer of a meeting can ask to swap it.",
            field="meeting",
        )
    if task and task not in own:
        raise Refused(f"You are not the {task} of {meeting.reference}.", field="task")
    task = task or own[0]
    if meeting.swaps.filter(task=task, state=SwapState.OPEN).exists():
        raise Refused(f"A swap of the {task} of this meeting is open. Withdraw it first.", field="meeting")
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        raise Refused(f"{meeting.reference} is not an upcoming meeting.", field="meeting")
    swap = Swap(
        meeting=meeting,
        in_return=in_return,
        task=task,
        asked_by=by.person,
        asked=asked,
        note=note.strip()[:300],
        asked_at=at,
    )
    _check(swap, at)
    history.record(swap, "meetings.swap_asked", by=by, at=at)
    _put_due(swap, meeting)
    return swap


@transaction.atomic
def accept(swap: Swap, *, by: Actor, at: datetime, seen: int | None = None) -> Swap:
    """Exchange the turns. Each counts for the person who takes it. Raises Refused if it is impossible now."""
    swap = _open(swap)
    _check_is_asked(swap, by)
    if swap.state == SwapState.OPEN:  # else the move says what the matter is
        _check_has_it_still(swap)
        _check(swap, at)
    accepted = history.move(swap, SwapState.ACCEPTED, by=by, at=at, seen=seen)
    for meeting, leader in ((swap.meeting, swap.asked), (swap.in_return, swap.asked_by)):
        if meeting:
            turn.give(meeting, leader, task=swap.task, by=by, at=at, cause=accepted)
    meetings.replan(swap.meeting.series, by=by, at=at)
    return swap


@transaction.atomic
def decline(swap: Swap, *, answer: str = "", by: Actor, at: datetime, seen: int | None = None) -> Swap:
    """Decline a swap. answer: why, if the person says so."""
    swap = _open(swap)
    _check_is_asked(swap, by)
    values = {"answer": answer.strip()[:300]}
    history.move(swap, SwapState.DECLINED, by=by, at=at, seen=seen, values=values)
    return swap


@transaction.atomic
def withdraw(swap: Swap, *, by: Actor, at: datetime, seen: int | None = None) -> Swap:
    """Take back a request. Only the person who asked does that."""
    swap = _open(swap)
    if by.person is None or by.person.pk != swap.asked_by_id:
        raise Refused("Only the person who asked can withdraw a swap.")
    history.move(swap, SwapState.WITHDRAWN, by=by, at=at, seen=seen)
    return swap


@transaction.atomic
def lapse(due: Due, *, at: datetime) -> None:
    """End an unanswered request when its meeting starts. Handles dues of meetings.swap_lapses."""
    swap = (
        Swap.objects.select_related("meeting__subject").filter(pk=int(due.occurrence.split(" ")[0])).first()
    )
    if swap is None or swap.state != SwapState.OPEN:
        return
    meeting = swap.meeting
    if meeting.state == MeetingState.PLANNED and meeting.starts_at > at:
        _put_due(swap, meeting)  # it was moved
        return
    history.move(swap, SwapState.LAPSED, by=SYSTEM, at=at)


def _put_due(swap: Swap, meeting: Meeting) -> None:
    start = meeting.starts_at
    history.put_due(LAPSES, meeting.subject_id, f"{swap.pk} {start:%Y-%m-%dT%H:%M}", start)


def _open(swap: Swap) -> Swap:
    """Return the swap with its meetings, all locked by their series."""
    rows = Swap.objects.select_for_update(of=("self",)).select_related(
        "meeting__series", "meeting__subject", "in_return__series", "in_return__subject", "asked", "asked_by"
    )
    turns.lock(swap.meeting.series_id)
    return rows.get(pk=swap.pk)


def _check_is_asked(swap: Swap, by: Actor) -> None:
    if by.person is None or by.person.pk != swap.asked_id:
        raise Refused("Only the person who is asked can answer.")


def _check_has_it_still(swap: Swap) -> None:
    if swap.task not in queries.tasks_of(swap.meeting, swap.asked_by):
        raise Refused(f"{swap.asked_by.name} is not the {swap.task} of this meeting any more.")


def _check(swap: Swap, at: datetime) -> None:
    """Raise Refused unless `asked` can take the turn, and `asked_by` the one in return."""
    meeting, in_return, asked = swap.meeting, swap.in_return, swap.asked
    if asked.pk == swap.asked_by_id:
        raise Refused("Choose a colleague.", field="asked")
    _check_able(meeting, asked, swap.task, "asked", at)
    if in_return is None:
        return
    if in_return.series_id != meeting.series_id or in_return.pk == meeting.pk:
        raise Refused("Choose another meeting of the same series.", field="in_return")
    if swap.task not in queries.tasks_of(in_return, asked):
        raise Refused(f"{asked.name} is not the {swap.task} of {in_return.reference}.", field="in_return")
    _check_able(in_return, swap.asked_by, swap.task, "in_return", at)


def _check_able(meeting: Meeting, person: User, task: str, field: str, at: datetime) -> None:
    """Raise Refused unless the person can have the turn at this upcoming meeting."""
    if meeting.state != MeetingState.PLANNED or meeting.starts_at <= at:
        raise Refused(f"{meeting.reference} is not an upcoming meeting.", field=field)
    if not turns.is_able(meeting, person, task):
        raise Refused(f"{person.name} cannot be the {task} of meetings of this series.", field=field)
    if task == TurnTask.SCRIBE and person.pk in {meeting.facilitator_id, meeting.stand_in_id}:
        raise Refused(f"{person.name} leads {meeting.reference} or stands in.", field=field)
    day = meeting.starts_at.astimezone(meeting.series.zone).date()
    if people.is_away(person, day):
        raise Refused(f"{person.name} is away on {day:%-d %b}, the day of {meeting.reference}.", field=field)
