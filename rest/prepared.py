"""The statements of resources that are compiled once a process (ADR 0016): a first page, and one row.

The ORM takes longer to compile them than PostgreSQL takes to answer. They serve resources with
`visible_rows`, and readers who see what is open to them; others get the same statement from the ORM each
time.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kit.prepared import ANY_READER, SIGHT, Argument, Prepared
from kit.sight import Visitor, sight_of
from lists import paging
from lists.specification import Reader, Selection

if TYPE_CHECKING:
    from rest.resource import Collection, Resource

KEPT = 500  # statements in a process; the least used ones are forgotten
# Filters that take an Argument do not depend on the time.
_NO_DAY, _NO_TIME = date.min, datetime.min.replace(tzinfo=UTC)


def first_page(resource: "Collection", selection: Selection, user: Visitor) -> paging.KeysetPage | None:
    """Return the first page of the selected rows as values.

    Returns None if the statement depends on more than values: on a cursor, on a filter whose SQL depends on
    its values, or on the reader.
    """
    values = resource.spec.arguments(selection)
    if values is None or {"after", "before"} & selection.place.keys() or not _is_for(resource, user):
        return None
    size = resource.page_size(selection)
    statement = _first_page(type(resource), tuple(values), selection.order, size)
    rows = statement.rows(**values, **_sight(user))
    return paging.first_page(rows, order=resource.spec.keys_of(selection), size=size)


def row(resource: "Resource", lookup: dict[str, Any], user: Visitor) -> list[dict[str, Any]] | None:
    """Return the row of a lookup as values, in a list that is empty without it; None as first_page()."""
    if not _is_for(resource, user):
        return None
    ((field, value),) = lookup.items()
    return _row(type(resource), field).rows(key=value, **_sight(user))


def _is_for(resource: "Resource", user: Visitor) -> bool:
    sight = sight_of(user)
    return resource.has_visible_rows() and not sight.nothing and not sight.everything


def _sight(user: Visitor) -> dict[str, list[int]]:
    return {SIGHT: list(sight_of(user).ids)}


@lru_cache(KEPT)
def _first_page(
    resource: "type[Collection]", filters: tuple[str, ...], order: str, size: int
) -> Prepared[dict[str, Any]]:
    view = resource()
    selection = Selection({}, {name: (Argument(name),) for name in filters}, order, {})

    def build() -> Any:
        reader = Reader(ANY_READER, _NO_DAY, _NO_TIME)
        rows = view.spec.apply(view.visible_rows.visible_to(ANY_READER), selection, reader)
        return paging.first_rows(view.listed(rows), order=view.spec.keys_of(selection), size=size)

    return Prepared(build)


@lru_cache(KEPT)
def _row(resource: "type[Resource]", field: str) -> Prepared[dict[str, Any]]:
    view = resource()
    return Prepared(
        lambda: view.as_values(view.visible_rows.visible_to(ANY_READER).filter(**{field: Argument("key")}))[
            :1
        ]
    )
