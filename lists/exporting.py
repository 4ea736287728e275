"""Export of a list: all rows that its filters leave, in its order, as a CSV, XLSX or JSON file.

A room declares one Export per noun, from its ListSpec and its columns. Pages and the API stream the same file
(pages.exporting, rest.exporting).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kit import references
from kit.sight import Visitor, sight_of
from lists.export_files import BOM, ExportColumn, Row, csv_chunks, json_chunks, xlsx_chunks
from lists.specification import BadQuery, ListSpec, Reader, Selection

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
# What a worker writes to disk in about half a minute.
MAX_SHEET_ROWS = 100_000
BATCH = 500


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file that is sent while it is made. name: with its ending. content_type: of HTTP.

    shown: the references in the rows that are made so far, for a reader whose reading is logged.
    """

    name: str
    content_type: str
    chunks: Iterator[bytes]
    shown: set[str]


@dataclass(frozen=True, slots=True)
class Export:
    """What the list of one noun exports.

    name: the first word of the file name. spec: the list. columns: all but the link, which comes last.
    values: a function from rows to the rows of .values() that the columns read. hide: a function from such
    rows and a user to the same rows, without what this user may not see. path: a function from a row to the
    path of its page. fixed: the names of columns that a choice of columns always has.
    """

    name: str
    spec: ListSpec
    columns: tuple[ExportColumn, ...]
    values: Callable[[QuerySet], QuerySet]
    path: Callable[[Row], str]
    hide: Callable[[list[dict[str, Any]], Visitor], list[dict[str, Any]]] = lambda rows, user: rows
    fixed: tuple[str, ...] = ()

    def read(self, query: Mapping[str, Sequence[str]]) -> tuple[Selection, str]:
        """Parse the query of the list with ?format=. Return the selection and the format, "csv" by default.

        Raises BadQuery for what the list does not know, for another format, and for paging parameters.
        """
        selection = self.spec.whole("format").read(query)
        form = query.get("format", ["csv"])[0]
        if form not in FORMATS:
            raise BadQuery({"format": f"Use one of {', '.join(FORMATS)}."})
        return selection, form

    def file(
        self,
        rows: QuerySet,
        selection: Selection,
        form: str,
        reader: Reader,
        *,
        site: str,
        is_for_spreadsheets: bool = False,
    ) -> ExportFile:
        """Return the file of those of `rows` that the selection asks for.

        rows: those that the reader may see. form: a key of FORMATS. site: the beginning of links, without a
        slash at its end. is_for_spreadsheets: mark CSV as UTF-8, which Excel needs and other programs do not
        expect. The query runs before this returns, so its errors are raised here. Raises BadQuery for a sheet
        of more than MAX_SHEET_ROWS rows.
        """
        chosen = self.spec.apply(rows, selection, reader)
        if form == "xlsx" and chosen.order_by().values("pk")[: MAX_SHEET_ROWS + 1].count() > MAX_SHEET_ROWS:
            fix = "Narrow the list with filters, or use csv or json."
            raise BadQuery({"format": f"A sheet takes at most {MAX_SHEET_ROWS:,} rows. {fix}"})
        ordered = self.values(chosen).order_by(*self.spec.keys_of(selection))
        shown: set[str] = set()
        batches = self._batches(ordered, reader.user, shown)
        link = ExportColumn("link", "Link", lambda row: site + self.path(row), width=36)
        columns = (*self.chosen(selection), link)
        if form == "csv":
            chunks = csv_chunks(columns, batches)
        elif form == "json":
            chunks = json_chunks(columns, batches)
        else:
            chunks = xlsx_chunks(columns, batches, title=self.name.capitalize(), at=reader.at)
        mark = BOM if is_for_spreadsheets and form == "csv" else b""
        return ExportFile(f"{self.name}-{reader.today}.{form}", FORMATS[form], _started(chunks, mark), shown)

    def chosen(self, selection: Selection) -> tuple[ExportColumn, ...]:
        """Return the columns that the selection asks for, in its order; all without a choice.

        Raises BadQuery for a column that only the page has, such as a drawing.
        """
        if not selection.columns:
            return self.columns
        known = {column.name: column for column in self.columns}
        if only_shown := [name for name in selection.columns if name not in known]:
            fix = f"Leave out {', '.join(only_shown)}: only the page draws it."
            raise BadQuery({"columns": fix})
        names = (*(name for name in self.fixed if name not in selection.columns), *selection.columns)
        return tuple(known[name] for name in names)

    def _batches(self, rows: QuerySet, user: Visitor, shown: set[str]) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows in lists. A cursor of the database keeps the rest, as they are at the first read.

        shown: gets the references in these rows, if the reader sees everything, as an auditor does.
        """
        is_logged = sight_of(user).everything

        def visible(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
            found = self.hide(batch, user)
            if is_logged:
                shown.update(*(references.found_in(str(row)) for row in found))
            return found

        batch: list[dict[str, Any]] = []
        for row in rows.iterator(chunk_size=BATCH):
            batch.append(row)
            if len(batch) == BATCH:
                yield visible(batch)
                batch = []
        yield visible(batch)


def _started(chunks: Iterator[bytes], mark: bytes) -> Iterator[bytes]:
    """Return the chunks after the first was made. mark: bytes before it."""
    first = next(chunks, b"")

    def all_of_them() -> Iterator[bytes]:
        yield mark + first
        yield from chunks

    return all_of_them()


__all__ = ["FORMATS", "MAX_SHEET_ROWS", "Export", "ExportColumn", "ExportFile"]
