"""Meetings that a person adds to a series, besides those of its rule."""

from datetime import datetime, timedelta

from django.db import transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from meetings import cadence
from meetings.models import AgendaTemplate, Meeting, MeetingSeries
from meetings.operations import agenda_template, bulk_placement, carry, observers, standing, turns


@transaction.atomic
def add(
    series: MeetingSeries,
    *,
    starts_at: datetime,
    length_minutes: int | None = None,
    objective: str = "",
    template: AgendaTemplate | None = None,
    by: Actor,
    at: datetime,
) -> Meeting:
    """Add a meeting to a series. It takes the next focus and turn, as any other, and no change of the rule.

    length_minutes: None for the length of the series. template: its items are the first of the agenda. Raises
    Refused(field="starts_at", "length_minutes" or "template").
    """
    series = turns.lock(series.pk)
    if series.is_retired:
        raise Refused("This series is retired.", field="starts_at")
    turns.refuse_start(series, starts_at, at=at)
    if length_minutes is not None and not 5 <= length_minutes <= 480:
        raise Refused("Use 5 to 480 minutes.", field="length_minutes")
    items = agenda_template.items_of(template)
    wall = starts_at.astimezone(series.zone).replace(tzinfo=None, second=0, microsecond=0)
    if Meeting.objects.filter(series=series, occurrence=cadence.key(wall)).exists():
        raise Refused(turns.TAKEN, field="starts_at")
    meeting = turns.new_meeting(series, wall)
    meeting.is_extra, meeting.objective = True, objective.strip()[:300]
    meeting.starts_at = starts_at.replace(second=0, microsecond=0)
    meeting.ends_at = meeting.starts_at + timedelta(minutes=length_minutes or series.length_minutes)
    turns.give_turns(series, [meeting], by=by, at=at)
    meeting.invited_observer_id = observers.told(meeting).get("invited_observer_id")
    history.record(meeting, "meetings.meeting_added", by=by, at=at)
    turns.put_dues(meeting, at=at)
    if template:
        standing.put_items(meeting, items, why=f"From the template “{template.name}”", by=by, at=at)
    carry.place_carried_items(series, by=by, at=at)
    bulk_placement.place_waiting(at=at)
    return meeting
