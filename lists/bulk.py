"""A change of many rows of a list at once: the selected rows, and what happens to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from kit import references
from kit.refusals import Refused
from lists.specification import ListSpec, Reader

Obj = TypeVar("Obj")
MAX_ROWS = 1000
CHANGED_SINCE = "Somebody else changed it since. Select it again."


@dataclass(slots=True)
class PlannedChange(Generic[Obj]):
    """What happens to one row. changes: field -> (current value, new value). refusal: "" or the reason."""

    obj: Obj
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    refusal: str = ""

    @property
    def outcome(self) -> str:
        if self.refusal:
            return "refused"
        return "changed" if self.changes else "unchanged"


@dataclass(frozen=True, slots=True)
class BulkResult(Generic[Obj]):
    """rows: one for each selected row. batch: the id that its events share, None without events."""

    rows: list[PlannedChange[Obj]]
    batch: UUID | None = None

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)


def loaded(rows: QuerySet, noun: str, *, most: int = MAX_ROWS) -> list[Any]:
    """Return the rows, by id. noun: in the singular. Raises Refused for more than `most`."""
    found = list(rows.order_by("pk")[: most + 1])
    if len(found) > most:
        raise too_many(noun, most)
    return found


def too_many(noun: str, most: int = MAX_ROWS) -> Refused:
    return Refused(f"Select at most {most:,} {noun}s at a time. Narrow the list with filters.")


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def matching(spec: ListSpec, rows: QuerySet, query: Mapping[str, Sequence[str]], reader: Reader) -> QuerySet:
    """Return those of the rows that the filters of a query leave, without pages. Raises BadQuery."""
    return spec.apply(rows, spec.whole().read(query), reader)


def named(rows: QuerySet, keys: Sequence[str]) -> tuple[QuerySet, str]:
    """Return those of the rows that have these ids or references, and the first key that none has, or ""."""
    numbers = {number for key in keys if (number := references.as_id(key)) is not None}
    names = {key.upper() for key in keys if references.is_reference(key)}
    found = rows.filter(Q(pk__in=numbers) | Q(subject__reference__in=names))
    known = {str(value) for pair in found.values_list("pk", "subject__reference") for value in pair}
    return found, next((key for key in keys if key.upper() not in known), "")
