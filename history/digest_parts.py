"""The parts of the weekly digest that rooms declare.

`riskhub/panels.py` lists them, in the order of the digest. `notices` reads the rows of all parts with one
statement for all readers, and shows each reader what they may see of them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says after the title of its subject. level: 1 to 5, the colour of the badge."""

    detail: str = ""
    level: int | None = None
    badge: str = ""


@dataclass(frozen=True, slots=True)
class DigestPart:
    """One section of the digest.

    rows(since, until): objects with a `subject` for this time, without `visible_to()`, because the readers
    differ. moment: the name of the field, or the expression, that a line counts from: a reader gets the line
    if it is after their last digest. Lines are shown by moment, the latest first.
    facts: name -> field or expression, what `said` needs; they are read as JSON, so moments are texts.
    said(moment, facts): the line. moment is in the reader's zone. It names no other object, because only the
    visibility of its own subject is checked.
    is_first: the section is above those of risks.
    of_team: the name of the fact with the id of a team whose members only get the line, null for everyone.
    """

    key: str
    heading: str
    rows: Callable[[datetime, datetime], QuerySet[Any]]
    moment: Any
    said: Callable[[datetime, Mapping[str, Any]], Said]
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_first: bool = False
    of_team: str = ""


_parts: list[DigestPart] = []


def install(parts: Iterable[DigestPart]) -> None:
    """Replace the parts. Raises ValueError if two have the same key."""
    _parts[:] = parts
    if len({part.key for part in _parts}) < len(_parts):
        raise ValueError("Two parts of the digest have the same key.")


def digest_parts() -> tuple[DigestPart, ...]:
    """Return the parts in the order of the digest."""
    return tuple(_parts)
