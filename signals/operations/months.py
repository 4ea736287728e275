"""Make the partitions of points, one for each month, before their points arrive (ADR 0046)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, connection, transaction

AHEAD = timedelta(days=92)
_NO_PARTITION = "23514"  # check_violation: also of a row that no partition takes
Result = TypeVar("Result")


def make_ahead(*, at: datetime) -> int:
    """Make the months that are missing until AHEAD after `at`. Returns how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT signals_make_months(%s)", [at + AHEAD])
        return cursor.fetchone()[0]


def with_months(store: Callable[[], Result], *, at: datetime) -> Result:
    """Return the result of store(). If a point has no partition, make the months and call store() again.

    store: writes points, in a transaction of its own. A partition is missing only if no worker made months
    for AHEAD.
    """
    try:
        with transaction.atomic():
            return store()
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != _NO_PARTITION:
            raise
    make_ahead(at=at)
    with transaction.atomic():
        return store()
