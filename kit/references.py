"""The short human id of an object: R-142, A-17."""

import re

from kit import kinds

_PREFIX = re.compile(r"^[A-Z]$")
_SHAPE = re.compile(r"^([A-Z])-([1-9][0-9]{0,17})$")


def sequence(prefix: str) -> str:
    """Return the database sequence that counts a kind's references; a migration of its room makes it.

    A rolled-back number is not used again. Raises ValueError for a prefix that is not one capital letter.
    """
    if not _PREFIX.match(prefix):
        raise ValueError(f"A reference prefix is one capital letter, not {prefix!r}.")
    return f"history_reference_{prefix.lower()}"


def is_reference(text: str) -> bool:
    """Return True if a text has the shape of a reference of any declared kind."""
    match = _SHAPE.match(text.strip().upper())
    return bool(match and match.group(1) in kinds.prefixes())
