"""Meetings: plan them by rule and rotation, move, cancel, start and close them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from kit.zones import for_reader
from meetings import cadence, events
from meetings.models import Meeting, MeetingSeries
from meetings.operations import (
    agenda,
    attendance,
    backlog,
    bulk_placement,
    carry,
    completion,
    control,
    item,
    mailing,
    observers,
    turns,
)
from meetings.states import AHEAD, MAY_BEGIN_EARLY, MAY_BEGIN_LATE, MeetingState
from people.models import User

_RULE_CHANGED = "The schedule of the series changed."
_UNHELD = "Nobody started it."


@transaction.atomic
def plan(
    series: MeetingSeries, *, until: datetime | None = None, by: Actor = SYSTEM, at: datetime
) -> list[Meeting]:
    """Create the meetings of a series up to `until` (default: twelve weeks ahead), and return the new ones.

    Idempotent: each occurrence is created once. The turns of all planned meetings are computed again (one
    event for each that changed); past meetings never change. Then waiting reviews are placed.
    """
    series = turns.lock(series.pk)
    if series.is_retired:
        return []
    wall_times = turns.wall_times(series, since=at, until=until or turns.planned_until(series, at))
    known = {
        meeting.occurrence: meeting
        for meeting in Meeting.objects.filter(
            series=series, occurrence__in=[cadence.key(wall) for wall in wall_times]
        ).select_related("series", "subject")
    }
    fresh = [turns.new_meeting(series, wall) for wall in wall_times if cadence.key(wall) not in known]
    for meeting in known.values():
        _reinstate_if_in_rule(meeting, by=by, at=at)
    turns.give_turns(series, fresh, by=by, at=at)
    history.record_many(fresh, "meetings.meeting_planned", by=by, at=at)
    for meeting in fresh:
        turns.put_dues(meeting, at=at)
    turns.plan_again(series, at=at)
    if fresh:
        carry.place_carried_items(series, by=SYSTEM, at=at)
    bulk_placement.place_waiting(at=at)
    return fresh


def plan_due(due: Due, *, at: datetime) -> None:
    """Extend the plan, once a week. Handles dues of the kind meetings.plan."""
    plan(MeetingSeries.objects.get(subject=due.subject_id), at=at)


@transaction.atomic
def replan(series: MeetingSeries, *, by: Actor = SYSTEM, at: datetime) -> None:
    """Compute the turns of planned meetings again, after a change of order, people, absences or focuses."""
    turns.give_turns(turns.lock(series.pk), [], by=by, at=at)


@transaction.atomic
def realign(series: MeetingSeries, *, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """Apply a change of the rule, time or length to planned meetings.

    A meeting keeps its day if the rule still names the day; otherwise it is cancelled. A meeting that a
    person moved or added keeps its start.

    cause: the change of the series. It notifies the participants, so its meetings do not.
    """
    by_day = {wall.date(): wall for wall in turns.wall_times(series, since=at, until=at + AHEAD)}
    for meeting in turns.to_come(series, at):
        if meeting.is_extra:
            continue
        old = datetime.fromisoformat(meeting.occurrence)
        was_moved = meeting.starts_at.astimezone(series.zone).date() != old.date()
        wall = by_day.get(old.date())
        if wall is None and not was_moved:
            _cancel(meeting, reason=_RULE_CHANGED, by=by, at=at, cause=cause)
        elif wall and was_moved:
            history.change(meeting, {"occurrence": cadence.key(wall)}, by=by, at=at)
        elif wall:
            start = cadence.moment(wall, series.zone)
            end = start + timedelta(minutes=series.length_minutes)
            values = {"occurrence": cadence.key(wall), "starts_at": start, "ends_at": end}
            _shift(meeting, values, by=by, at=at, cause=cause)


@transaction.atomic
def change(
    meeting: Meeting, values: Mapping[str, Any], *, by: Actor, at: datetime, seen: int | None = None
) -> Meeting:
    """Change the objective, the start, or both. Another start moves the meeting, as move() does.

    Raises Refused(field=…), ChangedMeanwhile.
    """
    if unknown := set(values) - {"objective", "starts_at"}:
        raise ValueError(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")
    item.refuse_when_over(meeting)
    if "objective" in values:
        objective = {"objective": values["objective"]}
        seen = meeting.version if history.change(meeting, objective, by=by, at=at, seen=seen) else seen
    if "starts_at" in values:
        move(meeting, starts_at=values["starts_at"], by=by, at=at, seen=seen)
    return meeting


@transaction.atomic
def move(
    meeting: Meeting, *, starts_at: datetime, by: Actor, at: datetime, seen: int | None = None
) -> Meeting:
    """Move a meeting. It keeps its focus and turn, unless it passes another meeting of its series.

    Raises Refused(field="starts_at"), ChangedMeanwhile.
    """
    turns.lock(meeting.series_id)
    refuse_unless_planned(meeting)
    turns.refuse_start(meeting.series, starts_at, at=at, of=meeting)
    values = {"starts_at": starts_at, "ends_at": starts_at + (meeting.ends_at - meeting.starts_at)}
    _shift(meeting, values, by=by, at=at, seen=seen)
    replan(meeting.series, by=by, at=at)
    bulk_placement.place_again(meeting, at=at)
    return meeting


@transaction.atomic
def cancel(
    meeting: Meeting, *, reason: str = "", by: Actor, at: datetime, seen: int | None = None
) -> Meeting:
    """Cancel a meeting. Its items move to the next suitable meeting, its focus and turn to the next one."""
    turns.lock(meeting.series_id)
    _cancel(meeting, reason=reason, by=by, at=at, seen=seen)
    replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def cancel_all(
    series: MeetingSeries, *, reason: str, by: Actor, at: datetime, cause: Event | None = None
) -> None:
    """Cancel all planned meetings of a series, the last one first."""
    for meeting in reversed(turns.to_come(series, at)):
        _cancel(meeting, reason=reason, by=by, at=at, cause=cause)


@transaction.atomic
def reinstate(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """Reinstate a cancelled meeting. Raises Refused(field="starts_at") if its start has passed."""
    turns.lock(meeting.series_id)
    if meeting.starts_at <= at:
        raise Refused("This meeting is in the past. Reschedule the next one instead.", field="starts_at")
    turns.refuse_start(meeting.series, meeting.starts_at, at=at, of=meeting)
    history.move(meeting, MeetingState.PLANNED, by=by, at=at, seen=seen, values=observers.told(meeting))
    turns.put_dues(meeting, at=at, mark=f" again {at:%Y-%m-%dT%H:%M}")
    replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def start(
    meeting: Meeting,
    *,
    by: Actor,
    at: datetime,
    led_by: User | None = None,
    is_confirmed: bool = False,
    seen: int | None = None,
) -> Meeting:
    """Start a meeting. Whoever leads it controls it. What does not fit into its length goes to the backlog.

    Who starts it is present, if they take part. led_by: the person who leads instead of the
    facilitator; the turn counts for them. is_confirmed: start it although this is not its planned time.
    Raises Refused(field="is_confirmed"), IllegalMove, ChangedMeanwhile.
    """
    turns.lock(meeting.series_id)
    if meeting.series.is_draft:
        raise Refused("This series is a draft. Publish it first.")
    if meeting.state == MeetingState.PLANNED and not is_confirmed and (text := off_time(meeting, at)):
        raise Refused(text, field="is_confirmed")
    if meeting.state == MeetingState.PLANNED and not meeting.published_at:
        agenda.build(meeting, at=at)
    person = by.person if isinstance(by.person, User) else None
    leader = led_by or person
    values: dict[str, Any] = {
        "started_at": at,
        "controller_id": leader.pk if leader else meeting.facilitator_id,
    }
    if led_by and led_by.pk != meeting.facilitator_id:
        values |= turns.taken_by(meeting, led_by)
    rows = attendance.of_starter(meeting, person)
    history.move(meeting, MeetingState.LIVE, by=by, at=at, seen=seen, values=values, rows=rows)
    backlog.fit(meeting, by=by, at=at)
    replan(meeting.series, by=by, at=at)
    return meeting


def off_time(meeting: Meeting, at: datetime) -> str:
    """Return what to confirm before a meeting is started at `at`; "" if it is about its planned time."""
    planned = f"{meeting.reference} is planned for {for_reader(meeting.starts_at)}"
    if at < meeting.starts_at - MAY_BEGIN_EARLY:
        return f"{planned}, which is still ahead. Confirm to start it now."
    if at > meeting.ends_at + MAY_BEGIN_LATE:
        return f"{planned}, which is over. Confirm to start it now."
    return ""


@transaction.atomic
def close(
    meeting: Meeting,
    *,
    improvement: str = "",
    was_worth_it: bool | None = None,
    decisions: Sequence[Mapping[str, Any]] = (),
    mails_to: int = 0,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Meeting:
    """End a meeting: unfinished items and the backlog are carried over, and the minutes are final.

    improvement: one thing to improve. was_worth_it: None without an answer. decisions: what incomplete ones
    lack (meetings.operations.completion). mails_to: for many, to how many the minutes go (mailing).
    Raises Refused(field="control", "decisions" or "mails_to"), IllegalMove, ChangedMeanwhile.
    """
    current = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    control.check(current, by)
    mailing.check(meeting, mails_to, what="minutes", step="end the meeting")
    completion.complete_or_refuse(meeting, decisions, by=by, at=at)
    carried = carry.carry_all(meeting, by=by, at=at)
    person = by.person if isinstance(by.person, User) else None
    values = {
        "closed_at": at,
        "closed_by": person,
        "improvement": improvement.strip()[:300],
        "was_worth_it": was_worth_it,
    }
    closed = events.MeetingClosed(carried=carried, decisions=meeting.decisions.count())
    history.move(meeting, MeetingState.CLOSED, by=by, at=at, seen=seen, values=values, payload=closed)
    return meeting


@transaction.atomic
def note_unheld(due: Due, *, at: datetime) -> None:
    """Cancel a meeting that nobody started until a day after its end. Handles dues of meetings.unheld.

    Its items move to the next suitable meeting, so that they do not wait without a limit. The unfinished
    items of a meeting that nobody closed move too. Its minutes can still be completed and the meeting closed.
    """
    meeting = Meeting.objects.select_related("series").get(subject=due.subject_id)
    turns.lock(meeting.series_id)
    meeting.refresh_from_db()
    if meeting.ends_at + MAY_BEGIN_LATE > at:
        return
    if meeting.state == MeetingState.PLANNED:
        _cancel(meeting, reason=_UNHELD, by=SYSTEM, at=at)
        replan(meeting.series, at=at)
    elif meeting.state == MeetingState.LIVE:
        carry.carry_all(meeting, by=SYSTEM, at=at)


# ------------------------------------------------------------------ steps of the operations


def _cancel(
    meeting: Meeting,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> None:
    cancelled = events.MeetingCancelled(reason=reason[:300])
    history.move(meeting, MeetingState.CANCELLED, by=by, at=at, seen=seen, payload=cancelled, cause=cause)
    turns.drop_dues(meeting)
    carry.carry_all(meeting, by=by, at=at)


def _reinstate_if_in_rule(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Reinstate a meeting that a change of the rule cancelled, if the rule names its day again."""
    if meeting.state != MeetingState.CANCELLED:
        return
    last = (
        Event.objects.filter(subject=meeting.subject_id, verb="meetings.meeting_cancelled")
        .order_by("-id")
        .first()
    )
    if last and last.data.get("reason") == _RULE_CHANGED:
        history.move(meeting, MeetingState.PLANNED, by=by, at=at, values=observers.told(meeting))
        turns.put_dues(meeting, at=at, mark=f" v{meeting.version}")


def _shift(
    meeting: Meeting,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> None:
    """Change the times of a planned meeting and of its dues.

    If the start does not change, the meeting is not moved and its agenda stays published.
    """
    is_moved = values["starts_at"] != meeting.starts_at
    if is_moved:
        told = {} if cause else observers.told(meeting)  # a change of the series tells only invited ones
        values = {**values, "published_at": None, **told}
    verb = "meetings.meeting_moved" if is_moved else "meetings.meeting_changed"
    if history.change(meeting, values, by=by, at=at, seen=seen, verb=verb, cause=cause):
        history.retitle(meeting)
        turns.drop_dues(meeting)
        turns.put_dues(meeting, at=at, mark=f" v{meeting.version}")


def refuse_unless_planned(meeting: Meeting) -> None:
    """Raise Refused(field="state") for a meeting that has started, is over or is cancelled."""
    if meeting.state != MeetingState.PLANNED:
        raise Refused("Only upcoming meetings can be changed.", field="state")
