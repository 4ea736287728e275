"""Patterns in the breaches that one reader may see: the search, and what is shown of a pattern.

Each reader gets the test of their own breaches. So a restricted model changes no count, no chance and no
number of things tried of a reader who may not see it.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from kit.sight import Visitor
from lists.specification import Reader, Selection
from signals import patterns
from signals.patterns import Occurrence, Pattern, Trial
from signals.queries.crossings import BreachReading, Row
from signals.states import PATTERN_DAYS, PatternKind

# The patterns, the breaches of each, and the cells beside it that are shown.
MAX_SHOWN, MAX_GROUPS, MAX_BARS = 50, 6, 24
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """A breach group that belongs to a pattern."""

    id: int
    reference: str
    title: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Bar:
    """One cell that was tried beside the pattern: how many occasions it has, and how many chance gives it."""

    value: str
    count: int
    expected: float
    is_pattern: bool


@dataclass(frozen=True, slots=True)
class ShownPattern:
    """A pattern in words, with its evidence.

    key: identifies it among the patterns of all readers and periods. model: the slug or the name of the model
    that it is limited to or names, "" for several. kind: the signal kind of most of its breaches. bars: the
    cells of the same dimension. group_ids: of all its breach groups, newest first. groups: the newest ones.
    """

    key: str
    dimension: str
    value: str
    model: str
    is_inside_model: bool
    title: str
    kind: str
    count: int
    total: int
    expected: float
    chance: float
    corrected: float
    first_at: datetime
    latest_at: datetime
    bars: Sequence[Bar]
    group_ids: Sequence[int]
    groups: Sequence[EvidenceGroup]

    @property
    def odds(self) -> str:
        """Return the corrected chance in words: "1 in 2,400"."""
        return patterns.odds(self.corrected)


@dataclass(frozen=True, slots=True)
class Search:
    """What was found in a period. breaches: read. occasions: counted. tried: cells of the correction.

    is_cut: there are more than MAX_BREACHES, and the oldest were left out.
    """

    patterns: Sequence[ShownPattern]
    since: date
    until: date
    days: int
    breaches: int
    occasions: int
    tried: int
    is_cut: bool

    def of(self, key: str) -> ShownPattern | None:
        """Return the pattern with a key, None if it is no pattern of this period."""
        return next((pattern for pattern in self.patterns if pattern.key == key), None)


def search(user: Visitor, *, at: datetime, days: int = PATTERN_DAYS) -> Search:
    """Return the patterns in the breaches of the last `days` days that the user may see. Five statements."""
    reading = BreachReading(user, at, days)
    crossings = reading.crossings()
    cells = patterns.cells_of(crossings, reading.watched(), reading.first, reading.last) if crossings else []
    found = patterns.narrowest(patterns.found(cells))[:MAX_SHOWN]
    described = _Described(reading, crossings, cells)
    return Search(
        [described.pattern(pattern) for pattern in found],
        reading.first,
        reading.last,
        days,
        len(crossings),
        len(patterns.once(crossings)),
        len(cells),
        reading.is_cut,
    )


def asked(selection: Selection, reader: Reader) -> Search:
    """Return the search that a query string asks for, with the patterns that it leaves.

    All patterns are tested together before, so a filter changes no chance.
    """
    found = search(reader.user, at=reader.at, days=selection.values.get("days", (PATTERN_DAYS,))[0])
    left = [
        pattern
        for pattern in found.patterns
        if all(
            getattr(pattern, name) in selection.values[name]
            for name in ("model", "kind", "dimension")
            if name in selection.values
        )
    ]
    left.sort(key=ORDERS[selection.order])
    return replace(found, patterns=left)


ORDERS: dict[str, Callable[[ShownPattern], Any]] = {
    "corrected": lambda pattern: pattern.corrected,
    "-count": lambda pattern: -pattern.count,
    "-latest_at": lambda pattern: -pattern.latest_at.timestamp(),
}


# ------------------------------------------------------------------ what is shown


class _Described:
    """Puts patterns into words and finds the breaches that belong to them."""

    def __init__(
        self, reading: BreachReading, crossings: Sequence[Occurrence], cells: Sequence[Trial]
    ) -> None:
        self.reading, self.crossings, self.cells = reading, crossings, cells
        self.row_of = {row["id"]: row for row in reading.rows}

    def pattern(self, pattern: Pattern) -> ShownPattern:
        cell = pattern.cell
        counted = patterns.counted(self.crossings, cell.dimension, cell.within)
        crossings = [row for row in counted if row.value(cell.dimension) == cell.value]
        rows = [self.row_of[crossing.pk] for crossing in reversed(crossings)]
        groups = {row["group_id"]: _evidence(row) for row in rows}
        return ShownPattern(
            key=key_of(cell),
            dimension=cell.dimension,
            value=self._value(cell),
            model=self._model(cell),
            is_inside_model=cell.within is not None,
            title=self._title(cell),
            kind=Counter(row["kind"] for row in rows).most_common(1)[0][0],
            count=cell.count,
            total=cell.total,
            expected=cell.expected,
            chance=pattern.chance,
            corrected=pattern.corrected,
            first_at=rows[-1]["opened_at"],
            latest_at=rows[0]["opened_at"],
            bars=self._bars(cell),
            group_ids=list(groups),
            groups=list(groups.values())[:MAX_GROUPS],
        )

    def _model(self, cell: Trial) -> str:
        model = cell.value if cell.dimension == PatternKind.MODEL else cell.within
        return str(model or "")

    def _value(self, cell: Trial) -> str:
        value: Any = cell.value
        if cell.dimension == PatternKind.HOUR:
            return f"{value:02}:00 to {(value + 1) % 24:02}:00"
        if cell.dimension == PatternKind.WEEKDAY:
            return _WEEKDAYS[value]
        names: Mapping[str, Mapping[Any, str]] = {
            PatternKind.MODEL: self.reading.models,
            PatternKind.SOURCE: self.reading.sources,
        }
        return names.get(cell.dimension, {}).get(value, str(value))

    def _title(self, cell: Trial) -> str:
        """Return what recurs: "Fraud score: recurring breaches on Mondays"."""
        shown = self._value(cell)
        text = {
            PatternKind.MODEL: f"breaches of {shown}",
            PatternKind.SOURCE: f"breaches sent by {shown}",
            PatternKind.FEATURE: f"breaches of the feature {shown}",
            PatternKind.SLICE: f"breaches in the slice {shown}",
            PatternKind.WINDOW: f"breaches in the ingestion window {shown}",
            PatternKind.HOUR: f"breaches from {shown}",
            PatternKind.WEEKDAY: f"breaches on {shown}s",
        }[PatternKind(cell.dimension)]
        if cell.within is None:
            return f"Recurring {text}"
        return f"{self.reading.models.get(cell.within, cell.within)}: recurring {text}"

    def _bars(self, cell: Trial) -> list[Bar]:
        """Return the cells of the dimension: in the order of time, else those with the most occasions."""
        beside = [
            other for other in self.cells if (other.dimension, other.within) == (cell.dimension, cell.within)
        ]
        if cell.dimension not in (PatternKind.HOUR, PatternKind.WEEKDAY):
            beside.sort(key=lambda other: (other != cell, -other.count, str(other.value)))
        return [
            Bar(self._value(other), other.count, other.expected, other == cell) for other in beside[:MAX_BARS]
        ]


def key_of(cell: Trial) -> str:
    """Return the text that identifies a cell, 16 hexadecimal digits."""
    text = json.dumps([cell.dimension, cell.value, cell.within])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _evidence(row: Row) -> EvidenceGroup:
    return EvidenceGroup(row["group_id"], row["reference"], row["title"], row["opened_at"])
