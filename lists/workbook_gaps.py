"""Cells of an XLSX workbook that have no value: errors, and formulas that were never computed.

The reader of sheets gives both as empty cells. An import must not read them as "nothing was entered".
"""

import re
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse

NOT_COMPUTED = "#FORMULA"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")

# (row, column), both from 0 -> the text of the error, or NOT_COMPUTED.
Gaps = dict[tuple[int, int], str]


def gaps(file: IO[bytes], sheet: str) -> Gaps:
    """Return the cells without a value of one sheet; none for another format than XLSX."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            path = _path_of(parts, sheet)
            if path is None:
                return {}
            with parts.open(path) as part:
                return _in_sheet(part)
    except (zipfile.BadZipFile, KeyError, ParseError, OSError, ValueError):
        return {}
    finally:
        file.seek(0)


def _elements(part: IO[bytes]) -> Iterator[Element]:
    """Yield the elements of a part as they end. Expat limits the expansion of entities."""
    for _, element in iterparse(part):  # noqa: S314 - see the docstring
        yield element


def _path_of(parts: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the path of a sheet's part, None if the archive is no XLSX workbook."""
    if "xl/workbook.xml" not in parts.namelist():
        return None
    with parts.open("xl/workbook.xml") as part:
        ids = {one.get("name"): one.get(_RELATION) for one in _elements(part) if one.tag == f"{_MAIN}sheet"}
    with parts.open("xl/_rels/workbook.xml.rels") as part:
        targets = {
            one.get("Id"): one.get("Target", "")
            for one in _elements(part)
            if one.tag.endswith("}Relationship")
        }
    target = targets.get(ids.get(sheet), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _in_sheet(part: IO[bytes]) -> Gaps:
    found: Gaps = {}
    for cell in _elements(part):
        if cell.tag == f"{_MAIN}row":
            cell.clear()
        if cell.tag != f"{_MAIN}c":
            continue
        value, formula = cell.find(f"{_MAIN}v"), cell.find(f"{_MAIN}f")
        text = (value.text or "") if value is not None else ""
        match = _PLACE.fullmatch(cell.get("r", ""))
        if match is None:
            continue
        place = int(match[2]) - 1, _number(match[1])
        if cell.get("t") == "e":
            found[place] = text or "#N/A"
        elif formula is not None and not text and cell.get("t") != "str":
            found[place] = NOT_COMPUTED
    return found


def _number(letters: str) -> int:
    """Return the number from 0 of a column: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
