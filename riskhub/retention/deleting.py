"""Deletes what is older than the organisation keeps it: once a day, in batches, for a limited time."""

import time
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from history import heartbeats
from people import queries as people
from riskhub.retention.kept import BATCH, KEPT, days_of

RETENTION = "retention"
_EVERY = 24 * 3600.0  # seconds


def run_when_due(at: datetime, *, seconds: float) -> dict[str, int]:
    """Delete what is old, unless that was completed within the last day. See run()."""
    last = heartbeats.read().get(RETENTION)
    if last is not None and last.age < _EVERY:
        return {}
    return run(at, seconds=seconds)


def run(at: datetime, *, seconds: float = float("inf")) -> dict[str, int]:
    """Delete what is older than the organisation keeps it. Returns key of a kind -> number of rows.

    Begins no further batch after so many seconds. Then the next run goes on. Each batch is one transaction,
    so an interrupted run loses nothing, and several at once do no harm.
    """
    ends, chosen = time.monotonic() + seconds, settings()
    done: dict[str, int] = {}
    for one in KEPT:
        days = days_of(one, chosen)
        while days is not None:
            if time.monotonic() >= ends:
                return done
            with transaction.atomic():
                number = one.delete_batch(at, days)
            done[one.key] = done.get(one.key, 0) + number
            if number < BATCH:
                break
    heartbeats.note(RETENTION)
    return done


def settings() -> Mapping[str, int | None]:
    """Return what the organisation chose: key of a kind -> days, None permanently."""
    organisation = people.organisation()
    return organisation.retention if organisation else {}
