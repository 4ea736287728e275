"""The short human id of an object: R-142, A-17."""

import re

# product.md's letters. A letter names its database sequence, made by history's first migration.
PREFIXES = ("R", "Q", "B", "E", "A", "D", "M", "I", "X", "L", "C")
_SHAPE = re.compile(r"^([A-Z])-([1-9][0-9]{0,17})$")


def sequence(prefix: str) -> str:
    """The database sequence that counts a kind's references. A rolled-back number is not used again."""
    if prefix not in PREFIXES:
        raise ValueError(f"No references start with {prefix!r}.")
    return f"history_reference_{prefix.lower()}"


def is_reference(text: str) -> bool:
    """Whether a text has the shape of a reference of any kind."""
    match = _SHAPE.match(text.strip().upper())
    return bool(match and match.group(1) in PREFIXES)
