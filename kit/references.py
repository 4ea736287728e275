"""References such as R-142, the short names of objects for people, and ids in addresses."""

import re

from kit import kinds

_PREFIX = re.compile(r"^[A-Z]$")
_SHAPE = re.compile(r"^([A-Z])-([1-9][0-9]{0,17})$")

_IN_TEXT = re.compile(r"\b[A-Z]-[1-9]\d{0,17}\b")
_MOST_DIGITS = 18  # more may not fit into a bigint


def sequence(prefix: str) -> str:
    """Return the name of the database sequence for a kind's references. A migration of its room creates it.

    The sequence does not reuse the number of a transaction that was rolled back. Raises ValueError for a
    prefix that is not one capital letter.
    """
    if not _PREFIX.match(prefix):
        raise ValueError(f"A reference prefix is one capital letter, not {prefix!r}.")
    return f"history_reference_{prefix.lower()}"


def found_in(text: str) -> set[str]:
    """Return what looks like references in a text."""
    return set(_IN_TEXT.findall(text))


def is_reference(text: str) -> bool:
    """Return True if a text has the shape of a reference of any declared kind."""
    match = _SHAPE.match(text.strip().upper())
    return bool(match and match.group(1) in kinds.prefixes())


def as_id(text: str) -> int | None:
    """Return the id that a part or a parameter of an address gives, None for another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
