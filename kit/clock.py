"""The two clocks: the clock of the application for what people see, the clock of the database for leases."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

from django.utils import timezone

_ahead = ContextVar("ahead", default=timedelta(0))


def now() -> datetime:
    """Return the present moment, aware, in UTC. Views and tasks pass it as `at`; operations do not.

    It is ahead of the clock of the computer where somebody moved a sample (ahead_by()).
    """
    return timezone.now() + _ahead.get()


def of_computer() -> datetime:
    """Return the moment by the clock of the computer, also in a sample that was moved.

    Codes of authenticator apps and the end of sessions depend on it.
    """
    return timezone.now()


def today() -> date:
    """Return the present day in the time zone of the reader (timezone.override)."""
    return timezone.localdate(now())


@contextmanager
def ahead_by(length: timedelta) -> Iterator[None]:
    """Let now() be ahead of the computer's clock, in this thread, until the block ends."""
    token = _ahead.set(length)
    try:
        yield
    finally:
        _ahead.reset(token)


def move_ahead(length: timedelta) -> None:
    """Let now() be ahead until the surrounding ahead_by() ends: for a request whose sender is known late."""
    _ahead.set(length)
