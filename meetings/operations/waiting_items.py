"""Agenda items that wait, and finishing them when their subject is settled before the meeting."""

from datetime import datetime

from django.db.models import QuerySet

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from meetings import events
from meetings.models import AgendaItem
from meetings.operations import carry, completion
from meetings.states import TO_COME, ItemOutcome, ItemState


def about(subject_id: int) -> QuerySet[AgendaItem]:
    """Return the waiting and parked items about a subject, of planned and live meetings, oldest first."""
    return rows().filter(about=subject_id)


def rows() -> QuerySet[AgendaItem]:
    """Return the waiting and parked items of planned and live meetings, oldest first."""
    waiting = [ItemState.WAITING, ItemState.BACKLOG]
    items = AgendaItem.objects.filter(state__in=waiting, meeting__state__in=TO_COME)
    return items.select_related("meeting").order_by("pk")


def finish(item: AgendaItem, why: str, *, at: datetime, cause: Event | None) -> None:
    """Finish an item whose subject was settled before the meeting. why: shown if nothing was recorded."""
    settled: dict[str, str] = {"outcome": completion.outcome_of(item)}
    if settled["outcome"] == ItemOutcome.NO_CHANGE:
        settled["why"] = why
    done = events.ItemDone(**carry.named(item))
    history.move(item, ItemState.DONE, by=SYSTEM, at=at, values=settled, payload=done, cause=cause)
