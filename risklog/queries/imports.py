"""Reading imports: those of one person, and the rows of one as its page and the API show them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from history.states import Work
from kit import progress
from kit.sight import Visitor
from risklog.columns import COLUMNS
from risklog.models import Import, ImportRow, ImportRun, Risk
from risklog.states import ImportState, ImportTask, RowResult

LABELS = {**{name: column.label for name, column in COLUMNS.items()}, "level": "Level"}


def of_author(user: Visitor) -> QuerySet[Import]:
    """Return the imports of a person. Nobody sees those of others."""
    return Import.objects.filter(author_id=user.pk).select_related("category")


def rows_of(found: Import) -> QuerySet[ImportRow]:
    return found.rows.select_related("risk__subject")


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of rows by result. unchecked: rows without a result."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    unchecked: int = 0

    @property
    def total(self) -> int:
        return self.new + self.changed + self.unchanged + self.refused + self.unchecked

    @property
    def written(self) -> int:
        return self.new + self.changed

    def of(self, result: str) -> int:
        return int(getattr(self, result))


def counts(found: Import) -> Counts:
    """Return the counts of an import. One query."""
    return counts_of([found.pk])[found.pk]


def counts_of(ids: Sequence[int]) -> dict[int, Counts]:
    """Return the counts of each of these imports. One query."""
    rows = ImportRow.objects.filter(of__in=ids).order_by()
    numbers: dict[int, dict[str, int]] = {pk: {} for pk in ids}
    for pk, result, number in rows.values_list("of_id", "result").annotate(number=Count("id")):
        numbers[pk][result or "unchecked"] = number
    return {pk: Counts(**found) for pk, found in numbers.items()}


_HEADINGS = {
    ImportTask.CHECK: "Checking",
    ImportTask.APPLY: "Importing",
    ImportTask.CHECK_AND_APPLY: "Checking and importing",
    ImportTask.UNDO: "Undoing",
}
_IMPORT_CONTINUES = "You can leave this page: the import continues. The risks appear when all rows are done."
_EXPLANATIONS = {
    ImportTask.CHECK: "You can leave this page: the check continues. It writes nothing to the risk log.",
    ImportTask.APPLY: _IMPORT_CONTINUES,
    ImportTask.CHECK_AND_APPLY: _IMPORT_CONTINUES,
    ImportTask.UNDO: "You can leave this page: the undo continues. The risks change when all rows are done.",
}


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far a worker is with a task of an import: rows done of rows in all.

    is_begun: whether a worker has it. is_repeated: whether an earlier try ended without a result.
    """

    task: ImportTask
    done: int
    total: int
    is_begun: bool
    is_repeated: bool

    @property
    def heading(self) -> str:
        return _HEADINGS[self.task]

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self.task]

    @property
    def quarters(self) -> int:
        """Return the percentage in steps of 25, which a screen reader announces."""
        return 25 * (4 * self.done // self.total) if self.total else 0


def progress_of(ids: Sequence[int]) -> dict[int, ImportProgress]:
    """Return the progress of those of these imports of which a worker has a task. One query."""
    runs = list(ImportRun.objects.filter(of__in=ids, state__in=[Work.PENDING, Work.CLAIMED]))
    done = progress.of_each(str(run.claim) for run in runs if run.claim)
    return {
        run.of_id: ImportProgress(
            ImportTask(run.task),
            min(done.get(str(run.claim), 0), run.rows),
            run.rows,
            run.state == Work.CLAIMED,
            run.tries > (run.state == Work.CLAIMED),
        )
        for run in runs
    }


def progress_for(found: Import) -> ImportProgress | None:
    """Return the progress of an import, None unless a worker has a task. One query, or two without a run."""
    if not found.is_running:
        return None
    one = progress_of([found.pk]).get(found.pk)
    task = _TASK_OF[ImportState(found.state)]
    return one or ImportProgress(task, 0, found.rows.count(), is_begun=False, is_repeated=False)


_TASK_OF = {
    ImportState.CHECKING: ImportTask.CHECK,
    ImportState.APPLYING: ImportTask.APPLY,
    ImportState.UNDOING: ImportTask.UNDO,
}


def left_of(found: Iterable[Mapping[str, Any]], user: Visitor) -> list[dict[str, str]]:
    """Return what the undo of each of these imports left as it is: reference -> why. One query.

    found: rows with `left`. A risk that the person may not see (any more) is left out.
    """
    left: list[dict[str, str]] = [row["left"] for row in found]
    named = {reference for one in left for reference in one}
    rows = Risk.objects.visible_to(user).filter(subject__reference__in=named)
    visible = set(rows.values_list("subject__reference", flat=True)) if named else set()
    return [{reference: why for reference, why in one.items() if reference in visible} for one in left]


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value that is written. before: "" for a new risk."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is refused. column: the header of the column at fault, "" for the row as a whole."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A row as its page shows it."""

    line: int
    result: RowResult
    risk: Any
    changes: list[ValueChange]
    problems: list[RowProblem]
    remarks: list[str]


HIDDEN = "This risk is no longer visible to you. Check again."


def hidden_risks(ids: Iterable[int | None], user: Visitor) -> set[int]:
    """Return which of these risks the person may not see (any more). One query."""
    wanted = {pk for pk in ids if pk is not None}
    return wanted - set(Risk.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))


def lines(rows: Sequence[ImportRow], header: Sequence[str], user: Visitor) -> Iterator[ImportLine]:
    """Yield checked rows as a page shows them, without the values of hidden risks. One query."""
    hidden = hidden_risks((row.risk_id for row in rows), user)
    for row in rows:
        if row.risk_id in hidden:
            yield ImportLine(row.line, RowResult.REFUSED, None, [], [RowProblem("", HIDDEN)], [])
            continue
        yield ImportLine(
            row.line,
            RowResult(row.result or RowResult.REFUSED),
            row.risk,
            [ValueChange(LABELS[name], before, after) for name, before, after in row.changes],
            [RowProblem("" if place is None else header[place], message) for place, message in row.problems],
            row.remarks,
        )
