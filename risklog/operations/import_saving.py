"""Locking and saving of imports, and of the results of their rows, for all operations on imports."""

from collections.abc import Sequence
from datetime import date, datetime

from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove
from kit.updates import update_rows
from people import queries as people
from people.models import User
from risklog.models import Import
from risklog.queries.import_plan import PlannedRow
from risklog.states import ImportState


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

    Raises ChangedMeanwhile at another version, IllegalMove if it was applied or is being applied.
    """
    present = Import.objects.select_for_update().get(pk=found.pk)
    if present.state == ImportState.APPLYING:
        raise IllegalMove("This import is running. Its page shows how far it is.", field="state")
    if present.is_applied:
        raise IllegalMove("This import is finished. Upload the file again to repeat it.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import was checked again meanwhile. Read its results.", present=present)


def lock_applied(found: Import, seen: int | None) -> None:
    """Lock an import that was applied. Raises IllegalMove if it was not, ChangedMeanwhile."""
    present = Import.objects.select_for_update().get(pk=found.pk)
    if not present.is_applied:
        raise IllegalMove("Nothing was imported yet.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import changed meanwhile. Reload its page.", present=present)


def save(found: Import) -> None:
    """Store an import as its next version."""
    found.version += 1
    found.save()


def store_results(planned: Sequence[PlannedRow]) -> None:
    """Store what happens, or happened, with each of these rows."""
    for one in planned:
        row = one.row
        row.result, row.risk = one.result, one.risk or one.created
        row.changes, row.problems, row.remarks = one.changes, one.problems, one.remarks
    fields = ["result", "risk", "changes", "problems", "remarks"]
    update_rows([one.row for one in planned], fields)
