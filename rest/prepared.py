"""The statements of resources that are compiled once a process (ADR 0016): a first page, and one row.

The ORM takes longer to compile them than PostgreSQL takes to answer. They serve resources with
`visible_rows`; others get the same statement from the ORM each time.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kit.prepared import Argument, PreparedForReader
from kit.sight import Visitor
from lists import paging
from lists.specification import Reader, Selection

if TYPE_CHECKING:
    from rest.resource import Collection, Resource

KEPT = 500  # statements in a process; the least used ones are forgotten
# Filters that take an Argument do not depend on the time.
_NO_DAY, _NO_TIME = date.min, datetime.min.replace(tzinfo=UTC)


def first_page(resource: "Collection", selection: Selection, user: Visitor) -> paging.KeysetPage | None:
    """Return the first page of the selected rows as values.

    Returns None if the statement depends on more than values and the reader: on a cursor, or on a filter
    whose SQL depends on its values.
    """
    values = resource.spec.arguments(selection)
    if values is None or {"after", "before"} & selection.place.keys() or not resource.has_visible_rows():
        return None
    size = resource.page_size(selection)
    statement = _first_page(type(resource), tuple(values), selection.order, size)
    rows = statement.rows(user, **values)
    return paging.first_page(rows, order=resource.spec.keys_of(selection), size=size)


def row(resource: "Resource", lookup: dict[str, Any], user: Visitor) -> list[dict[str, Any]] | None:
    """Return the row of a lookup as values, in a list that is empty without it; None as first_page()."""
    if not resource.has_visible_rows():
        return None
    ((field, value),) = lookup.items()
    return _row(type(resource), field).rows(user, key=value)


@lru_cache(KEPT)
def _first_page(
    resource: "type[Collection]", filters: tuple[str, ...], order: str, size: int
) -> PreparedForReader[dict[str, Any]]:
    view = resource()
    selection = Selection({}, {name: (Argument(name),) for name in filters}, order, {})

    def build(reader: Visitor) -> Any:
        rows = view.visible_rows.visible_to(reader)
        rows = view.spec.apply(rows, selection, Reader(reader, _NO_DAY, _NO_TIME))
        return paging.first_rows(view.listed(rows), order=view.spec.keys_of(selection), size=size)

    return PreparedForReader(build)


@lru_cache(KEPT)
def _row(resource: "type[Resource]", field: str) -> PreparedForReader[dict[str, Any]]:
    view = resource()

    def build(reader: Visitor) -> Any:
        return view.as_values(view.visible_rows.visible_to(reader).filter(**{field: Argument("key")}))[:1]

    return PreparedForReader(build)
