"""Locking and saving of imports, and of the results of their rows, for all operations on imports."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar

from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.updates import update_rows
from people import queries as people
from people.models import User
from risklog.models import Import
from risklog.queries.import_plan import PlannedRow
from risklog.states import ImportState

# Called with the number of rows that are done. It raises Cancelled if the work must stop.
Note = Callable[[int], None]
Row = TypeVar("Row")
# Rows that are written together. The progress is noted after each part, and a cancelled task stops there.
_PART = 250
_CANCELLED = {
    ImportState.CHECKING: "You cancelled the check. The sheet is as it was read.",
    ImportState.APPLYING: "You cancelled the import. Nothing was imported.",
    ImportState.UNDOING: "You cancelled the undo. Nothing was undone.",
}


class Cancelled(Refused):
    """The author of an import cancelled what a worker does with it. Nothing of it is kept."""

    def __init__(self, found: Import) -> None:
        super().__init__(_CANCELLED[ImportState(found.state)])


def unnoted(done: int) -> None:
    """Note no progress: the author waits for the answer of the request."""


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for first in range(0, len(rows), _PART):
        yield rows[first : first + _PART]


def author_of(by: Actor) -> User:
    """Return the person whose rights decide what an import may do."""
    if by.person is None:
        raise ValueError("An import needs a person, whose rights decide what it may do.")
    return by.person


def today_of(at: datetime) -> date:
    """Return the day of the organisation, in whose time zone acceptances end."""
    return at.astimezone(people.zone_of(None)).date()


def lock(found: Import, seen: int | None) -> None:
    """Lock an import that waits for its author.

    Raises ChangedMeanwhile at another version, IllegalMove if it was applied or a worker has a task of it.
    """
    present = _locked(found)
    if present.is_applied:
        raise IllegalMove("This import is finished. Upload the file again to repeat it.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import was checked again meanwhile. Read its results.", present=present)


def lock_applied(found: Import, seen: int | None) -> None:
    """Lock an import that was applied and not undone. Raises IllegalMove otherwise, ChangedMeanwhile."""
    present = _locked(found)
    if not present.is_applied:
        raise IllegalMove("Nothing was imported yet.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import changed meanwhile. Reload its page.", present=present)
    if present.state != ImportState.APPLIED:
        raise IllegalMove("This import was undone already.", field="state")


def _locked(found: Import) -> Import:
    """Lock an import and return its row. Raises IllegalMove while a worker has a task of it."""
    present = Import.objects.select_for_update().get(pk=found.pk)
    if present.is_running:
        raise IllegalMove("This import is running. Its page shows how far it is.", field="state")
    return present


def finish(found: Import) -> None:
    """Store what an operation or a worker made of an import. Raises Cancelled if its author cancelled it.

    The row is locked from here to the commit. Who cancels it meanwhile waits and is told that it is complete.
    """
    present = Import.objects.select_for_update().get(pk=found.pk)
    if present.is_running and present.cancel_asked_at:
        raise Cancelled(present)
    save(found)


def save(found: Import) -> None:
    """Store an import as its next version."""
    found.version += 1
    found.save()


def store_results(planned: Sequence[PlannedRow], note: Note = unnoted) -> None:
    """Store what happens, or happened, with each of these rows."""
    fields, done = ["result", "risk", "changes", "problems", "remarks"], 0
    for part in parts(planned):
        for one in part:
            row = one.row
            row.result, row.risk = one.result, one.risk or one.created
            row.changes, row.problems, row.remarks = one.changes, one.problems, one.remarks
        update_rows([one.row for one in part], fields)
        done += len(part)
        note(done)
