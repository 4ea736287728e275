"""Reading of tables that people keep in spreadsheets: CSV in any usual encoding, XLSX, XLS and ODS.

The type is told by the content, never by the file's name. A formula counts as the value that the spreadsheet
program stored with it.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import IO, TypeAlias

from charset_normalizer import CharsetMatch, from_bytes
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from kit.refusals import Refused
from lists import workbook_gaps

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta

MAX_BYTES = 25 * 1024 * 1024
MAX_UNZIPPED = 250 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 500
MAX_LINES = 50_000
# The header is looked for among the first rows: many sheets begin with a title.
HEADER_WITHIN = 20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SAMPLE = 64 * 1024
_CENTRAL_EUROPEAN = frozenset(
    {"Polish", "Czech", "Slovak", "Hungarian", "Croatian", "Slovene", "Romanian", "Turkish", "Lithuanian"}
)
_DELIMITERS = ",;\t|"
# The encodings that a person can choose if a file is not Unicode: codec -> name.
ENCODINGS = {
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1257": "Baltic (Windows-1257)",
    "mac_roman": "Western European (Mac)",
    "cp850": "Western European (DOS 850)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "shift_jis": "Japanese (Shift JIS)",
    "euc_kr": "Korean (EUC-KR)",
}


class Unreadable(Refused):
    """The file is not a table that can be read. The message says why and names the fix."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="file")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table. header: the texts of its columns. rows: (line in the file from 1, one cell per column).

    notes: what a reader should know about how the file was read. name, names: of the sheet that was read, and
    of all visible ones; "" and [] for text. encoding: of ENCODINGS, if that was a guess or a choice, else "".
    """

    header: list[str]
    rows: list[tuple[int, list[Cell]]]
    notes: list[str] = field(default_factory=list)
    name: str = ""
    names: list[str] = field(default_factory=list)
    encoding: str = ""


@dataclass(slots=True)
class _Reading:
    """How a file is read: what was chosen, then what was found. As in Sheet."""

    name: str
    encoding: str
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(
    file: IO[bytes], *, score: Callable[[Sequence[str]], int], name: str = "", encoding: str = ""
) -> Sheet:
    """Read the first sheet of a file that has a table, or the sheet of this name.

    score: a function from the texts of a row to the number of them that are known names of columns. The row
    with the highest score is the header. encoding: of ENCODINGS, for a text that is not Unicode; "" to guess
    it. Raises Unreadable.
    """
    file.seek(0, io.SEEK_END)
    size = file.tell()
    if not size:
        raise Unreadable("The file is empty. Choose the file with your risks.")
    if size > MAX_BYTES:
        most = MAX_BYTES // 1024 // 1024
        raise Unreadable(
            f"The file has {size // 1024 // 1024} MB. Files up to {most} MB can be read: remove pictures and"
            " sheets that are not needed, or save the sheet as CSV."
        )
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    reading = _Reading(name, encoding)
    lines: Iterable = _workbook(file, reading) if start in (_ZIP, _OLE) else _text(file.read(), reading)
    table = _table(lines, score, reading.notes)
    return replace(table, name=reading.name, names=reading.names, encoding=reading.encoding)


# ------------------------------------------------------------------ workbooks


def _workbook(file: IO[bytes], reading: _Reading) -> list[tuple[int, list[Cell]]]:
    _refuse_bomb(file)
    try:
        book = CalamineWorkbook.from_filelike(file)
        # A hidden sheet is read only if no other one has rows.
        known = sorted(book.sheets_metadata, key=lambda one: one.visible != SheetVisibleEnum.Visible)
        reading.names = [one.name for one in known if one.visible == SheetVisibleEnum.Visible]
        if reading.name:
            if reading.name not in [one.name for one in known]:
                raise Unreadable(f"The workbook has no sheet “{reading.name[:80]}”.")
            known = [one for one in known if one.name == reading.name]
        for name in (one.name for one in known):
            sheet = book.get_sheet_by_name(name)
            if sheet.height:
                if len(known) > 1:
                    text = f"The sheet “{name}” was read, the first of {len(known)} that has rows."
                    reading.notes.append(text)
                reading.name = name
                return _cells(sheet, workbook_gaps.gaps(file, name), reading.notes)
    except (CalamineError, ValueError, OSError):
        raise Unreadable(
            "The workbook cannot be opened. If it has a password, remove it; otherwise save it again as XLSX"
            " or CSV."
        ) from None
    if reading.name:
        raise Unreadable(f"The sheet “{reading.name}” has no rows. Choose another one.")
    raise Unreadable("The workbook has no sheet with rows.")


def _refuse_bomb(file: IO[bytes]) -> None:
    """Raise Unreadable for a workbook that needs more than MAX_UNZIPPED bytes, before it is unzipped."""
    try:
        with zipfile.ZipFile(file) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        size = 0  # an older workbook is not zipped
    file.seek(0)
    if size > MAX_UNZIPPED:
        raise Unreadable("The workbook is too large when it is unzipped. Save the sheet as CSV.")


def _cells(sheet: CalamineSheet, gaps: workbook_gaps.Gaps, notes: list[str]) -> list[tuple[int, list[Cell]]]:
    """Return the rows. Each cell of a merged range gets the value of the range, a gap gets its text."""
    first_row, first_column = sheet.start or (0, 0)
    if sheet.height > MAX_LINES:
        raise Unreadable(f"The sheet has more than {MAX_LINES} lines, with the empty ones. Delete these.")
    rows = sheet.to_python(skip_empty_area=True)
    for (line, column), text in gaps.items():
        line, column = line - first_row, column - first_column  # noqa: PLW2901 - relative to the first cell
        if 0 <= line < len(rows) and 0 <= column < len(rows[line]) and rows[line][column] == "":
            rows[line][column] = text
    merged = sheet.merged_cell_ranges or []
    filled = 0
    for (top, left), (bottom, right) in merged:
        top, bottom = top - first_row, bottom - first_row  # noqa: PLW2901 - relative to the first row read
        left, right = left - first_column, right - first_column  # noqa: PLW2901
        if top == bottom or not 0 <= top < len(rows):
            continue  # a title across columns is not repeated
        filled += 1
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * len(row[left : right + 1])
    if filled:
        notes.append(f"Merged cells: {filled} ranges over several rows. Each of their rows got the value.")
    return [(first_row + number, cells) for number, cells in enumerate(rows, 1)]


# ------------------------------------------------------------------ text


def _text(raw: bytes, reading: _Reading) -> Iterator[tuple[int, list[Cell]]]:
    if raw.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"<!DOCTYPE", b"<html")):
        raise Unreadable("This is not a table. Send CSV, XLSX, XLS or ODS.")
    reading.name = ""
    text = _decoded(raw, reading)
    if "\x00" in text:
        raise Unreadable("The file has NUL characters, so it is not a table. Send CSV, XLSX, XLS or ODS.")
    delimiter = _delimiter(text[:_SAMPLE])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise Unreadable(
                f"Line {line} cannot be read: a cell has more than {csv.field_size_limit():,} characters."
                " Check its quotation marks."
            ) from None
        yield line, list(cells)


def _decoded(raw: bytes, reading: _Reading) -> str:
    """Decode by byte-order mark, then as UTF-8, then as chosen or by what the most likely encoding is."""
    is_utf_16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    chosen, reading.encoding = reading.encoding, ""
    try:
        return raw.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        pass
    if chosen:
        if chosen not in ENCODINGS:
            raise Unreadable(f"Use one of the encodings {', '.join(ENCODINGS)}.")
        reading.encoding = chosen
        return raw.decode(chosen, errors="replace")
    best = from_bytes(raw[: 4 * _SAMPLE]).best()
    if best is None:
        raise Unreadable("The encoding of the file is not known. Save it as CSV in UTF-8, or as XLSX.")
    reading.encoding = _likely(best)
    reading.notes.append(
        f"The file is not UTF-8; it was read as {reading.encoding}. Check names with accents below. If they"
        " are wrong, choose another encoding, or save it as CSV in UTF-8."
    )
    return raw.decode(reading.encoding, errors="replace")


def _likely(best: CharsetMatch) -> str:
    """Return the encoding to read with: that of Western Europe, unless the language has another one.

    The encodings of Western and Central Europe have nearly the same letters, so a short text fits both.
    """
    is_similar = best.encoding in {
        "cp1250",
        "cp1254",
        "cp1257",
        "cp1258",
        "latin_1",
        "iso8859_2",
        "mac_latin2",
    }
    return "cp1252" if is_similar and best.language not in _CENTRAL_EUROPEAN else best.encoding


def _delimiter(sample: str) -> str:
    """Return the delimiter that most often gives rows of equal width; a comma if none does."""
    lines = [line for line in sample.splitlines()[:50] if line.strip()]

    def fit(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(widths), key=widths.count) if widths else 1
        return (widths.count(usual) if usual > 1 else 0, usual)

    try:
        return max(_DELIMITERS, key=fit)
    except csv.Error:
        return ","


# ------------------------------------------------------------------ the table


def _table(
    lines: Iterable[tuple[int, list[Cell]]], score: Callable[[Sequence[str]], int], notes: list[str]
) -> Sheet:
    rows: list[tuple[int, list[Cell]]] = []
    for number, cells in lines:
        if any(cell != "" for cell in cells):
            rows.append((number, cells))
        if len(rows) > MAX_ROWS + HEADER_WITHIN:
            break
    if not rows:
        raise Unreadable("The file has no rows.")
    place = _header_place(rows, score)
    header = _header(rows[place][1])
    width = len(header)
    if width > MAX_COLUMNS:
        raise Unreadable(f"The table has {width} columns. Files up to {MAX_COLUMNS} columns can be read.")
    body = [(number, [*cells, *[""] * (width - len(cells))][:width]) for number, cells in rows[place + 1 :]]
    beyond = [number for number, cells in rows[place + 1 :] if any(cell != "" for cell in cells[width:])]
    if beyond:
        notes.append(f"Cells beyond the header are left out, first in line {beyond[0]}.")
    if not body:
        raise Unreadable("The file has a header and no further rows.")
    if len(body) > MAX_ROWS:
        raise Unreadable(f"The table has more than {MAX_ROWS} rows. Split it into several files.")
    if place:
        notes.append(f"The header is in line {rows[place][0]}. The lines above it were left out.")
    return Sheet(header, body, notes)


def _header_place(rows: Sequence[tuple[int, list[Cell]]], score: Callable[[Sequence[str]], int]) -> int:
    """Return the index of the header: the row with most known names, else the first with two texts."""
    texts = [[str(cell) for cell in cells] for _, cells in rows[:HEADER_WITHIN]]
    scores = [score(row) for row in texts]
    if max(scores):
        return scores.index(max(scores))
    return next((place for place, row in enumerate(texts) if sum(bool(text) for text in row) > 1), 0)


def _header(cells: Sequence[Cell]) -> list[str]:
    """Return the texts of the header without empty columns at its end. A nameless column gets its letter.

    So does a name that an earlier column has.
    """
    texts = [" ".join(str(cell).split())[:120] for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    named = [text or f"Column {letters(number)}" for number, text in enumerate(texts)]
    return [
        f"{text} ({letters(number)})" if text in named[:number] else text for number, text in enumerate(named)
    ]


def letters(number: int) -> str:
    """Return the name of a column as spreadsheets count: 0 is A, 26 is AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name
