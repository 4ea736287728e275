"""A meeting's life: planned by rule and rota, moved or cancelled, started, attended, closed."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Due, Event
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings import cadence, events
from meetings.models import AgendaItem, Attendance, Meeting, MeetingSeries
from meetings.operations import agenda, carry, item, rota
from meetings.permissions import takes_part
from meetings.states import AHEAD, MAY_BEGIN_LATE, UNFINISHED, ItemState, MeetingState
from people.models import User
from people.states import Role

_RULE_CHANGED = "The schedule of the series changed."
_UNHELD = "Nobody started it."


@transaction.atomic
def plan(
    series: MeetingSeries, *, until: datetime | None = None, by: Actor = SYSTEM, at: datetime
) -> list[Meeting]:
    """The meetings of a series up to `until` (twelve weeks ahead), each with focus, facilitator, stand-in and
    why.

    Idempotent: an occurrence is made once. Meetings to come are given their turns anew (one event for each
    that changed); what is past is never touched. Then waiting reviews are placed. Returns the meetings made.
    """
    series = rota.hold(series.pk)
    if series.is_retired:
        return []
    walls = rota.walls(series, since=at, until=until or at + AHEAD)
    known = {
        meeting.occurrence: meeting
        for meeting in Meeting.objects.filter(
            series=series, occurrence__in=[cadence.key(wall) for wall in walls]
        ).select_related("series", "subject")
    }
    fresh = [rota.new_meeting(series, wall) for wall in walls if cadence.key(wall) not in known]
    for meeting in known.values():
        _bring_back(meeting, by=by, at=at)
    rota.give_turns(series, fresh, by=by, at=at)
    history.record_many(fresh, "meetings.meeting_planned", by=by, at=at)
    for meeting in fresh:
        rota.put_dues(meeting, at=at)
    rota.plan_again(series, at=at)
    if fresh:
        carry.take_up_left(series, by=SYSTEM, at=at)
    agenda.place_waiting(at=at)
    return fresh


def plan_due(due: Due, *, at: datetime) -> None:
    """Each week the plan grows by a week. Due kind meetings.plan."""
    plan(MeetingSeries.objects.get(subject=due.subject_id), at=at)


@transaction.atomic
def replan(series: MeetingSeries, *, by: Actor = SYSTEM, at: datetime) -> None:
    """Give the meetings to come their turns anew: after a change of order, people, absences or focuses."""
    rota.give_turns(rota.hold(series.pk), [], by=by, at=at)


@handler("meetings.meeting.replan_for_person")
def on_absence_changed(event: Event, *, at: datetime) -> None:
    """Somebody is away, or back, or left: the turns of their series are given anew. The event is about a
    person.
    """
    person = User.objects.filter(subject=event.subject_id).first()
    if person is None:
        return
    for series in MeetingSeries.objects.filter(is_retired=False).order_by("id"):
        planned = Meeting.objects.filter(series=series, state=MeetingState.PLANNED, starts_at__gt=at)
        if takes_part(person, series) or planned.filter(facilitator=person).exists():
            replan(series, at=at)


@handler("meetings.meeting.replan_for_team")
def on_team_changed(event: Event, *, at: datetime) -> None:
    """Somebody joined or left a team: its series' turns are given anew. The event is about a team."""
    for series in MeetingSeries.objects.filter(is_retired=False, teams__subject=event.subject_id).order_by(
        "id"
    ):
        replan(series, at=at)


