"""The arithmetic: figures of several rounds, ratios per round, lines of the table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the least and the greatest."""

    median: float
    least: float
    greatest: float


@dataclass(slots=True)
class Line:
    """The result of one goal. figure None: not measured, and `why` says how to measure it.

    better: "more" or "less", the direction of the target. met None: cannot be judged here.
    """

    goal: int
    what: str
    target: str
    figure: float | None = None
    least: float | None = None
    greatest: float | None = None
    unit: str = ""
    met: bool | None = None
    why: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def as_object(self) -> dict[str, Any]:
        return {
            "goal": self.goal,
            "what": self.what,
            "figure": _short(self.figure),
            "min": _short(self.least),
            "max": _short(self.greatest),
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "why": self.why,
            **self.details,
        }


def spread(figures: Iterable[float]) -> Spread:
    """Return median, least and greatest. Raises ValueError without a figure."""
    found = sorted(figures)
    if not found:
        raise ValueError("There is no figure to take the median of.")
    return Spread(statistics.median(found), found[0], found[-1])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the ratio of both figures in each round, so that a load on both sides cancels out."""
    if len(ours) != len(theirs):
        raise ValueError("Each round has two sides.")
    if any(figure <= 0 for figure in theirs):
        raise ValueError("A yardstick has the figure zero.")
    return spread(mine / other for mine, other in zip(ours, theirs, strict=True))


def percentile(figures: Sequence[float], part: float) -> float:
    """Return the smallest figure that a share `part` (0 to 1) of all figures does not exceed."""
    found = sorted(figures)
    if not found:
        raise ValueError("There is no figure.")
    return found[max(0, math.ceil(len(found) * part) - 1)]


def table(lines: Sequence[Line]) -> str:
    """Return the table for the terminal: one row per goal, with its reason below it."""
    head = ("#", "what", "figure", "min – max", "target", "")
    rows = [
        (str(line.goal), line.what, _figure(line), _range(line), line.target, _mark(line.met))
        for line in lines
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    said = [_row(head, widths), _row(["-" * width for width in widths], widths)]
    for line, row in zip(lines, rows, strict=True):
        said.append(_row(row, widths))
        if line.why:
            said.append(f"{'':>{widths[0]}}    {line.why}")
    return "\n".join(said)


def counted(lines: Iterable[Line]) -> Mapping[str, int]:
    """Return how many goals are met, missed and not judged."""
    found = {"met": 0, "missed": 0, "not judged": 0}
    for line in lines:
        found["not judged" if line.met is None else "met" if line.met else "missed"] += 1
    return found


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _mark(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: "–"}[met]


def _figure(line: Line) -> str:
    return "–" if line.figure is None else f"{_short(line.figure):g}{line.unit and ' ' + line.unit}"


def _range(line: Line) -> str:
    if line.least is None or line.greatest is None:
        return ""
    return f"{_short(line.least):g} – {_short(line.greatest):g}"


def _short(figure: float | None) -> float | None:
    """Return the figure with three significant digits, as a whole number above a thousand."""
    if figure is None:
        return None
    return float(round(figure)) if abs(figure) >= 1000 else float(f"{figure:.3g}")
