"""Keyset paging: a page starts after the last row of the one before, so depth costs nothing."""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Q, QuerySet

from kit.refusals import Refused


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """One page of rows. after, before: the cursors of the next and the previous page, None without one."""

    rows: list[Any]
    after: str | None
    before: str | None


def page(
    rows: QuerySet, *, order: Sequence[str], size: int, after: str | None = None, before: str | None = None
) -> KeysetPage:
    """Return one page of `rows` in `order`.

    order: field names, "-" for descending, the last one unique (the primary key); no field may be null. A
    name may end in "__collated" (lists.collation).
    size: the largest number of rows. after, before: a cursor from an earlier page. Raises
    Refused(field="cursor") for both, and for a cursor that this function did not make, or made for another
    order.
    Costs one query.
    """
    if after is not None and before is not None:
        raise Refused("Send either after or before, not both.", field="cursor")
    backwards = before is not None
    fields = [_flip(name) for name in order] if backwards else list(order)
    cursor = before if backwards else after
    ordered = rows.order_by(*fields)
    try:
        if cursor is not None:
            ordered = ordered.filter(_beyond(fields, _decode(cursor, order)))
        window = list(ordered[: size + 1])
    except (ValueError, TypeError, OverflowError, DataError, ValidationError):
        if cursor is None:
            raise
        raise _invalid_cursor() from None
    more = len(window) > size
    window = window[:size]
    if backwards:
        window.reverse()
    first = _encode(window[0], order) if window else None
    last = _encode(window[-1], order) if window else None
    if backwards:
        return KeysetPage(window, after=last, before=first if more else None)
    return KeysetPage(window, after=last if more else None, before=first if cursor else None)


def first_rows(rows: QuerySet, *, order: Sequence[str], size: int) -> QuerySet:
    """Return the rows that first_page() needs: those of the first page, and the one after it."""
    return rows.order_by(*order)[: size + 1]


def first_page(found: list[Any], *, order: Sequence[str], size: int) -> KeysetPage:
    """Return the first page. found: the rows of first_rows()."""
    shown = found[:size]
    return KeysetPage(shown, after=_encode(shown[-1], order) if len(found) > size else None, before=None)


def cursor_after(row: Any, order: Sequence[str]) -> str:
    """Return the cursor of the page that starts after a row."""
    return _encode(row, order)


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(fields: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows after `values`: (a > x) or (a = x and b > y) … for mixed directions."""
    leading = fields[0].removeprefix("-")
    # The redundant bound on the first column lets PostgreSQL start inside the index.
    bound = Q(**{f"{leading}__{'lte' if fields[0].startswith('-') else 'gte'}": values[0]})
    condition = Q()
    for position, name in enumerate(fields):
        step = Q(**{f"{name.removeprefix('-')}__{'lt' if name.startswith('-') else 'gt'}": values[position]})
        for earlier in range(position):
            step &= Q(**{fields[earlier].removeprefix("-"): values[earlier]})
        condition |= step
    return bound & condition


def _value(row: Any, name: str) -> Any:
    # The cursor has the text itself: the database computes its sort key.
    name = name.removeprefix("-").removesuffix("__collated")
    if isinstance(row, dict):
        return row[name]
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _encode(row: Any, order: Sequence[str]) -> str:
    values = [_checksum(order), *(_plain(_value(row, name)) for name in order)]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _checksum(order: Sequence[str]) -> int:
    """Return a number that tells a cursor of this order from a cursor of another order."""
    return zlib.crc32(",".join(order).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | UUID) else value


def _decode(cursor: str, order: Sequence[str]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, UnicodeDecodeError, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != len(order) + 1
        or values[0] != _checksum(order)
        or any(isinstance(v, list | dict) for v in values)
    ):
        raise _invalid_cursor()
    return values[1:]


def _invalid_cursor() -> Refused:
    return Refused("This cursor is not valid. Start again without a cursor.", field="cursor")
