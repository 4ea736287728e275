"""Tells the workers that events wait for their handlers. A ring may be lost: the periodic sweep follows."""

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
    """Set the function that rings (riskhub/celery.py: one small task). Without one, ring() does nothing."""
    _ringer[:] = [ringer]


def ring() -> None:
    """Ring once, after a commit. Never raises. After a failure it returns at once for 30 seconds."""
    if not _ringer or time.monotonic() < _state["quiet_until"]:
        return
    try:
        _ringer[0]()
    except Exception as error:
        _state["quiet_until"] = time.monotonic() + _BREAK_SECONDS
        log.warning("The bell did not ring (%s); the sweep will follow.", error)


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress rings inside the block, for a worker that relays events until none is left."""
    token = _is_silenced.set(True)
    try:
        yield
    finally:
        _is_silenced.reset(token)


def ring_after_commit() -> None:
    """Register one ring for the current transaction. Further calls in the same transaction add none."""
    if _is_silenced.get():
        return
    hooks = transaction.get_connection().run_on_commit
    if not any(hook[1] is ring for hook in hooks):
        transaction.on_commit(ring, robust=True)