@transaction.atomic
def realign(series: MeetingSeries, *, by: Actor, at: datetime, cause: Event | None = None) -> None:
    """After a change of the rule, time or length: meetings to come keep their day where the rule still names
    it, the others are cancelled. One moved by hand stays where it was put.

    cause: the change of the series, which tells the participants, so that its meetings do not.
    """
    by_day = {wall.date(): wall for wall in rota.walls(series, since=at, until=at + AHEAD)}
    for meeting in rota.to_come(series, at):
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
def take_over(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """I'll take it: the turn, and its credit, pass to who asks. Raises Refused, ChangedMeanwhile."""
    person = by.person
    rota.hold(meeting.series_id)
    _refuse_unless_planned(meeting)
    if not takes_part(person, meeting.series) or not person.is_at_least(Role.MEMBER):
        raise Refused("Only participants of this series can facilitate.", field="facilitator")
    if meeting.facilitator_id == person.pk:
        return meeting
    values = _led_by(meeting, person)
    history.change(meeting, values, by=by, at=at, seen=seen, verb="meetings.turn_taken_over")
    replan(meeting.series, by=by, at=at)
    return meeting


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
    """Hold it at another time. Its focus and its turn go with it. Raises Refused(field="starts_at")."""
    rota.hold(meeting.series_id)
    _refuse_unless_planned(meeting)
    if starts_at <= at:
        raise Refused("Choose a time in the future.", field="starts_at")
    values = {"starts_at": starts_at, "ends_at": starts_at + (meeting.ends_at - meeting.starts_at)}
    _shift(meeting, values, by=by, at=at, seen=seen)
    replan(meeting.series, by=by, at=at)
    agenda.place_anew(meeting, at=at)
    return meeting


@transaction.atomic
def cancel(
    meeting: Meeting, *, reason: str = "", by: Actor, at: datetime, seen: int | None = None
) -> Meeting:
    """It does not take place: its items go to the next fitting meeting, its focus and turn to the next."""
    rota.hold(meeting.series_id)
    _cancel(meeting, reason=reason, by=by, at=at, seen=seen)
    replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def cancel_all(
    series: MeetingSeries, *, reason: str, by: Actor, at: datetime, cause: Event | None = None
) -> None:
    """None of a series' meetings to come takes place."""
    for meeting in reversed(rota.to_come(series, at)):
        _cancel(meeting, reason=reason, by=by, at=at, cause=cause)


@transaction.atomic
def reinstate(meeting: Meeting, *, by: Actor, at: datetime, seen: int | None = None) -> Meeting:
    """It does take place after all. Raises Refused(field="starts_at") once its time has passed."""
    rota.hold(meeting.series_id)
    if meeting.starts_at <= at:
        raise Refused("This meeting is in the past. Reschedule the next one instead.", field="starts_at")
    history.move(meeting, MeetingState.PLANNED, by=by, at=at, seen=seen)
    rota.put_dues(meeting, at=at, mark=f" again {at:%Y-%m-%dT%H:%M}")
    replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def start(
    meeting: Meeting, *, by: Actor, at: datetime, led_by: User | None = None, seen: int | None = None
) -> Meeting:
    """Begin. led_by: who leads, when it is not the facilitator; the turn counts for them."""
    rota.hold(meeting.series_id)
    if meeting.state == MeetingState.PLANNED and not meeting.published_at:
        agenda.build(meeting, by=by, at=at)
    values: dict[str, Any] = {"started_at": at}
    if led_by and led_by.pk != meeting.facilitator_id:
        values |= _led_by(meeting, led_by)
    history.move(meeting, MeetingState.LIVE, by=by, at=at, seen=seen, values=values)
    replan(meeting.series, by=by, at=at)
    return meeting


@transaction.atomic
def attend(meeting: Meeting, *, present: Collection[User], by: Actor, at: datetime) -> Meeting:
    """Who is there: exactly these people. Raises Refused once the meeting is closed."""
    item.refuse_when_over(Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk))
    known = {row.user_id: row for row in Attendance.objects.filter(meeting=meeting)}
    wanted = {user.pk: user for user in present}
    rows: list[Any] = [
        Attendance(meeting=meeting, user=user) for pk, user in wanted.items() if pk not in known
    ]
    rows += [
        (row, {"is_present": pk in wanted}) for pk, row in known.items() if row.is_present != (pk in wanted)
    ]
    if rows:
        history.record(meeting, "meetings.attendance_noted", by=by, at=at, rows=rows)
    return meeting


