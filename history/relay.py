"""Runs the handlers of events and of due dates. Any number of relays may run at once, and any may die.

The relay guarantees that the effect of a handler happens once. A handover is one row per event and handler,
unique in the database. Its receipt (the row's state `done`) and the handler's writes are one transaction:
both are committed, or neither. So a handler needs no guard of its own against a second call for the same
event. It may still run late, and after the handler of a later event: it reads current rows.
"""

import time
from datetime import datetime

from django.db.models.functions import Now

from history import claims, wiring
from history.claims import Tally
from history.models import Due, Event, Handover
from history.states import Work
from kit import bell, clock

_BATCH = 50
# If some handlers run first, a batch is small, so that these handlers never wait long.
_BATCH_BEHIND_FIRST = 8


def relay(*, at: datetime | None = None, limit: int = 1000, seconds: float = float("inf")) -> Tally:
    """Run the handlers of up to `limit` waiting handovers, oldest first. Returns their numbers.

    Claims no further batch after `seconds`, because a task that is cut off counts a try for rows that did not
    fail. Handlers installed as `first` run before the others (wiring.first).
    at: the moment that handlers act at, for `tick --at` (default: now). It is never before the event.
    """
    total, ends = Tally(), time.monotonic() + seconds
    with bell.silenced():
        while total.done + total.failed < limit and time.monotonic() < ends and (batch := _next(limit)):
            events = Event.objects.select_related("subject").in_bulk([row.event_id for row in batch])
            for row in batch:
                row.event = events[row.event_id]
                total += hand_over(row, at=at or clock.now())
    return total


def hand_over(row: Handover, *, at: datetime) -> Tally:
    """Run the handler of one claimed handover, once. row: with its event.

    Does nothing if the claim was lost: then another worker has run it or will run it.
    """
    return claims.run(
        row, lambda waiting: _call_handler(waiting, at), settle_first=True, has_outside_effect=False
    )


def is_waiting() -> bool:
    """Return True if a handover waits that no worker has claimed."""
    return Handover.objects.filter(state=Work.PENDING, not_before__lte=Now()).exists()


def _next(limit: int) -> list[Handover]:
    """Claim the next handovers: those whose handlers run first, or else the oldest.

    These are two statements, each with an index of its own. One statement that orders by both would sort all
    waiting handovers for each batch, which takes the longer, the more of them wait.
    """
    oldest, first = Handover.objects.order_by("not_before", "id"), wiring.first()
    if not first:
        return claims.claim(oldest, limit=min(_BATCH, limit), has_outside_effect=False)
    size = min(_BATCH_BEHIND_FIRST, limit)
    urgent = Handover.objects.filter(handler__in=first).order_by("handler", "not_before", "id")
    found = claims.claim(urgent, limit=size, has_outside_effect=False)
    return found or claims.claim(oldest, limit=size, has_outside_effect=False)


def _call_handler(row: Handover, at: datetime) -> None:
    handler = wiring.find_handler(row.handler)
    if handler is not None:
        handler(row.event, at=wiring.later(at, row.event.at))


def act_on_dues(*, at: datetime, limit: int = 1000, seconds: float = float("inf")) -> Tally:
    """Run the handlers of all due dates up to `at`, earliest first.

    limit, seconds: as of relay().
    """
    total, ends = Tally(), time.monotonic() + seconds
    while total.done + total.failed < limit and time.monotonic() < ends:
        ripe = Due.objects.filter(at__lte=at).select_related("subject").order_by("at", "id")
        batch = claims.claim(ripe, limit=min(_BATCH, limit), has_outside_effect=False)
        if not batch:
            break
        for row in batch:
            total += claims.run(
                row, lambda due: wiring.on_due(due.kind)(due, at=at), has_outside_effect=False
            )
    return total
