"""Imports of sheets into the risk log: read a file, and delete it. import_run.py does the rest."""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from django.db import transaction

from kit import references
from kit.actor import Actor
from kit.refusals import Refused
from kit.texts import many_lines, one_line
from lists import sheets
from risklog import columns
from risklog.models import Import, ImportFile, ImportRow
from risklog.operations import import_run
from risklog.operations.import_saving import lock, save
from risklog.states import ImportState

_GUARDED = tuple("=+-@")


@transaction.atomic
def read(
    file: IO[bytes], *, name: str, by: Actor, at: datetime, sheet: str = "", encoding: str = ""
) -> Import:
    """Read a file into rows and guess the mapping of its columns. Nothing is written to the risk log.

    name: the file's name. sheet, encoding: as lists.sheets.read() takes them. Raises sheets.Unreadable.
    """
    table = sheets.read(file, score=columns.known_in, name=sheet, encoding=encoding)
    found = Import(author=by.person, file_name=one_line(name)[:200] or "file", created_at=at)
    _take_over(found, table)
    found.save()
    _store_rows(found, table)
    if found.has_choices:
        file.seek(0)
        ImportFile.objects.create(of=found, content=file.read())
    return found


@transaction.atomic
def read_again(
    found: Import, *, by: Actor, at: datetime, sheet: str = "", encoding: str = "", seen: int | None = None
) -> Import:
    """Read the file of an import in another way: another sheet, or another encoding.

    Its mapping is guessed again, and it has no results then. Raises Refused with the name of the field,
    IllegalMove, ChangedMeanwhile.
    """
    lock(found, seen)
    stored = ImportFile.objects.filter(of=found).first()
    if stored is None:
        raise Refused("This file has one sheet and one encoding. Upload another file instead.", field="sheet")
    try:
        content = io.BytesIO(stored.content)
        table = sheets.read(content, score=columns.known_in, name=sheet, encoding=encoding)
    except sheets.Unreadable as error:
        raise Refused(error.message, field="sheet" if sheet else "encoding") from None
    _take_over(found, table)
    found.state, found.checked_at, found.problem = ImportState.READ, None, ""
    found.rows.all().delete()
    _store_rows(found, table)
    save(found)
    return found


def _take_over(found: Import, table: sheets.Sheet) -> None:
    """Set how the file was read: its columns with their guessed fields, and what a reader should know."""
    mapping, notes = _guessed(table), list(table.notes)
    if "title" not in mapping:
        instead = "The beginning of its description becomes its title." if "description" in mapping else ""
        notes.append(f"No column looks like the title of a risk. Choose one below. {instead}".strip())
    found.header, found.mapping, found.notes = table.header, mapping, notes
    found.sheet, found.sheets, found.encoding = table.name[:200], table.names, table.encoding


def _store_rows(found: Import, table: sheets.Sheet) -> None:
    ImportRow.objects.bulk_create(
        [ImportRow(of=found, line=line, cells=[_text(cell) for cell in cells]) for line, cells in table.rows],
        batch_size=1_000,
    )


def _guessed(sheet: sheets.Sheet) -> list[str]:
    """Return the guessed fields. A column “Reference” that has other keys than ours is the external ID."""
    mapping = columns.guess(sheet.header)
    if "reference" in mapping:
        place = mapping.index("reference")
        texts = [text for _, cells in sheet.rows if (text := _text(cells[place]))]
        if not texts or not all(references.is_reference(text) for text in texts):
            mapping[place] = "" if "external_id" in mapping else "external_id"
    return mapping


@transaction.atomic
def take(
    file: IO[bytes],
    *,
    name: str,
    by: Actor,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = True,
    sheet: str = "",
    encoding: str = "",
    **settings: Any,
) -> Import:
    """Read and check a file in one step, and apply it unless this is a dry run or a row is refused.

    A worker does this with a long one (import_run.py).

    mapping: text of the header -> field; columns that it does not name are left out. None: as guessed.
    sheet, encoding: as read() takes them. settings: date_order, category and creates_categories of
    import_check.choose().
    Raises Refused.
    """
    found = read(file, name=name, by=by, at=at, sheet=sheet, encoding=encoding)
    if mapping is not None:
        if unknown := set(mapping) - set(found.header):
            raise Refused(f"The file has no column “{min(unknown)[:80]}”.", field="mapping")
        found.mapping = [mapping.get(header, "") for header in found.header]
    act = import_run.check if dry_run else import_run.check_and_apply
    return act(found, mapping=found.mapping, by=by, at=at, **settings)


def _text(cell: sheets.Cell) -> str:
    """Return the text of a cell, without the apostrophe with which an export guards texts like formulas."""
    text = many_lines(columns.text_of(cell))
    return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else text


@transaction.atomic
def delete(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> None:
    """Delete an import with its rows. Risks that it created stay."""
    lock(found, seen)
    found.delete()
