"""The undo of an import: what it changed is restored, and what it created is closed."""

from datetime import datetime
from itertools import chain

from django.db import transaction
from django.db.models import QuerySet

from history import operations as history
from history import undo as history_undo
from history.models import Event, new_batch
from kit.actor import Actor
from risklog.events import risk as events
from risklog.models import Import, Risk
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.acceptance import rows_of_end
from risklog.operations.import_saving import Note, finish, lock_applied, parts, unnoted
from risklog.states import ImportState, RiskState, RowResult

_CHANGED = "Somebody else changed it since"


@transaction.atomic
def undo(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Undo an applied import in one act. History keeps both. The result is in restored, closed and left.

    A value that the import changed is restored, and a risk that it created is closed, unless somebody has
    changed it since: the result says which, and why. Categories and tags that it created stay. Raises
    IllegalMove unless it is applied, ChangedMeanwhile.
    """
    lock_applied(found, seen)
    write(found, unnoted, by=by, at=at)
    return found


def write(found: Import, note: Note, *, by: Actor, at: datetime) -> None:
    """Undo what an import wrote, and store the result. note: called with the number of rows that are done."""
    by = Actor(by.person, "import", token=by.token)
    left: dict[str, str] = {}
    restored = _restore(found, left, note, by=by, at=at)
    closed = _close(found, left, lambda done: note(restored + done), by=by, at=at)
    found.restored, found.closed, found.left = restored, closed, left
    found.state, found.undone_at, found.problem = ImportState.UNDONE, at, ""
    finish(found)


def as_text(found: Import) -> str:
    """Return the result of an undo as a text for the person who asked for it."""
    text = f"Import undone: {found.restored} restored, {found.closed} closed"
    if found.left:
        text += f". Left: {history_undo.left_over({name: [why] for name, why in found.left.items()})}"
    return text


def _restore(found: Import, left: dict[str, str], note: Note, *, by: Actor, at: datetime) -> int:
    """Restore what the import changed on existing risks. Return the number of risks."""
    if found.batch is None or found.applied_at is None:
        return 0
    note(0)
    result, batch, done = risk_bulk_undo.plan(found.batch, found.applied_at, by=by), new_batch(), 0
    for part in parts(result.rows):
        risk_bulk.write(part, by=by, at=at, batch=batch)
        done += len(part)
        note(done)
    left |= {name: f"{_CHANGED}: {', '.join(fields)}" for name, fields in result.left.items()}
    left |= result.refused
    return result.count


def _close(found: Import, left: dict[str, str], note: Note, *, by: Actor, at: datetime) -> int:
    """Close the risks that the import created and nobody has changed since. Return their number."""
    rows = found.rows.filter(result=RowResult.NEW, risk__isnull=False).values("risk")
    risks = Risk.objects.filter(pk__in=rows).exclude(state=RiskState.CLOSED)
    rows_of_risks = risks.select_related("subject", "owner", "team").order_by("pk")
    created = list(rows_of_risks.select_for_update(of=("self",)))
    touched = _touched(risks, found)
    closing: dict[str, list[Risk]] = {}
    for risk in created:
        if risk.subject_id in touched:
            left[risk.reference] = _CHANGED
        elif not risk_bulk.may_change(risk, by):
            left[risk.reference] = risk_bulk.NO_RIGHT
        else:
            closing.setdefault(risk.state, []).append(risk)
    text = f"The import of {found.file_name} was undone."
    values = {"closing_evidence": text, "review_on": None, "accepted_until": None, "updated_at": at}
    payload = events.RiskClosed(reason=text)
    done = 0
    for risk in closing.pop(RiskState.ACCEPTED, []):  # each with its acceptance, which ends
        ends = rows_of_end(risk, by=by, at=at)
        history.move(risk, RiskState.CLOSED, by=by, at=at, values=values, payload=payload, rows=ends)
        done += 1
    for part in chain.from_iterable(parts(group) for group in closing.values()):
        history.move_many(part, RiskState.CLOSED, by=by, at=at, values=values, payload=payload)
        done += len(part)
        note(done)
    return len(created) - sum(risk.reference in left for risk in created)


def _touched(risks: QuerySet[Risk], found: Import) -> set[int]:
    """Return the ids of the subjects of which a person has written an event since the import."""
    since = Event.objects.filter(subject__in=risks.values("subject"), actor__isnull=False)
    return set(since.exclude(at=found.applied_at, via=Event.Via.IMPORT).values_list("subject", flat=True))