@transaction.atomic
def close(
    meeting: Meeting,
    *,
    improvement: str = "",
    was_worth_it: bool | None = None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Meeting:
    """End it: what is unfinished is carried over, the minutes are fixed. Raises IllegalMove,
    ChangedMeanwhile.
    """
    Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    carried = _carry_unfinished(meeting, by=by, at=at)
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


def remind_turn(due: Due, *, at: datetime) -> None:
    """A week and a day before: whose turn it is hears it (meetings.turn_near). Due kind meetings.turn."""
    meeting = Meeting.objects.select_related("facilitator", "subject").get(subject=due.subject_id)
    days = int(due.occurrence.split(" ")[0])
    left = meeting.starts_at - at
    if meeting.state != MeetingState.PLANNED or not meeting.facilitator:
        return
    if timedelta(0) < left <= timedelta(days=days, hours=1):
        near = events.TurnNear(days=days, facilitator=meeting.facilitator.subject_id)
        history.record(meeting, near, by=SYSTEM, at=at)


@transaction.atomic
def note_unheld(due: Due, *, at: datetime) -> None:
    """A day after its end nobody has started it: it is cancelled, and what waits on it goes to the next one.

    Else it would wait there for ever. From one that nobody closed, what nobody got to goes on too; it can
    still be written up and closed. Due kind meetings.unheld.
    """
    found = Meeting.objects.select_related("series").get(subject=due.subject_id)
    rota.hold(found.series_id)
    found.refresh_from_db()
    if found.ends_at + MAY_BEGIN_LATE > at:
        return
    if found.state == MeetingState.PLANNED:
        _cancel(found, reason=_UNHELD, by=SYSTEM, at=at)
        replan(found.series, at=at)
    elif found.state == MeetingState.LIVE:
        _carry_unfinished(found, by=SYSTEM, at=at)


# ------------------------------------------------------------------ how it is done


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
    rota.drop_dues(meeting)
    _carry_unfinished(meeting, by=by, at=at)


def _bring_back(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """A meeting that an earlier rule cancelled takes place again when the rule names its day again."""
    if meeting.state != MeetingState.CANCELLED:
        return
    last = (
        Event.objects.filter(subject=meeting.subject_id, verb="meetings.meeting_cancelled")
        .order_by("-id")
        .first()
    )
    if last and last.data.get("reason") == _RULE_CHANGED:
        history.move(meeting, MeetingState.PLANNED, by=by, at=at)
        rota.put_dues(meeting, at=at, mark=f" v{meeting.version}")


def _shift(
    meeting: Meeting,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> None:
    """Other times for a planned meeting; its dates that act move along.

    Where its start stays, it was not moved, and its agenda stays published.
    """
    is_moved = values["starts_at"] != meeting.starts_at
    if is_moved:
        values = {**values, "published_at": None}
    verb = "meetings.meeting_moved" if is_moved else "meetings.meeting_changed"
    if history.change(meeting, values, by=by, at=at, seen=seen, verb=verb, cause=cause):
        history.retitle(meeting)
        rota.drop_dues(meeting)
        rota.put_dues(meeting, at=at, mark=f" v{meeting.version}")


def _led_by(meeting: Meeting, person: User) -> dict[str, Any]:
    stand_in = meeting.facilitator_id if meeting.stand_in_id == person.pk else meeting.stand_in_id
    return {
        "facilitator_id": person.pk,
        "stand_in_id": stand_in,
        "is_taken_over": True,
        "why": f"{person.name} took over this meeting",
    }


def _carry_unfinished(meeting: Meeting, *, by: Actor, at: datetime) -> int:
    rows = AgendaItem.objects.filter(meeting=meeting, state__in=UNFINISHED).order_by("rank", "id")
    carried = 0
    for row in rows.select_related("meeting__subject", "about"):
        carry.carry(row, by=by, at=at)
        carried += row.state == ItemState.CARRIED
    return carried


def _refuse_unless_planned(meeting: Meeting) -> None:
    if meeting.state != MeetingState.PLANNED:
        raise Refused("Only upcoming meetings can be changed.", field="state")
