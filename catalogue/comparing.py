"""Compares two runs, or two recipes: what is the same, what differs, and what only one of them has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.states import Likeness

_MISSING = object()


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """One value on both sides. left, right: JSON values, None if that side has none.

    change: from left to right, of two numbers only.
    """

    name: str
    left: Any
    right: Any
    likeness: Likeness
    change: float | None = None

    @property
    def is_same(self) -> bool:
        return self.likeness == Likeness.SAME

    @property
    def percent(self) -> float | None:
        """Return the change in percent of the left value, None where it has no meaning."""
        if self.change is None or not self.left:
            return None
        return 100 * self.change / abs(self.left)

    @property
    def change_text(self) -> str:
        """Return the change with its percentage, such as "+0.012 (+1.5 %)"."""
        if self.change is None:
            return ""
        percent = f" ({self.percent:+.3g} %)" if self.percent is not None else ""
        return f"{self.change:+.6g}{percent}"

    @property
    def texts(self) -> tuple[str, str]:
        """Return both values as texts, "" for one that is missing."""
        is_left, is_right = self.likeness != Likeness.ONLY_RIGHT, self.likeness != Likeness.ONLY_LEFT
        return (as_text(self.left) if is_left else "", as_text(self.right) if is_right else "")


@dataclass(frozen=True, slots=True)
class Section:
    """The pairs of one part of two runs, in the order of the left side."""

    name: str
    title: str
    pairs: list[ComparedValue]

    @property
    def differing(self) -> list[ComparedValue]:
        return [pair for pair in self.pairs if not pair.is_same]


def pairs_of(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[ComparedValue]:
    """Return a pair for each name of the left side, then for those that only the right side has."""
    names = dict.fromkeys([*left, *right])
    return [_pair(name, left.get(name, _MISSING), right.get(name, _MISSING)) for name in names]


def flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested objects as one level, with the keys joined by dots."""
    rows: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{above}{key}"
        if isinstance(inner, dict) and inner:
            rows |= flat(inner, f"{name}.")
        else:
            rows[name] = inner
    return rows


def by_name(entries: Sequence[Mapping[str, Any]], *values: str) -> dict[str, Any]:
    """Return entries as name -> the first of these values that is not blank."""
    return {entry["name"]: next((entry[key] for key in values if entry.get(key)), "") for entry in entries}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _pair(name: str, left: Any, right: Any) -> ComparedValue:
    if left is _MISSING:
        return ComparedValue(name, None, right, Likeness.ONLY_RIGHT)
    if right is _MISSING:
        return ComparedValue(name, left, None, Likeness.ONLY_LEFT)
    # In Python true equals 1.
    is_same = left == right and isinstance(left, bool) == isinstance(right, bool)
    likeness = Likeness.SAME if is_same else Likeness.DIFFERENT
    change = right - left if _is_number(left) and _is_number(right) else None
    return ComparedValue(name, left, right, likeness, change)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
