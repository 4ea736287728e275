"""Due dates: add, cancel and move them. A worker runs their handlers when they come (history.relay)."""

from collections.abc import Callable, Iterable
from datetime import datetime

from history.models import Due
from history.states import Work
from history.writing import in_one_transaction


def put_due(kind: str, subject_id: int, occurrence: str, at: datetime) -> None:
    """Add a due date, once per occurrence. A second call changes nothing."""
    put_dues([(kind, subject_id, occurrence, at)])


def put_dues(dues: Iterable[tuple[str, int, str, datetime]]) -> None:
    """put_due() for many, in one statement: (kind, subject id, occurrence, at)."""
    Due.objects.bulk_create(
        [
            Due(kind=kind, subject_id=subject, occurrence=occurrence, at=at)
            for kind, subject, occurrence, at in dues
        ],
        ignore_conflicts=True,
    )


def drop_dues(subject_id: int, *kinds: str) -> None:
    """Cancel due dates. One that runs nevertheless does no harm, because handlers read current rows."""
    drop_dues_of([subject_id], *kinds)


def drop_dues_of(subject_ids: Iterable[int], *kinds: str) -> None:
    """Cancel due dates of several subjects."""
    Due.objects.filter(subject_id__in=list(subject_ids), kind__in=kinds, state=Work.PENDING).update(
        state=Work.DONE, error="no longer needed"
    )


@in_one_transaction
def replan_dues(
    subject_ids: Iterable[int], *kinds: str, to: Callable[[Due], tuple[str, datetime] | None]
) -> None:
    """Move pending due dates after a change of the values they were computed from.

    to: a function from a due date to its new occurrence and moment; None cancels it.
    """
    rows = Due.objects.select_for_update().filter(
        subject_id__in=list(subject_ids), kind__in=kinds, state=Work.PENDING
    )
    moved = []
    for due in rows.order_by("pk"):
        planned = to(due)
        if planned is None:
            due.state, due.error = Work.DONE, "no longer needed"
        elif planned == (due.occurrence, due.at):
            continue
        else:
            due.occurrence, due.at = planned
        moved.append(due)
    Due.objects.bulk_update(moved, ["occurrence", "at", "state", "error"])
