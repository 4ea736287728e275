"""Imports of sheets into the risk log: read a file, check it (a dry run), and apply it, all rows or none."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.db import transaction

from kit import references
from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from kit.texts import many_lines, one_line
from kit.updates import update_rows
from lists import sheets
from lists.bulk import PlannedChange
from people import queries as people
from people.models import User
from risklog import columns
from risklog.columns import COLUMNS, DateOrder
from risklog.models import Category, Import, ImportFile, ImportRow
from risklog.operations import risk as risks
from risklog.operations import risk_bulk, taxonomy
from risklog.queries.import_plan import PlannedRow, plan
from risklog.states import ImportState, RowResult
from signals.states import SignalKind
from talk.operations import tag

_GUARDED = tuple("=+-@")
KEPT_FOR = timedelta(days=30)


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
    _lock(found, seen)
    stored = ImportFile.objects.filter(of=found).first()
    if stored is None:
        raise Refused("This file has one sheet and one encoding. Upload another file instead.", field="sheet")
    try:
        content = io.BytesIO(stored.content)
        table = sheets.read(content, score=columns.known_in, name=sheet, encoding=encoding)
    except sheets.Unreadable as error:
        raise Refused(error.message, field="sheet" if sheet else "encoding") from None
    _take_over(found, table)
    found.state, found.checked_at = ImportState.READ, None
    found.rows.all().delete()
    _store_rows(found, table)
    _save(found)
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

    mapping: text of the header -> field; columns that it does not name are left out. None: as guessed.
    sheet, encoding: as read() takes them. settings: date_order, category and creates_categories of check().
    Raises Refused.
    """
    found = read(file, name=name, by=by, at=at, sheet=sheet, encoding=encoding)
    if mapping is not None:
        if unknown := set(mapping) - set(found.header):
            raise Refused(f"The file has no column “{min(unknown)[:80]}”.", field="mapping")
        found.mapping = [mapping.get(header, "") for header in found.header]
    check(found, mapping=found.mapping, by=by, at=at, **settings)
    is_refused = found.rows.filter(result=RowResult.REFUSED).exists()
    return found if dry_run or is_refused else apply(found, by=by, at=at)


def _text(cell: sheets.Cell) -> str:
    """Return the text of a cell, without the apostrophe with which an export guards texts like formulas."""
    text = many_lines(columns.text_of(cell))
    return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else text


@transaction.atomic
def check(
    found: Import,
    *,
    mapping: Sequence[str],
    by: Actor,
    at: datetime,
    seen: int | None = None,
    date_order: str = DateOrder.AUTO,
    category: Category | None = None,
    creates_categories: bool = False,
) -> Import:
    """Store the mapping and the result of each row, as apply() would give it now. A dry run.

    mapping: a field of columns.COLUMNS per column, "" to leave it out. Raises Refused, IllegalMove,
    IllegalMove, ChangedMeanwhile.
    """
    _lock(found, seen)
    _check_mapping(found, mapping)
    found.mapping = list(mapping)
    found.date_order, found.category = date_order, category
    found.creates_categories = creates_categories
    _store_results(plan(found, _author(by), today=_today(at)))
    found.state, found.checked_at = ImportState.CHECKED, at
    _save(found)
    return found


