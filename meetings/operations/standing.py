"""Standing items: what each agenda of a series begins with, and the check-ins since the last meeting."""

from datetime import datetime

from history import operations as history
from kit.actor import Actor
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.operations import placement
from meetings.queries import check_in as check_ins
from meetings.states import Purpose

WHY = "Standing item of the series"
CHECK_INS = "Check-ins since last time"


def put(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add the standing items that the agenda does not have. One that a person removed stays removed."""
    known = set(AgendaItem.objects.filter(meeting=meeting).values_list("title", flat=True))
    for standing in meeting.series.standing_items:
        if standing["title"] not in known:
            rank = placement.next_rank(meeting, placement.Rank.STANDING)
            item = AgendaItem(meeting=meeting, why=WHY, rank=rank, **standing)
            history.record(item, events.ItemAdded(), by=by, at=at)


def put_check_ins(meeting: Meeting, *, by: Actor, at: datetime) -> None:
    """Add an item for the check-ins since the last meeting, or update how many there are.

    All participants see the item, so check-ins about restricted models are not counted.
    """
    noted = check_ins.since_last_meeting(meeting).filter(subject__viewers__isnull=True, noted_at__lte=at)
    number = noted.count()
    item = AgendaItem.objects.filter(meeting=meeting, title=CHECK_INS, about__isnull=True).first()
    why = f"{number} check-in{'' if number == 1 else 's'} for this meeting"
    if item:
        history.change(item, {"why": why}, by=by, at=at, verb="meetings.item_changed")
    elif number:
        rank = placement.next_rank(meeting, placement.Rank.LAST_TIME)
        values = {"title": CHECK_INS, "why": why, "purpose": Purpose.INFORM, "minutes": 5, "rank": rank}
        history.record(AgendaItem(meeting=meeting, **values), events.ItemAdded(), by=by, at=at)
