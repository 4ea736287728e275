"""The short human id of an object: R-142, A-17."""

import re

from django.db import connection

# product.md's letters. A letter names its database sequence, made by history's first migration.
PREFIXES = ("R", "Q", "B", "E", "A", "D", "M", "I", "X", "L", "C")
_SHAPE = re.compile(r"^([A-Z])-([1-9][0-9]{0,17})$")


def take(prefix: str, count: int = 1) -> list[str]:
    """The next `count` references of a kind. Unique under concurrency; a rolled-back one is not reused."""
    if prefix not in PREFIXES:
        raise ValueError(f"No references start with {prefix!r}.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(%s::regclass) FROM generate_series(1, %s)",
            [f"history_reference_{prefix.lower()}", count],
        )
        return [f"{prefix}-{number}" for (number,) in cursor.fetchall()]


def is_reference(text: str) -> bool:
    """Whether a text has the shape of a reference of any kind."""
    match = _SHAPE.match(text.strip().upper())
    return bool(match and match.group(1) in PREFIXES)
