"""The files of an export: what a cell has, what is protected, and that rows are read in batches."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from lists.export_files import (
    CUT,
    MAX_CELL,
    YES_NO,
    ExportColumn,
    csv_chunks,
    json_chunks,
    xlsx_chunks,
)

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
COLUMNS = (
    ExportColumn("name", "Name", lambda row: row["name"]),
    ExportColumn("score", "Score", lambda row: row["score"]),
    ExportColumn("is_open", "Open", lambda row: row["is_open"], YES_NO),
    ExportColumn("tags", "Tags", lambda row: row["tags"]),
    ExportColumn("day", "Day", lambda row: row["day"]),
    ExportColumn("at", "At (UTC)", lambda row: row["at"]),
)
FULL = {"name": "Häuser", "score": -3, "is_open": True, "tags": ["a", "b"], "day": AT.date(), "at": AT}
EMPTY = {"name": "", "score": None, "is_open": False, "tags": [], "day": None, "at": None}
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def named(name):
    return [{**FULL, "name": name}]


def read_csv(batches):
    return list(csv.reader(io.StringIO(b"".join(csv_chunks(COLUMNS, batches)).decode())))


def read_xlsx(batches):
    """Return (type, text) of each cell below the heading."""
    content = io.BytesIO(b"".join(xlsx_chunks(COLUMNS, batches, title="Risks", at=AT)))
    with zipfile.ZipFile(content) as parts:
        root = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    return [
        [(cell.get("t", "n"), "".join(cell.itertext()), cell.find(f"{SHEET}f")) for cell in row]
        for row in root.iter(f"{SHEET}row")
    ][1:]


def test_csv_has_labels_iso_dates_and_empty_cells():
    assert read_csv([[FULL], [EMPTY]]) == [
        ["Name", "Score", "Open", "Tags", "Day", "At (UTC)"],
        ["Häuser", "-3", "Yes", "a, b", "2026-11-23", "2026-11-23T09:30:00Z"],
        ["", "", "No", "", "", ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_protects_a_text_that_begins_like_a_formula(start):
    text = f'{start}HYPERLINK("http://example.org")'

    assert read_csv([named(text)])[1][0] == f"'{text}"
    assert read_csv([named("a" + text)])[1][0] == "a" + text


def test_csv_keeps_quotes_commas_and_line_breaks():
    text = 'He said "no", twice\nand left'

    assert read_csv([named(text)])[1][0] == text


def test_json_has_the_values_of_the_api():
    rows = json.loads(b"".join(json_chunks(COLUMNS, [[FULL], [], [EMPTY]])))

    assert rows == [
        {**FULL, "day": "2026-11-23", "at": "2026-11-23T09:30:00Z"},
        {**EMPTY, "is_open": False},
    ]


@pytest.mark.parametrize("batches", [[], [[]], [[], []]])
def test_no_rows_are_still_a_file(batches):
    assert json.loads(b"".join(json_chunks(COLUMNS, batches))) == []
    assert len(read_csv(batches)) == 1
    assert read_xlsx(batches) == []


def test_xlsx_writes_texts_as_texts_and_days_as_numbers():
    formula, empty = read_xlsx([named("=1+1"), [EMPTY]])

    assert [(kind, text) for kind, text, _ in formula] == [
        ("inlineStr", "=1+1"),
        ("n", "-3"),
        ("inlineStr", "Yes"),
        ("inlineStr", "a, b"),
        ("n", str((date(2026, 11, 23) - date(1899, 12, 30)).days)),
        ("n", "46349.39583333334"),
    ]
    assert all(found is None for _, _, found in formula)
    assert [text for _, text, _ in empty] == ["", "No"]


def test_xlsx_cuts_a_text_longer_than_a_cell_and_says_so():
    text = read_xlsx([named("x" * 50_000)])[0][0][1]

    assert (len(text), text.endswith(CUT)) == (MAX_CELL, True)


def test_a_batch_is_written_before_the_next_is_read():
    read = []

    def batches():
        for number in range(3):
            read.append(number)
            yield [FULL]

    for chunks in (csv_chunks(COLUMNS, batches()), json_chunks(COLUMNS, batches())):
        read.clear()
        next(chunks)
        assert read == [0]