def apply(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> Import:
    """Create and change the risks of all rows, or of none, exactly as the check showed it.

    The rows are checked again first, because risks, people and rights can have changed. If a result differs,
    the new results are stored and nothing else is written. Raises IllegalMove then, Refused if a row is
    refused, ChangedMeanwhile.
    """
    with transaction.atomic():
        refusal = _apply(found, by=by, at=at, seen=seen)
    if refusal is not None:
        raise refusal
    return found


def _apply(found: Import, *, by: Actor, at: datetime, seen: int | None) -> Refused | None:
    """Apply an import in the present transaction. Returns why not, after it stored the new results."""
    _lock(found, seen)
    if found.state != ImportState.CHECKED:
        raise IllegalMove("Check the import first.", field="state")
    author = _author(by)
    planned = plan(found, author, today=_today(at))
    if differing := [one.row.line for one in planned if not one.is_as_stored]:
        _store_results(planned)
        _save(found)
        return IllegalMove(
            f"Something changed since the check, first for line {differing[0]}. Nothing was imported."
            " Read the new results and import again.",
            field="state",
        )
    refused = [one.row.line for one in planned if one.result == RowResult.REFUSED]
    if refused:
        others = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise Refused(
            f"Line {refused[0]} is refused{others}. Nothing was imported. Correct the file or leave the"
            " column out, and check again."
        )
    by = Actor(author, "import", token=by.token)
    _add_categories(planned, found, by=by, at=at)
    _create(planned, by=by, at=at)
    _change(planned, found, by=by, at=at)
    _store_results(planned)
    found.state, found.applied_at = ImportState.APPLIED, at
    _save(found)
    ImportFile.objects.filter(of=found).delete()
    return None


@transaction.atomic
def delete(found: Import, *, by: Actor, at: datetime, seen: int | None = None) -> None:
    """Delete an import with its rows. Risks that it created stay."""
    _lock(found, seen)
    found.delete()


def forget_old(*, at: datetime) -> int:
    """Delete imports older than KEPT_FOR, because their rows are copies. Returns the number of imports."""
    old = Import.objects.filter(created_at__lt=at - KEPT_FOR)
    number = old.count()
    old.delete()
    return number


# ------------------------------------------------------------------ the import itself


def _author(by: Actor) -> User:
    if by.person is None:
        raise ValueError("An import needs a person, whose rights decide what it may do.")
    return by.person


def _today(at: datetime) -> date:
    """Return the day of the organisation, in whose time zone acceptances end."""
    return at.astimezone(people.zone_of(None)).date()


def _lock(found: Import, seen: int | None) -> None:
    """Lock the row. Raises ChangedMeanwhile at another version, IllegalMove if it was applied."""
    present = Import.objects.select_for_update().get(pk=found.pk)
    if present.is_applied:
        raise IllegalMove("This import is finished. Upload the file again to repeat it.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import was checked again meanwhile. Read its results.", present=present)


def lock_applied(found: Import, seen: int | None) -> None:
    """Lock an import that was applied. Raises IllegalMove if it was not, ChangedMeanwhile."""
    present = Import.objects.select_for_update().get(pk=found.pk)
    if not present.is_applied:
        raise IllegalMove("Nothing was imported yet.", field="state")
    if present.version != (found.version if seen is None else seen):
        raise ChangedMeanwhile("This import changed meanwhile. Reload its page.", present=present)


def _save(found: Import) -> None:
    found.version += 1
    found.save()


def _check_mapping(found: Import, mapping: Sequence[str]) -> None:
    if len(mapping) != len(found.header):
        raise Refused(f"Give one field for each of the {len(found.header)} columns.", field="mapping")
    chosen = [name for name in mapping if name]
    if unknown := set(chosen) - set(COLUMNS):
        raise Refused(f"There is no field “{min(unknown)[:80]}”.", field="mapping")
    if doubled := {name for name in chosen if chosen.count(name) > 1}:
        label = COLUMNS[min(doubled)].label
        raise Refused(f"Two columns are “{label}”. Choose one of them.", field="mapping")
    if not {"title", "description", "reference", "external_id"} & set(chosen):
        raise Refused(
            "Choose the column that has the title or the description of the risks.", field="mapping"
        )


# ------------------------------------------------------------------ its rows


def _store_results(planned: Sequence[PlannedRow]) -> None:
    for one in planned:
        row = one.row
        row.result, row.risk = one.result, one.risk or one.created
        row.changes, row.problems, row.remarks = one.changes, one.problems, one.remarks
    fields = ["result", "risk", "changes", "problems", "remarks"]
    update_rows([one.row for one in planned], fields)


def _add_categories(planned: Sequence[PlannedRow], found: Import, *, by: Actor, at: datetime) -> None:
    """Create the missing categories, each once, and give them to their rows."""
    added: dict[str, Category] = {}
    for one in planned:
        if not one.new_category:
            continue
        key = columns.fold(one.new_category)
        if key not in added:
            added[key] = taxonomy.add(
                name=one.new_category,
                kind=SignalKind.DATA_QUALITY,
                definition=f"Added by the import of {found.file_name}. Describe what belongs here.",
                by=by,
                at=at,
            )
        one.values["category"] = added[key]


def _create(planned: Sequence[PlannedRow], *, by: Actor, at: datetime) -> None:
    new = [one for one in planned if one.result == RowResult.NEW]
    if not new:
        return
    created = risks.add_many([one.values for one in new], by=by, at=at)
    for one, risk in zip(new, created, strict=True):
        one.created = risk


def _change(planned: Sequence[PlannedRow], found: Import, *, by: Actor, at: datetime) -> None:
    """Change the risks of the rows in one batch, which the import keeps for its undo."""
    changed = [one for one in planned if one.result == RowResult.CHANGED and one.risk is not None]
    kept = {name for one in changed if one.risk is not None for name in one.risk.tags}
    admitted = tag.admit_each([one.values.get("tags", ()) for one in changed], kept=kept)
    rows = []
    for one, tags in zip(changed, admitted, strict=True):
        risk: Any = one.risk
        values = {**one.values, "tags": tags} if "tags" in one.values else one.values
        rows.append(
            PlannedChange(
                risk,
                {
                    name: (getattr(risk, name), value)
                    for name, value in values.items()
                    if getattr(risk, name) != value
                },
            )
        )
    found.batch = risk_bulk.write(rows, by=by, at=at)
