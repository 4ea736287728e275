"""The undo of an import: what it changed is restored, and what it created is closed."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from history import operations as history
from history import undo as history_undo
from history.models import Event
from kit.actor import Actor
from kit.refusals import IllegalMove
from risklog import events
from risklog.models import Import, Risk
from risklog.operations import risk_bulk, risk_bulk_undo
from risklog.operations.acceptance import rows_of_end
from risklog.operations.import_saving import lock_applied
from risklog.states import ImportState, RiskState, RowResult

_CHANGED = "Somebody else changed it since"


@dataclass(frozen=True, slots=True)
class ImportUndo:
    """The result of an undo. restored, closed: how many risks. left: reference -> why it stays as it is."""

    restored: int
    closed: int
    left: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def undo(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> ImportUndo:
    """Undo an applied import in one act. History keeps both.

    A value that the import changed is restored, and a risk that it created is closed, unless somebody has
    changed it since: the result says which, and why. Categories and tags that it created stay. Raises
    IllegalMove unless it is applied, ChangedMeanwhile.
    """
    lock_applied(found, seen)
    if found.state != ImportState.APPLIED:
        raise IllegalMove("This import was undone already.", field="state")
    by = Actor(by.person, "import", token=by.token)
    left: dict[str, str] = {}
    restored = _restore(found, left, by=by, at=at)
    closed = _close(found, left, by=by, at=at)
    found.state, found.undone_at = ImportState.UNDONE, at
    found.version += 1
    found.save(update_fields=["state", "undone_at", "version"])
    return ImportUndo(restored, closed, left)


def as_text(result: ImportUndo) -> str:
    """Return the result as a text for the person who undid it."""
    text = f"Import undone: {result.restored} restored, {result.closed} closed"
    if result.left:
        text += f". Left: {history_undo.left_over({name: [why] for name, why in result.left.items()})}"
    return text


def _restore(found: Import, left: dict[str, str], *, by: Actor, at: datetime) -> int:
    """Restore what the import changed on existing risks. Return the number of risks."""
    if found.batch is None or found.applied_at is None:
        return 0
    result = risk_bulk_undo.undo(found.batch, found.applied_at, by=by, at=at)
    left |= {name: f"{_CHANGED}: {', '.join(fields)}" for name, fields in result.left.items()}
    left |= result.refused
    return result.count


def _close(found: Import, left: dict[str, str], *, by: Actor, at: datetime) -> int:
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
    for risk in closing.pop(RiskState.ACCEPTED, []):  # each with its acceptance, which ends
        ends = rows_of_end(risk, by=by, at=at)
        history.move(risk, RiskState.CLOSED, by=by, at=at, values=values, payload=payload, rows=ends)
    for group in closing.values():
        history.move_many(group, RiskState.CLOSED, by=by, at=at, values=values, payload=payload)
    return len(created) - sum(risk.reference in left for risk in created)


def _touched(risks: QuerySet[Risk], found: Import) -> set[int]:
    """Return the ids of the subjects of which a person has written an event since the import."""
    since = Event.objects.filter(subject__in=risks.values("subject"), actor__isnull=False)
    return set(since.exclude(at=found.applied_at, via=Event.Via.IMPORT).values_list("subject", flat=True))
