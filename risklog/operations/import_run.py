"""The work on imports: a short one is checked, applied and undone in the request, a long one by a worker.

Each task of a worker has an ImportRun, which is claimed, tried and settled as history/claims.py describes.
Its receipt and all its writes are one transaction. So a worker that is killed leaves nothing half done, the
run is tried again, and the rows are written once. The author can cancel it until that transaction ends.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from history import claims
from history.claims import Tally
from history.states import Work
from kit import bell, progress
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.rights import may
from people.models import User
from people.states import TokenScope
from risklog.models import Import, ImportRun
from risklog.operations import import_apply, import_check, import_undo
from risklog.operations.import_saving import Cancelled, Note, finish, lock, lock_applied, save
from risklog.states import RUNNING_IMPORTS, ImportState, ImportTask, RowResult

# Rows that are checked, applied or undone in the request. They take less than a second.
AT_ONCE = 200
_STATE = {
    ImportTask.CHECK: ImportState.CHECKING,
    ImportTask.APPLY: ImportState.APPLYING,
    ImportTask.CHECK_AND_APPLY: ImportState.APPLYING,
    ImportTask.UNDO: ImportState.UNDOING,
}
# By the state of an import: what a task that ended without a result did, and what its author does next.
_NOTHING = {
    ImportState.CHECKING: "Nothing was checked.",
    ImportState.APPLYING: "Nothing was imported.",
    ImportState.UNDOING: "Nothing was undone.",
}
_AGAIN = {
    ImportState.CHECKING: "Check again",
    ImportState.APPLYING: "Import again",
    ImportState.UNDOING: "Undo again",
}
_COMPLETE = {
    ImportState.CHECKED: "The check is complete. Nothing is imported yet.",
    ImportState.APPLIED: "The import is complete. Undo it instead.",
    ImportState.UNDONE: "The undo is complete.",
}


# ------------------------------------------------------------------ what the author asks for


def check(
    found: Import,
    *,
    mapping: Sequence[str],
    by: Actor,
    at: datetime,
    seen: int | None = None,
    **settings: Any,
) -> Import:
    """Check an import of at most AT_ONCE rows, and let a worker check a longer one.

    The state is CHECKED or CHECKING then. Raises as import_check.check() does.
    """
    rows = found.rows.count()
    if rows <= AT_ONCE:
        return import_check.check(found, mapping=mapping, by=by, at=at, seen=seen, **settings)
    with transaction.atomic():
        lock(found, seen)
        import_check.choose(found, mapping=mapping, **settings)
        import_check.forget_results(found)
        _ask(found, ImportTask.CHECK, rows, by=by, at=at)
    return found


def check_and_apply(
    found: Import, *, mapping: Sequence[str], by: Actor, at: datetime, **settings: Any
) -> Import:
    """Check an import, and apply it unless a row is refused: as check() and apply(), in one task."""
    rows = found.rows.count()
    if rows > AT_ONCE:
        with transaction.atomic():
            lock(found, None)
            import_check.choose(found, mapping=mapping, **settings)
            import_check.forget_results(found)
            _ask(found, ImportTask.CHECK_AND_APPLY, rows, by=by, at=at)
        return found
    import_check.check(found, mapping=mapping, by=by, at=at, **settings)
    is_refused = found.rows.filter(result=RowResult.REFUSED).exists()
    return found if is_refused else import_apply.apply(found, by=by, at=at)


def apply(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Apply an import of at most AT_ONCE rows, and let a worker apply a longer one.

    The state is APPLIED or APPLYING then. Raises as import_apply.apply() does.
    """
    rows = found.rows.count()
    if rows <= AT_ONCE:
        return import_apply.apply(found, by=by, at=at, seen=seen)
    with transaction.atomic():
        import_apply.lock_checked(found, seen)
        import_apply.refuse(found.rows.filter(result=RowResult.REFUSED).values_list("line", flat=True))
        _ask(found, ImportTask.APPLY, rows, by=by, at=at)
    return found


