"""The check of an import, a dry run: what its columns mean, and the result that each row would have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from kit.actor import Actor
from kit.refusals import Refused
from risklog.columns import COLUMNS, DateOrder
from risklog.models import Category, Import
from risklog.operations.import_saving import Note, author_of, finish, lock, store_results, today_of, unnoted
from risklog.queries.import_plan import PlannedRow, plan
from risklog.states import ImportState


@transaction.atomic
def check(
    found: Import,
    *,
    mapping: Sequence[str],
    by: Actor,
    at: datetime,
    seen: int | None = None,
    **settings: Any,
) -> Import:
    """Store the mapping and the result of each row, as import_apply.apply() would give it now.

    mapping, settings: as choose() takes them. Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    lock(found, seen)
    choose(found, mapping=mapping, **settings)
    store_check(found, unnoted, by=by, at=at)
    finish(found)
    return found


def choose(
    found: Import,
    *,
    mapping: Sequence[str],
    date_order: str = DateOrder.AUTO,
    category: Category | None = None,
    creates_categories: bool = False,
) -> None:
    """Set what the columns mean and how their cells are read. The caller saves the import.

    mapping: a field of columns.COLUMNS per column, "" to leave it out. Raises Refused.
    """
    _check_mapping(found, mapping)
    found.mapping = list(mapping)
    found.date_order, found.category = date_order, category
    found.creates_categories = creates_categories


def forget_results(found: Import) -> None:
    """Remove the results of the rows, which belong to an earlier mapping. The caller saves the import."""
    if found.checked_at is not None:
        found.rows.update(result=None, risk=None, changes=[], problems=[], remarks=[])
    found.checked_at = None


def store_check(found: Import, note: Note, *, by: Actor, at: datetime) -> list[PlannedRow]:
    """Store the result of each row, and return what was planned. The caller saves the import.

    note: called with the number of rows that are done. A row takes three steps: it is read, compared, stored.
    """
    planned = plan(found, author_of(by), today=today_of(at), note=lambda steps: note(steps // 3))
    store_results(planned, lambda stored: note((2 * len(planned) + stored) // 3))
    found.state, found.checked_at, found.problem = ImportState.CHECKED, at, ""
    return planned


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
