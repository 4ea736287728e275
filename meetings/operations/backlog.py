"""The backlog of a meeting: items that a person parked, and items that do not fit into its length."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from history import operations as history
from kit.actor import Actor
from meetings import events
from meetings.models import AgendaItem, Meeting
from meetings.operations import carry, control, item
from meetings.states import ItemState
from people.models import User


@transaction.atomic
def park(item_: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Move an item to the backlog. Only the controller parks the current one. take_back() restores it.

    Raises Refused(field="state" or "control"), IllegalMove, ChangedMeanwhile.
    """
    item.refuse_when_over(item_.meeting)
    if item_.state == ItemState.CURRENT:
        control.check(item_.meeting, by)
    values = {
        **carry.time_spent(item_, at),
        "parked_by": by.person if isinstance(by.person, User) else None,
        "is_kept": False,
    }
    payload = events.ItemParked(fits=True)
    history.move(item_, ItemState.BACKLOG, by=by, at=at, seen=seen, values=values, payload=payload)
    return item_


@transaction.atomic
def take_back(item_: AgendaItem, *, by: Actor, at: datetime, seen: int | None = None) -> AgendaItem:
    """Move an item of the backlog to the agenda. It stays there also if it does not fit.

    Raises Refused(field="state"), IllegalMove, ChangedMeanwhile.
    """
    item.refuse_when_over(item_.meeting)
    values = {"parked_by": None, "is_kept": True}
    history.move(item_, ItemState.WAITING, by=by, at=at, seen=seen, values=values)
    return item_


@transaction.atomic
def fit(meeting: Meeting, *, by: Actor, at: datetime) -> int:
    """Move what does not fit into the length of the meeting to the backlog. Return the number of such items.

    The lowest rank goes first. What did not fit before and fits now comes back. Items that a person parked
    or took back stay where they are.
    """
    rows = AgendaItem.objects.filter(meeting=meeting).select_related("meeting")
    may_fit = Q(state=ItemState.WAITING) | Q(state=ItemState.BACKLOG, parked_by__isnull=True)
    candidates = list(rows.filter(may_fit).order_by("rank", "id"))
    out = _not_fitting(candidates, int((meeting.ends_at - meeting.starts_at).total_seconds() // 60))
    ids = {one.pk for one in out}
    back = [one for one in candidates if one.pk not in ids and one.state == ItemState.BACKLOG]
    history.move_many(back, ItemState.WAITING, by=by, at=at)
    parked = [one for one in out if one.state == ItemState.WAITING]
    payload = events.ItemParked(fits=False)
    history.move_many(parked, ItemState.BACKLOG, by=by, at=at, payload=payload)
    return len(out)


def _not_fitting(candidates: Sequence[AgendaItem], length: int) -> list[AgendaItem]:
    """Return the items that do not fit into `length` minutes, in their order. The first one always fits."""
    out = []
    minutes = sum(one.minutes for one in candidates)
    for one in reversed(candidates[1:]):
        if minutes > length and not one.is_kept:
            out.append(one)
            minutes -= one.minutes
    return out[::-1]
