"""Applies imports: all rows or none, in one transaction. A short one in the request, a long one in a worker.

A long import has an ImportRun, which a worker claims, tries and settles as history/claims.py describes. Its
receipt and all its writes are one transaction. So a worker that is killed leaves nothing half imported, the
run is tried again, and the risks are written once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from history import claims
from history.claims import Tally
from history.models import new_batch
from history.states import Work
from kit import bell, progress
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may
from lists.bulk import PlannedChange
from people.models import User
from people.states import TokenScope
from risklog import columns
from risklog.models import Category, Import, ImportFile, ImportRun
from risklog.operations import risk as risks
from risklog.operations import risk_bulk, taxonomy
from risklog.operations.import_saving import author_of, lock, save, store_results, today_of
from risklog.queries.import_plan import PlannedRow, plan
from risklog.states import ImportState, RowResult
from signals.states import SignalKind
from talk.operations import tag

# Rows that are applied in the request. They take less than a second.
AT_ONCE = 200
# Rows that are written together. The progress is noted after each part.
_PART = 250
_GIVEN_UP = (
    f"The import failed {ImportRun.MAX_TRIES} times for a technical reason. Nothing was imported. Import"
    " again, and tell an administrator if it fails again."
)

Note = Callable[[int], None]
Row = TypeVar("Row")


def start(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Apply an import of at most AT_ONCE rows, and let a worker apply a longer one.

    The state is APPLIED or APPLYING then. Raises as apply() does.
    """
    rows = found.rows.count()
    if rows <= AT_ONCE:
        return apply(found, by=by, at=at, seen=seen)
    with transaction.atomic():
        _lock_checked(found, seen)
        _refuse(list(found.rows.filter(result=RowResult.REFUSED).values_list("line", flat=True)))
        ImportRun.objects.create(of=found, asked_at=at, token=by.token, rows=rows)
        found.state, found.problem = ImportState.APPLYING, ""
        save(found)
        bell.ring_after_commit()
    return found


def apply(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Create and change the risks of all rows, or of none, exactly as the check showed it.

    The rows are checked again first, because risks, people and rights can have changed. If a result differs,
    the new results are stored and nothing else is written. Raises IllegalMove then, Refused if a row is
    refused, ChangedMeanwhile.
    """
    with transaction.atomic():
        _lock_checked(found, seen)
        refusal = _write(found, lambda done: None, by=by, at=at)
        if refusal is not None:
            save(found)
    if refusal is not None:
        raise refusal
    return found


def _lock_checked(found: Import, seen: int | None) -> None:
    lock(found, seen)
    if found.state != ImportState.CHECKED:
        raise IllegalMove("Check the import first.", field="state")


def _refuse(lines: Sequence[int]) -> None:
    """Raise Refused if there are refused lines."""
    if lines:
        others = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
        raise Refused(
            f"Line {min(lines)} is refused{others}. Nothing was imported. Correct the file or leave the"
            " column out, and check again."
        )


# ------------------------------------------------------------------ the work of a worker


def run_due(*, at: datetime, seconds: float = 10.0) -> Tally:
    """Apply the long imports that wait, oldest first. Begins none after `seconds`. Safe in parallel.

    Does nothing while another worker applies one, so that a long import never occupies all workers.
    """
    total, ends = Tally(), time.monotonic() + seconds
    while time.monotonic() < ends and not _is_running():
        runs = claims.claim(ImportRun.objects.order_by("not_before", "id"), limit=1)
        if not runs:
            break
        total += apply_claimed(runs[0], at=at)
    _return_dead()
    return total


def is_waiting() -> bool:
    """Return True if an import waits that no worker has claimed."""
    return ImportRun.objects.filter(state=Work.PENDING, not_before__lte=Now()).exists()


def apply_claimed(run: ImportRun, *, at: datetime) -> Tally:
    """Apply the import of a claimed run, once. Does nothing if the claim was lost."""
    return claims.run(run, lambda row: _apply_of(row, max(at, row.asked_at)), settle_first=True)


def _is_running() -> bool:
    return ImportRun.objects.filter(state=Work.CLAIMED, lease_until__gt=Now()).exists()


def _apply_of(run: ImportRun, at: datetime) -> None:
    """Apply an import in the present transaction, or return it to its author with the reason why not."""
    found = Import.objects.select_related("category").get(pk=run.of_id)
    try:
        by = _actor_of(run, found, at)
        with transaction.atomic():  # a savepoint: a refusal leaves nothing of what was written before it
            refusal = _write(found, partial(progress.note, str(run.claim)), by=by, at=at)
    except ChangedMeanwhile:
        found = Import.objects.select_related("category").get(pk=run.of_id)
        store_results(plan(found, author_of(by), today=today_of(at)))
        refusal = Refused(
            "Somebody changed one of the risks at the same moment. Nothing was imported. Read the new results"
            " and import again."
        )
    except Refused as error:
        refusal = error
    if refusal is not None:
        found = Import.objects.get(pk=run.of_id)
        found.state, found.problem = ImportState.CHECKED, refusal.message
        save(found)


def _actor_of(run: ImportRun, found: Import, at: datetime) -> Actor:
    """Return the author, as history names them. Raises Refused if they may not import any more."""
    author = User.objects.with_sight().get(pk=found.author_id)
    token = run.token
    if token is not None:
        if token.revoked_at is not None or token.expires_at <= at:
            raise Refused(
                "The token that started the import is revoked or has expired. Nothing was imported. Start it"
                " again with a valid one."
            )
        author.token_scope = TokenScope(token.scope)
    if not may(author, "risklog.risk_import", found):
        raise Refused("You may not import risks any more. Nothing was imported. Ask an administrator.")
    return Actor(author, "import", token=token)


def _return_dead() -> None:
    """Return the imports whose run is dead to their authors. An import that is applied has an open run."""
    is_open = ImportRun.objects.filter(state__in=[Work.PENDING, Work.CLAIMED])
    applying = Import.objects.filter(state=ImportState.APPLYING)
    applying.exclude(pk__in=is_open.values("of")).update(
        state=ImportState.CHECKED, problem=_GIVEN_UP, version=F("version") + 1
    )


# ------------------------------------------------------------------ the writes


def _write(found: Import, note: Note, *, by: Actor, at: datetime) -> Refused | None:
    """Write the risks of an import. Returns why not, after it stored the new results of the rows.

    note: called with the number of rows that are done.
    """
    author = author_of(by)
    planned = plan(found, author, today=today_of(at))
    if differing := [one.row.line for one in planned if not one.is_as_stored]:
        store_results(planned)
        return IllegalMove(
            f"Something changed since the check, first for line {differing[0]}. Nothing was imported."
            " Read the new results and import again.",
            field="state",
        )
    _refuse([one.row.line for one in planned if one.result == RowResult.REFUSED])
    by = Actor(author, "import", token=by.token)
    _add_categories(planned, found, by=by, at=at)
    _write_risks(planned, found, note, by=by, at=at)
    store_results([one for one in planned if one.created or one.remarks != one.row.remarks])
    found.state, found.applied_at, found.problem = ImportState.APPLIED, at, ""
    save(found)
    ImportFile.objects.filter(of=found).delete()
    return None


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
    for part in _parts(new):
        created = risks.add_many([one.values for one in part], by=by, at=at, batch=batch)
        for one, risk in zip(part, created, strict=True):
            one.created = risk
        done += len(part)
        note(done)
    for rows in _parts(changes):
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


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for first in range(0, len(rows), _PART):
        yield rows[first : first + _PART]
