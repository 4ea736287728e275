"""Hands events on and lets dates act. Plain functions: any number may run at once, any may die."""

import time
from datetime import datetime

from history import claims, wiring
from history.claims import Tally
from history.models import Due, Event, Handover
from kit import bell, clock

_BATCH = 50
# While something may come that goes first, nobody takes more in hand than a moment's work.
_BEHIND = 8


def relay(*, at: datetime | None = None, limit: int = 1000, seconds: float = float("inf")) -> Tally:
    """Hand waiting events to their handlers, oldest first, up to `limit`. Returns what was done.

    Takes no further batch in hand after `seconds`: a task that is cut off blames a row that did no harm.
    What people wait for goes before the rest (wiring.first).
    at: the moment handlers act at, for `tick --at` (default: now); never before the event itself.
    """
    total, ends = Tally(), time.monotonic() + seconds
    with bell.heard():
        while total.done + total.failed < limit and time.monotonic() < ends and (batch := _next(limit)):
            events = Event.objects.select_related("subject").in_bulk([row.event_id for row in batch])
            for row in batch:
                row.event = events[row.event_id]
                total += claims.run(row, lambda waiting: _hand_on(waiting, at or clock.now()))
    return total


def _next(limit: int) -> list[Handover]:
    """What goes first, alone; else the oldest of the rest."""
    waiting = Handover.objects.order_by("not_before", "id")
    ahead = wiring.first()
    if not ahead:
        return claims.claim(waiting, limit=min(_BATCH, limit), leaves=False)
    batch = claims.claim(waiting.filter(handler__in=ahead), limit=min(_BEHIND, limit), leaves=False)
    return batch or claims.claim(waiting, limit=min(_BEHIND, limit), leaves=False)


def _hand_on(row: Handover, at: datetime) -> None:
    wiring.handler(row.handler)(row.event, at=wiring.later(at, row.event.at))


def act_on_dues(*, at: datetime, limit: int = 1000, seconds: float = float("inf")) -> Tally:
    """Let every date up to `at` act, earliest first. A date made meanwhile for later waits its turn.

    limit, seconds: as of relay().
    """
    total, ends = Tally(), time.monotonic() + seconds
    while total.done + total.failed < limit and time.monotonic() < ends:
        ripe = Due.objects.filter(at__lte=at).select_related("subject").order_by("at", "id")
        batch = claims.claim(ripe, limit=min(_BATCH, limit), leaves=False)
        if not batch:
            break
        for row in batch:
            total += claims.run(row, lambda due: wiring.on_due(due.kind)(due, at=at))
    return total
