"""Claim, try, settle: processes handovers, due dates and messages, also when workers die.

The claim is committed with its count of tries before the work. So a row that kills its worker ends as dead
and does not block other rows. The work and its settling are one transaction, so the work takes effect exactly
once. All leases use the clock of the database.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from history.models import Claimable
from history.states import Work
from kit import clock

LEASE = timedelta(seconds=settings.LEASE_SECONDS)
# Retries after a failure: in 10 s, 1 min, 5 min, 15 min. After the last one the row is dead.
_PAUSES = (10, 60, 300, 900)
_WORKER_STOPPED = "The worker stopped."

Row = TypeVar("Row", bound=Claimable)


class LostClaim(Exception):
    """Another worker has claimed the row. The effect of this worker is rolled back."""


@dataclass(slots=True)
class Tally:
    """The numbers of rows that one sweep processed."""

    done: int = 0
    failed: int = 0
    dead: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.done + other.done, self.failed + other.failed, self.dead + other.dead)


def claim(
    rows: models.QuerySet[Row], *, limit: int = 50, lease: timedelta = LEASE, has_outside_effect: bool = True
) -> list[Row]:
    """Claim up to `limit` open rows for this worker, in the given order, and commit the claim.

    rows: a queryset of a Claimable, filtered by the caller. A row whose lease expired is claimed again,
    alone: it may have killed its worker, and other rows of its batch must not use up their tries with it.
    From the second time on it waits before the retry, as after a failure, because workers die in bursts and
    rows that did not cause it must survive that. Rows with too many tries become dead instead. Only the row
    itself is locked (FOR UPDATE OF), because the application role cannot lock events.

    has_outside_effect: whether the work has an effect outside the database, as a mail does. Then the claim is
    on disk before the work. Otherwise nothing waits for the disk: a crash of the server that loses the claim
    also loses the work.
    """
    open_rows = rows.filter(
        Q(state=Work.PENDING, not_before__lte=Now()) | Q(state=Work.CLAIMED, lease_until__lt=Now())
    )
    with transaction.atomic():
        if not has_outside_effect:
            _commit_unflushed()
        candidates = list(open_rows.select_for_update(skip_locked=True, of=("self",))[:limit])
        exhausted = [row for row in candidates if row.tries >= row.MAX_TRIES]
        postponed = [row for row in candidates if row.state == Work.CLAIMED and 1 < row.tries < row.MAX_TRIES]
        others = [row for row in candidates if row not in exhausted and row not in postponed]
        claimed = _suspect_alone(others)
        if exhausted:
            _mark_dead(rows.model, [row.pk for row in exhausted])
        for row in postponed:
            _put_back(row)
        if claimed:
            token = uuid.uuid4()
            rows.model._base_manager.filter(pk__in=[row.pk for row in claimed]).update(
                state=Work.CLAIMED, tries=F("tries") + 1, claim=token, lease_until=Now() + lease
            )
            for row in claimed:
                row.claim, row.state, row.tries = token, Work.CLAIMED, row.tries + 1
    if candidates and not claimed:  # these rows were dead or put back, so try the next rows
        return claim(rows, limit=limit, lease=lease, has_outside_effect=has_outside_effect)
    return claimed


def _commit_unflushed() -> None:
    """Let the commit of this transaction return before it is on disk. The next synchronous one flushes it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")


def _suspect_alone(rows: list[Row]) -> list[Row]:
    """Return the first row alone if its worker died, else all rows whose worker did not die."""
    if rows and _worker_died(rows[0]):
        return rows[:1]
    return [row for row in rows if not _worker_died(row)]


def _worker_died(row: Claimable) -> bool:
    return row.state == Work.CLAIMED or row.error == _WORKER_STOPPED


def _put_back(row: Claimable) -> None:
    pause = timedelta(seconds=_PAUSES[min(row.tries - 1, len(_PAUSES)) - 1])
    type(row)._base_manager.filter(pk=row.pk).update(
        state=Work.PENDING, claim=None, lease_until=None, error=_WORKER_STOPPED, not_before=Now() + pause
    )


def run(
    row: Claimable,
    work: Callable[[Any], None],
    *,
    settle_first: bool = False,
    has_outside_effect: bool = True,
) -> Tally:
    """Do the work of one claimed row and settle it, in one transaction. On failure record the error.

    The row is settled only while this worker's claim is valid. Otherwise the work is rolled back. So the work
    takes effect once, whichever workers die or run late.

    settle_first: settle before the work. Then a worker that lost its claim does not begin, and no other
    worker can claim the row during the work, because it is locked. Not for rows that others insert with ON
    CONFLICT (due dates): their insert would wait for this transaction, which may wait for one of their rows.

    has_outside_effect: as in claim(). If False, the commit does not wait for the disk: a crash of the server
    that loses the work also loses its receipt, so the work is done again.
    """
    try:
        with transaction.atomic():
            if not has_outside_effect:
                _commit_unflushed()
            if settle_first:
                settle(row)
            work(row)
            if not settle_first:
                settle(row)
    except LostClaim:
        return Tally()
    except Exception as error:
        return fail(row, error)
    return Tally(done=1)


def settle(row: Claimable, *, state: str = Work.DONE, error: str = "", **values: Any) -> None:
    """Mark a claimed row as done. Raises LostClaim if the claim is not valid any more.

    state: another final state, for rows with more final states than Work has. values: further fields.
    """
    updated = while_claimed(row).update(
        state=state, claim=None, lease_until=None, error=error, settled_at=clock.now(), **values
    )
    if not updated:
        raise LostClaim


def fail(
    row: Claimable,
    error: Exception | str,
    *,
    pause: timedelta | None = None,
    for_good: bool = False,
    **values: Any,
) -> Tally:
    """Put a claimed row back with its error, or mark it dead after the last try. values: further fields."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    if for_good or row.tries >= row.MAX_TRIES:
        while_claimed(row).update(
            state=Work.DEAD, claim=None, lease_until=None, error=text[:4000], settled_at=clock.now(), **values
        )
        return Tally(failed=1, dead=1)
    pause = pause or timedelta(seconds=_PAUSES[min(row.tries, len(_PAUSES)) - 1])
    while_claimed(row).update(
        state=Work.PENDING,
        claim=None,
        lease_until=None,
        error=text[:4000],
        not_before=Now() + pause,
        **values,
    )
    return Tally(failed=1)


def while_claimed(row: Claimable) -> models.QuerySet:
    """Return the row as a queryset, empty if this worker's claim is not valid any more."""
    return type(row)._base_manager.filter(pk=row.pk, state=Work.CLAIMED, claim=row.claim)


def _mark_dead(model: type[Claimable], ids: list[int]) -> None:
    model._base_manager.filter(pk__in=ids).update(
        state=Work.DEAD,
        claim=None,
        lease_until=None,
        settled_at=clock.now(),
        error="The worker stopped at every attempt.",
    )


def retry_dead(rows: models.QuerySet[Row]) -> int:
    """Let the dead ones of these rows wait again, with all their tries. Return their number."""
    return rows.filter(state=Work.DEAD).update(
        state=Work.PENDING, tries=0, claim=None, lease_until=None, error="", settled_at=None, not_before=Now()
    )
