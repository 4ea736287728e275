"""The files of an export: CSV, XLSX and JSON, written from rows one batch at a time, so memory stays flat."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeAlias

import orjson
import xlsxwriter
from django.urls import reverse

Row: TypeAlias = Mapping[str, Any]
Value: TypeAlias = str | int | date | datetime | list[str] | tuple[str, ...] | None
# A program of spreadsheets takes a cell that begins with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MAX_CELL = 32_767  # the longest text of a cell in XLSX
CUT = "… (cut: this cell is full)"
BOM = b"\xef\xbb\xbf"
YES_NO = {True: "Yes", False: "No"}
_JSON = orjson.OPT_UTC_Z
_FILE_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an export.

    name: its key in JSON. label: its heading in CSV and XLSX. value: a function from a row to the value, as
    the API gives it. labels: value -> text, where CSV and XLSX show a text in its place. width: its width in
    XLSX, in characters. text: a function from a row to that text, where labels do not know it.
    """

    name: str
    label: str
    value: Callable[[Row], Value]
    labels: Mapping[Any, str] = field(default_factory=dict)
    width: int = 14
    text: Callable[[Row], str] | None = None

    def reads(self) -> Callable[[Row], Value]:
        """Return a function from a row to the value of a cell, with labels for choices.

        A file asks once for each column, because a call for each cell is most of the work.
        """
        if self.text is not None:
            return self.text
        read, labels = self.value, self.labels
        if not labels:
            return read

        def labelled(row: Row) -> Value:
            value = read(row)
            return labels.get(value, value)

        return labelled


def column_of(name: str, label: str, width: int = 16, *, key: str = "", **labels: Any) -> ExportColumn:
    """Return the column of one value of the row. key: its name in the row, where it differs."""
    return ExportColumn(name, label, itemgetter(key or name), width=width, **labels)


def page_below(list_name: str, *, key: str = "reference") -> Callable[[Row], str]:
    """Return a function from a row to the path of its page, which is below the list of this URL name.

    key: the name of the last part of the path in the row. The list is resolved once, because resolving an
    address for each row is slow.
    """

    @cache
    def list_path() -> str:
        return reverse(list_name)

    return lambda row: f"{list_path()}{row[key]}/"


def csv_chunks(columns: Sequence[ExportColumn], batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8) in one chunk per batch. The first line has the labels.

    A text that a spreadsheet would take as a formula gets a leading apostrophe. Days and moments are
    ISO 8601, moments in UTC.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.label for column in columns])
    reads = [column.reads() for column in columns]
    for batch in batches:
        writer.writerows([[_plain(read(row)) for read in reads] for row in batch])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _plain(value: Value) -> str | int | date | None:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, datetime):
        return f"{_naive(value).isoformat(timespec='seconds')}Z"
    return _plain(joined(value)) if isinstance(value, list | tuple) else value


def joined(texts: Sequence[str]) -> str | None:
    """Return several texts as one cell shows them: "a, b"."""
    return ", ".join(texts) or None


def json_chunks(columns: Sequence[ExportColumn], batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """Yield a JSON array of objects, one object per line, in one chunk per batch."""
    start = b"[\n"
    for batch in batches:
        if batch:
            rows = ({column.name: column.value(row) for column in columns} for row in batch)
            yield start + b",\n".join(orjson.dumps(row, option=_JSON) for row in rows)
            start = b",\n"
    yield b"[]\n" if start == b"[\n" else b"\n]\n"


def xlsx_chunks(
    columns: Sequence[ExportColumn], batches: Iterable[Sequence[Row]], *, title: str, at: datetime
) -> Iterator[bytes]:
    """Yield an XLSX file with one sheet. Its rows are on disk, so the first chunk comes after the last row.

    title: the name of the sheet, at most 31 characters. at: the moment of creation that the file names.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        options = {"constant_memory": True, "tmpdir": folder}
        workbook = xlsxwriter.Workbook(file, options)
        workbook.set_properties({"created": _naive(at)})
        sheet = workbook.add_worksheet(title)
        _write_sheet(workbook, sheet, columns, batches)
        workbook.close()
        file.seek(0)
        while chunk := file.read(_FILE_CHUNK):
            yield chunk


def _write_sheet(
    workbook: Any, sheet: Any, columns: Sequence[ExportColumn], batches: Iterable[Sequence[Row]]
) -> None:
    """Write the heading and the rows. A text is always written as a text, never as a formula or a link."""
    heading = workbook.add_format({"bold": True})
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.label, heading)
    sheet.freeze_panes(1, 1)
    number, reads = 0, [*enumerate(column.reads() for column in columns)]
    for batch in batches:
        for row in batch:
            number += 1
            for place, read in reads:
                value = read(row)
                if isinstance(value, list | tuple):
                    value = joined(value)
                if isinstance(value, str):
                    sheet.write_string(number, place, _fitting(value))
                elif isinstance(value, datetime):
                    sheet.write_datetime(number, place, _naive(value), moment)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, day)
                elif value is not None:
                    sheet.write_number(number, place, value)
    sheet.autofilter(0, 0, number, len(columns) - 1)


def _fitting(text: str) -> str:
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - len(CUT)] + CUT


def _naive(moment: datetime) -> datetime:
    """Return the moment in UTC without a zone, because XLSX has none."""
    return moment.astimezone(UTC).replace(tzinfo=None)