def undo(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Undo an import of at most AT_ONCE written rows, and let a worker undo a longer one.

    The state is UNDONE or UNDOING then. Raises as import_undo.undo() does.
    """
    rows = found.rows.filter(result__in=[RowResult.NEW, RowResult.CHANGED]).count()
    if rows <= AT_ONCE:
        return import_undo.undo(found, by=by, at=at, seen=seen)
    with transaction.atomic():
        lock_applied(found, seen)
        _ask(found, ImportTask.UNDO, rows, by=by, at=at)
    return found


def _ask(found: Import, task: ImportTask, rows: int, *, by: Actor, at: datetime) -> None:
    """Store a task for a worker, and that the import waits for it."""
    ImportRun.objects.create(of=found, task=task, asked_at=at, token=by.token, rows=rows)
    found.state, found.problem, found.cancel_asked_at = _STATE[task], "", None
    save(found)
    bell.ring_after_commit()


@transaction.atomic
def cancel(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Cancel what a worker does with an import. Nothing of it is kept.

    If no worker has begun, or the worker died, it is cancelled now. Otherwise the worker stops at its next
    part. Asked again, it is not refused. Raises IllegalMove if the work is complete.

    seen: not compared. The end of the work makes a new version, and the author is told that it is complete.
    """
    present = Import.objects.select_for_update().get(pk=found.pk)
    if not present.is_running and not present.is_cancelled:
        text = _COMPLETE.get(ImportState(present.state), "Nothing of this import is running.")
        raise IllegalMove(text, field="state")
    if present.is_running:
        open_runs = ImportRun.objects.filter(of=present, state__in=[Work.PENDING, Work.CLAIMED])
        # A worker locks its run as long as it works, and a lock ends with the connection of a dead worker.
        idle = open_runs.select_for_update(skip_locked=True, of=("self",)).first()
        present.cancel_asked_at = present.cancel_asked_at or at
        if idle is None and open_runs.exists():
            present.save(update_fields=["cancel_asked_at"])
        else:
            open_runs.update(state=Work.DONE, claim=None, lease_until=None, settled_at=at, error="Cancelled")
            _return(present, Cancelled(present))
    found.refresh_from_db()
    return found


# ------------------------------------------------------------------ the work of a worker


def run_due(*, at: datetime, seconds: float = 10.0) -> Tally:
    """Do the tasks that wait, oldest first. Begins none after `seconds`. Safe in parallel.

    Does nothing while another worker has one, so that long imports never occupy all workers.
    """
    total, ends = Tally(), time.monotonic() + seconds
    while time.monotonic() < ends and not _is_running():
        runs = claims.claim(ImportRun.objects.order_by("not_before", "id"), limit=1)
        if not runs:
            break
        total += run_claimed(runs[0], at=at)
    _return_dead()
    return total


def is_waiting() -> bool:
    """Return True if a task waits that no worker has claimed."""
    return ImportRun.objects.filter(state=Work.PENDING, not_before__lte=Now()).exists()


def run_claimed(run: ImportRun, *, at: datetime) -> Tally:
    """Do a claimed task once. Does nothing if the claim was lost."""
    return claims.run(run, lambda row: _work_on(row, max(at, row.asked_at)), settle_first=True)


def _is_running() -> bool:
    return ImportRun.objects.filter(state=Work.CLAIMED, lease_until__gt=Now()).exists()


def _work_on(run: ImportRun, at: datetime) -> None:
    """Do a task in the present transaction, or return the import to its author with the reason why not."""
    refusal: Refused | None
    try:
        found = _import_of(run)
        by, note = _actor_of(run, found, at), _noted(run)
        note(0)
        with transaction.atomic():  # a savepoint: a refusal leaves nothing of what was written before it
            refusal = _TASKS[ImportTask(run.task)](found, note, by=by, at=at)
    except ChangedMeanwhile:
        refusal = _overtaken(run, by=by, at=at)
    except Refused as error:
        refusal = error
    if refusal is not None:
        _return(Import.objects.select_for_update().get(pk=run.of_id), refusal)


def _import_of(run: ImportRun) -> Import:
    return Import.objects.select_related("category").get(pk=run.of_id)


def _noted(run: ImportRun) -> Note:
    """Return what a task calls after each part. It raises Refused if the task must stop there."""

    def note(done: int) -> None:
        progress.note(str(run.claim), done)
        present = Import.objects.select_related("author").get(pk=run.of_id)
        if present.cancel_asked_at is not None:
            raise Cancelled(present)
        if not present.author.is_active:
            raise _without_right(present)

    return note


def _check(found: Import, note: Note, *, by: Actor, at: datetime) -> None:
    import_check.store_check(found, note, by=by, at=at)
    finish(found)


def _check_and_apply(found: Import, note: Note, *, by: Actor, at: datetime) -> None:
    """Store the results of the check first: they stay if a row is refused."""
    planned = import_check.store_check(found, lambda done: note(0), by=by, at=at)
    if any(one.result == RowResult.REFUSED for one in planned):
        finish(found)
    else:
        import_apply.write_planned(found, planned, note, by=by, at=at)


def _undo(found: Import, note: Note, *, by: Actor, at: datetime) -> None:
    import_undo.write(found, note, by=by, at=at)


# Each returns why it did nothing, or None.
_TASKS: dict[ImportTask, Any] = {
    ImportTask.CHECK: _check,
    ImportTask.APPLY: import_apply.write,
    ImportTask.CHECK_AND_APPLY: _check_and_apply,
    ImportTask.UNDO: _undo,
}


def _overtaken(run: ImportRun, *, by: Actor, at: datetime) -> Refused:
    """Return the reason if somebody changed a risk at the same moment, after the rows have new results."""
    found = _import_of(run)
    state, then = ImportState(found.state), ""
    if state == ImportState.APPLYING:
        import_check.store_check(found, lambda done: None, by=by, at=at)
        Import.objects.filter(pk=found.pk).update(checked_at=found.checked_at)
        then = "Read the new results. "
    return Refused(
        f"Somebody changed one of the risks at the same moment. {_NOTHING[state]} {then}{_AGAIN[state]}."
    )


def _actor_of(run: ImportRun, found: Import, at: datetime) -> Actor:
    """Return the author, as history names them. Raises Refused if they may not import any more."""
    author = User.everyone.with_sight().get(pk=found.author_id)
    token, state = run.token, ImportState(found.state)
    if token is not None:
        if token.revoked_at is not None or token.expires_at <= at:
            raise Refused(
                "The token that started the import is revoked or has expired."
                f" {_NOTHING[state]} {_AGAIN[state]} with a valid one."
            )
        author.token_scope = TokenScope(token.scope)
    if not may(author, "risklog.risk_import", found):
        raise _without_right(found)
    return Actor(author, "import", token=token)


def _without_right(found: Import) -> Refused:
    nothing = _NOTHING[ImportState(found.state)]
    return Refused(f"You may not import risks any more. {nothing} Ask an administrator.")


def _return(found: Import, refusal: Refused) -> None:
    """Return a locked import to its author, in the state from before the task, with the reason."""
    found.state, found.problem = found.resting_state, refusal.message
    if not isinstance(refusal, Cancelled):
        found.cancel_asked_at = None
    save(found)


@transaction.atomic
def _return_dead() -> None:
    """Return the imports whose run is dead to their authors. Others that run have an open run."""
    is_open = ImportRun.objects.filter(state__in=[Work.PENDING, Work.CLAIMED])
    running = Import.objects.filter(state__in=RUNNING_IMPORTS).exclude(pk__in=is_open.values("of"))
    for found in running.select_for_update(skip_locked=True):
        if found.cancel_asked_at is not None:
            _return(found, Cancelled(found))
            continue
        state = ImportState(found.state)
        tries = f"This failed {ImportRun.MAX_TRIES} times for a technical reason."
        then = f"{_AGAIN[state]}, and tell an administrator if it fails again."
        _return(found, Refused(f"{tries} {_NOTHING[state]} {then}"))
