"""Applies imports: all rows or none, in one transaction. import_run.py says who does it and when."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from history.models import new_batch
from kit.actor import Actor
from kit.refusals import IllegalMove, Refused
from lists.bulk import PlannedChange
from risklog import columns
from risklog.models import Category, Import, ImportFile
from risklog.operations import risk as risks
from risklog.operations import risk_bulk, taxonomy
from risklog.operations.import_saving import (
    Note,
    author_of,
    finish,
    lock,
    parts,
    save,
    store_results,
    today_of,
    unnoted,
)
from risklog.queries.import_plan import PlannedRow, plan
from risklog.states import ImportState, RowResult
from signals.states import SignalKind
from talk.operations import tag


def apply(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Create and change the risks of all rows, or of none, exactly as the check showed it.

    The rows are checked again first, because risks, people and rights can have changed. If a result differs,
    the new results are stored and nothing else is written. Raises IllegalMove then, Refused if a row is
    refused, ChangedMeanwhile.
    """
    with transaction.atomic():
        lock_checked(found, seen)
        refusal = write(found, unnoted, by=by, at=at)
        if refusal is not None:
            save(found)
    if refusal is not None:
        raise refusal
    return found


def lock_checked(found: Import, seen: int | None) -> None:
    """Lock an import that was checked. Raises IllegalMove, ChangedMeanwhile."""
    lock(found, seen)
    if found.state != ImportState.CHECKED:
        raise IllegalMove("Check the import first.", field="state")


def refuse(lines: Collection[int]) -> None:
    """Raise Refused if there are refused lines."""
    if lines:
        others = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
        raise Refused(
            f"Line {min(lines)} is refused{others}. Nothing was imported. Correct the file or leave the"
            " column out, and check again."
        )


# ------------------------------------------------------------------ the writes


def write(found: Import, note: Note, *, by: Actor, at: datetime) -> Refused | None:
    """Write the risks of an import. Returns why not, after it stored the new results of the rows.

    note: called with the number of rows that are done.
    """
    planned = plan(found, author_of(by), today=today_of(at), note=lambda steps: note(0))
    if differing := [one.row.line for one in planned if not one.is_as_stored]:
        store_results(planned)
        return IllegalMove(
            f"Something changed since the check, first for line {differing[0]}. Nothing was imported."
            " Read the new results and import again.",
            field="state",
        )
    refuse([one.row.line for one in planned if one.result == RowResult.REFUSED])
    write_planned(found, planned, note, by=by, at=at)
    return None


def write_planned(
    found: Import, planned: Sequence[PlannedRow], note: Note, *, by: Actor, at: datetime
) -> None:
    """Write rows of which none is refused, and store that the import is applied."""
    by = Actor(author_of(by), "import", token=by.token)
    _add_categories(planned, found, by=by, at=at)
    _write_risks(planned, found, note, by=by, at=at)
    store_results([one for one in planned if one.created or one.remarks != one.row.remarks])
    ImportFile.objects.filter(of=found).delete()
    found.state, found.applied_at, found.problem = ImportState.APPLIED, at, ""
    finish(found)


def _add_categories(planned: Sequence[PlannedRow], found: Import, *, by: Actor, at: datetime) -> None:
    """Create the missing categories, each once, and give them to their rows."""
    added: dict[str, Category] = {}
    for one in planned:
        if not one.new_category:
            continue
        key = columns.fold(one.new_category)
        if key not in added:
            added[key] = taxonomy.add(
                name=one.new_category,
                kind=SignalKind.DATA_QUALITY,
                definition=f"Added by the import of {found.file_name}. Describe what belongs here.",
                by=by,
                at=at,
            )
        one.values["category"] = added[key]


def _write_risks(
    planned: Sequence[PlannedRow], found: Import, note: Note, *, by: Actor, at: datetime
) -> None:
    """Create the new risks, then change the existing ones, in one batch. The import keeps it for its undo."""
    new = [one for one in planned if one.result == RowResult.NEW]
    changes = _changes_of(planned)
    done, batch, is_changed = len(planned) - len(new) - len(changes), new_batch(), False
    for part in parts(new):
        created = risks.add_many([one.values for one in part], by=by, at=at, batch=batch)
        for one, risk in zip(part, created, strict=True):
            one.created = risk
        done += len(part)
        note(done)
    for rows in parts(changes):
        is_changed = risk_bulk.write(rows, by=by, at=at, batch=batch) is not None or is_changed
        done += len(rows)
        note(done)
    found.batch = batch if is_changed else None


def _changes_of(planned: Sequence[PlannedRow]) -> list[PlannedChange]:
    """Return what is written on existing risks, by their ids, so that two imports lock them in one order."""
    changed = [one for one in planned if one.result == RowResult.CHANGED and one.risk is not None]
    kept = {name for one in changed if one.risk is not None for name in one.risk.tags}
    admitted = tag.admit_each([one.values.get("tags", ()) for one in changed], kept=kept)
    rows = []
    for one, tags in zip(changed, admitted, strict=True):
        risk: Any = one.risk
        values = {**one.values, "tags": tags} if "tags" in one.values else one.values
        rows.append(
            PlannedChange(
                risk,
                {
                    name: (getattr(risk, name), value)
                    for name, value in values.items()
                    if getattr(risk, name) != value
                },
            )
        )
    return sorted(rows, key=lambda row: row.obj.pk)
