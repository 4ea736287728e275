"""Notifies the workers that events wait. A notification may be lost: the periodic sweep follows."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction

log = logging.getLogger(__name__)

_BREAK_SECONDS = 30.0
_state = {"quiet_until": 0.0}
_ringer: list[Callable[[], None]] = []
_is_silenced = ContextVar("is_silenced", default=False)


def install(ringer: Callable[[], None]) -> None:
    """Set the function that notifies (riskhub/celery.py). Without one, ring() does nothing."""
    _ringer[:] = [ringer]


def ring() -> None:
    """Notify the workers. Never raises. For 30 seconds after a failure it does nothing."""
    if not _ringer or time.monotonic() < _state["quiet_until"]:
        return
    try:
        _ringer[0]()
    except Exception as error:
        _state["quiet_until"] = time.monotonic() + _BREAK_SECONDS
        log.warning("The workers were not notified (%s); the periodic sweep will follow.", error)


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress notifications inside the block, for a worker that relays events until none is left."""
    token = _is_silenced.set(True)
    try:
        yield
    finally:
        _is_silenced.reset(token)


def ring_after_commit() -> None:
    """Notify once after the current transaction. Further calls in the same transaction add nothing."""
    if _is_silenced.get():
        return
    hooks = transaction.get_connection().run_on_commit
    if not any(hook[1] is ring for hook in hooks):
        transaction.on_commit(ring, robust=True)
