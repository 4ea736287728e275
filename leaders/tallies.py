"""The figures of a snapshot: how they are counted, added up and read. Pure.

Figures are a dictionary of what can be added up:
- "levels": six numbers, the live risks of level 1 to 5 and the sum of their scores
- "tiers", "categories": key -> the same six numbers, of the risks of a tier ("0": none) or a category
- COUNTS: a number each
- "facilitated": id of a function -> how many meetings its people facilitated
- "incidents", "seen_first": month -> how many incidents, and how many of them a breach saw first
- "top": the highest live risks as [id, score, level, level 30 days before or None]
- "medians": name -> [number, median in hours]; only of what everyone may see, because medians do not add up
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from leaders.states import Measure

# Who may see a subject: its viewers (None: everyone) and the people with a grant.
Scope = tuple[tuple[int, ...] | None, tuple[int, ...]]
OPEN: Scope = (None, ())
TOP = 10
MONTHS = 6
POINTS = 5  # the place of the sum of scores, after the five levels
COUNTS = (
    "accepted",
    "opened",
    "closed",
    "escalations",
    "late_reviews",
    "open_actions",
    "late_actions",
    "done",
    "done_in_time",
    "decisions",
    "planned",
    "held",
    "present",
    "expected",
    "sponsored",
    "sponsor_present",
    "meeting_minutes",
    "answers",
    "done_s",
    "done_m",
    "done_l",
    "allotted",
)
# The estimated hours of an answered review, and of an action of an effort.
HOURS = {"answers": 0.5, "done_s": 2, "done_m": 8, "done_l": 24}


class RiskCell(NamedTuple):
    """Risks that count alike. tier: 0 without one. team: None without one."""

    scope: Scope
    team: int | None
    tier: int
    category: int
    level: int
    is_accepted: bool


class Sum(NamedTuple):
    """How many risks a cell has, and the sum of their scores."""

    number: int
    points: int


class TopRisk(NamedTuple):
    """One of the highest risks. was: its level 30 days before, None if it was not open then."""

    risk: int
    score: int
    level: int
    was: int | None


class Tallies:
    """The figures of each scope and team, and of each scope for the whole organisation (team None)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Scope, int | None], dict[str, Any]] = defaultdict(dict)

    def count(self, name: str, scope: Scope, number: int, team: int | None = None) -> None:
        """Add to a number of the organisation, or of a team."""
        figures = self.rows[scope, team]
        figures[name] = figures.get(name, 0) + number

    def count_key(self, name: str, key: Any, scope: Scope, number: int, team: int | None = None) -> None:
        """Add to a number that figures have by key."""
        keyed = self.rows[scope, team].setdefault(name, {})
        keyed[str(key)] = keyed.get(str(key), 0) + number

    def add_risks(self, cells: Mapping[RiskCell, Sum]) -> None:
        """Add live risks, each to the organisation and to its team."""
        for cell, sums in cells.items():
            if not sums.number:
                continue
            for team in {None, cell.team}:
                figures = self.rows[cell.scope, team]
                _raise(figures.setdefault("levels", [0] * 6), cell.level, sums)
                tiers = figures.setdefault("tiers", {})
                _raise(tiers.setdefault(str(cell.tier), [0] * 6), cell.level, sums)
                categories = figures.setdefault("categories", {})
                _raise(categories.setdefault(str(cell.category), [0] * 6), cell.level, sums)
                if cell.is_accepted:
                    figures["accepted"] = figures.get("accepted", 0) + sums.number

    def add_top(self, scope: Scope, team: int | None, risks: Iterable[TopRisk]) -> None:
        """Add the highest risks of a team (None: without a team), also to the organisation."""
        given = [list(risk) for risk in risks]
        for key in {None, team}:
            figures = self.rows[scope, key]
            figures["top"] = highest([*figures.get("top", []), *given])


def _raise(numbers: list[int], level: int, sums: Sum) -> None:
    numbers[level - 1] += sums.number
    numbers[POINTS] += sums.points


def highest(risks: Collection[list[Any]]) -> list[list[Any]]:
    """Return the highest risks, each as in a TopRisk, the newest first among equals."""
    return sorted(risks, key=lambda risk: (-risk[1], -risk[0]))[:TOP]


def added_up(several: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of the figures of several scopes or teams."""
    total: dict[str, Any] = {}
    for figures in several:
        for name, value in figures.items():
            if name == "top":
                total[name] = highest([*total.get(name, []), *value])
            elif name == "medians":
                total.setdefault(name, value)
            else:
                total[name] = _sum(total[name], value) if name in total else value
    return total


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, Mapping):
        return {
            key: _sum(one[key], other[key]) if key in one and key in other else one.get(key, other.get(key))
            for key in {**one, **other}
        }
    if isinstance(one, list):
        return [a + b for a, b in zip(one, other, strict=True)]
    return one + other


def months_before(day: date) -> list[date]:
    """Return the first days of the last MONTHS months, that of `day` included, the oldest first."""
    first = day.replace(day=1)
    found = [first]
    while len(found) < MONTHS:
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(first)
    return found[::-1]


def percent(part: int, whole: int) -> int | None:
    """Return a share in per cent, None of nothing."""
    return round(100 * part / whole) if whole else None


def hours_of_reviews(figures: Mapping[str, Any]) -> float:
    """Return the estimated hours of the reviews that were answered."""
    return figures.get("answers", 0) * HOURS["answers"]


def hours_of_actions(figures: Mapping[str, Any]) -> float:
    """Return the estimated hours of the actions that were done, by their effort."""
    return sum(figures.get(name, 0) * hours for name, hours in HOURS.items() if name.startswith("done_"))


def median(figures: Mapping[str, Any], name: str) -> tuple[int, float | None]:
    """Return how many times a median counts, and the median in hours; None without one."""
    number, hours = figures.get("medians", {}).get(name, (0, None))
    return number, hours


def figure_of(measure: str, figures: Mapping[str, Any]) -> float | None:
    """Return the figure that a goal measures. None if there is none, as for a share of no meetings."""
    levels = figures.get("levels", [0] * 6)
    if measure == Measure.LIVE_RISKS:
        return sum(levels[:POINTS])
    if measure == Measure.SEVERE_RISKS:
        return levels[3] + levels[4]
    if measure == Measure.DONE_IN_TIME:
        return percent(figures.get("done_in_time", 0), figures.get("done", 0))
    if measure == Measure.HELD:
        return percent(figures.get("held", 0), figures.get("planned", 0))
    if measure in _MEDIANS:
        name, hours_a_unit = _MEDIANS[measure]
        hours = median(figures, name)[1]
        return None if hours is None else round(hours / hours_a_unit, 1)
    return figures.get(_COUNTED[measure], 0) if measure in _COUNTED else None


_MEDIANS: Mapping[str, tuple[str, int]] = {
    Measure.HOURS_TO_REVIEW: ("review", 1),
    Measure.DAYS_TO_DECISION: ("decision", 24),
    Measure.DAYS_TO_DONE: ("done", 24),
}
_COUNTED: Mapping[str, str] = {
    Measure.ACCEPTED_RISKS: "accepted",
    Measure.LATE_ACTIONS: "late_actions",
    Measure.LATE_REVIEWS: "late_reviews",
    Measure.ESCALATIONS: "escalations",
}
