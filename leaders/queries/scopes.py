"""Who may see the rows that a snapshot counts: the columns that they are grouped by."""

from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When

from leaders.tallies import Scope


def scope_columns(path: str = "subject") -> dict[str, Any]:
    """Return expressions of the scope of a row. path: to its subject."""
    nobody = Value([], ArrayField(BigIntegerField()))
    return {
        "scope_viewers": F(f"{path}__viewers"),
        "scope_granted": Case(
            When(**{f"{path}__viewers__isnull": True}, then=nobody), default=F(f"{path}__granted")
        ),
    }


def scope_of(row: Mapping[str, Any]) -> Scope:
    """Return the scope of a row with the scope columns."""
    return scope(row["scope_viewers"], row["scope_granted"])


def scope(viewers: list[int] | None, granted: list[int] | None) -> Scope:
    """Return the scope of a subject: those who were granted sight count only if it is restricted."""
    if viewers is None:
        return None, ()
    return tuple(sorted(viewers)), tuple(sorted(granted or ()))


def by_scope(rows: QuerySet[Any], *, path: str = "subject", **keys: Any) -> Any:
    """Return the rows grouped by scope and these further expressions, without an order."""
    return rows.order_by().values(**scope_columns(path), **keys)
