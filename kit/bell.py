"""Tells the workers that there is something to hand on. A ring may be lost: the sweep follows."""

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
_is_heard = ContextVar("is_heard", default=False)


def install(ringer: Callable[[], None]) -> None:
    """Set what rings (riskhub/celery.py: one small task). Without one the bell is silent."""
    _ringer[:] = [ringer]


def ring() -> None:
    """Ring once, after a commit. A broker that is down costs one short wait, then nothing for a while."""
    if not _ringer or time.monotonic() < _state["quiet_until"]:
        return
    try:
        _ringer[0]()
    except Exception as error:
        _state["quiet_until"] = time.monotonic() + _BREAK_SECONDS
        log.warning("The bell did not ring (%s); the sweep will follow.", error)


@contextmanager
def heard() -> Iterator[None]:
    """While somebody hands on until nothing is left, what they cause themselves needs no ring."""
    token = _is_heard.set(True)
    try:
        yield
    finally:
        _is_heard.reset(token)


def ring_after_commit() -> None:
    """Register one ring for this transaction, however often it is asked for."""
    if _is_heard.get():
        return
    hooks = transaction.get_connection().run_on_commit
    if not any(hook[1] is ring for hook in hooks):
        transaction.on_commit(ring, robust=True)
