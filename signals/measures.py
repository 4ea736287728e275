"""What a rule measures at each point of a series. Pure: this module reads and writes no rows.

The measure at a point depends on the point and on those before it: at most MOST_POINTS, and none that is
older than reach(). So points that come in parts, each part with the history before it, get the same measures
as all points at once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import fsum, isfinite
from statistics import fmean

from signals.rolling import SortedWindow
from signals.states import RuleDirection, RuleKind
from signals.thresholds import Rule

Points = Sequence[tuple[datetime, float]]

# A window has at most the last points of its time: more do not change a mean or a median much.
MOST_POINTS = 1_000
# Fewer earlier points do not tell what is usual, so nothing is measured.
LEAST_HISTORY = 8
# The measure of a value that differs where all earlier ones were equal.
MOST_DEVIATIONS = 1_000.0
# A limit of "no data for" in hours. Versions from before it was checked can have more than any date allows.
LONGEST_SILENCE = 1_000_000
# Factors that make both scales equal to the standard deviation of normal values (Iglewicz and Hoaglin 1993).
_MAD_SCALE = 1.4826
_MEAN_SCALE = 1.2533


def reach(rule: Rule) -> timedelta | None:
    """Return how old the points of a measure may be. None: as far as points_before() has points."""
    if rule.kind == RuleKind.CHANGE:
        return timedelta(hours=2 * (rule.window_hours or 0))
    return timedelta(hours=rule.window_hours or 0) if rule.kind == RuleKind.DEVIATION else None


def points_before(rule: Rule) -> int:
    """Return how many earlier points a measure needs, at most."""
    if rule.kind == RuleKind.COUNT:
        return (rule.among or 1) - 1
    if rule.kind == RuleKind.SILENCE:
        return 1
    return MOST_POINTS if rule.needs_history else 0


def measures(rule: Rule, points: Points, history: Points = ()) -> list[tuple[datetime, float]]:
    """Return (time, measure) in the order of their times, only where something can be measured.

    points: sorted by time. history: the points before them, sorted; see points_before() and reach().
    """
    if not rule.needs_history:
        return list(points)
    if rule.kind == RuleKind.SILENCE:
        return _silences(rule, [*history[-1:], *points])
    every = [*history, *points]
    times = [ts for ts, _ in every]
    values = [value for _, value in every]
    measured = []
    window = SortedWindow(values)
    for position in range(len(history), len(every)):
        size = _measure(rule, values, times, position, window)
        if size is not None and isfinite(size):
            measured.append((times[position], size))
    return measured


def silence(rule: Rule, latest: datetime, at: datetime) -> list[tuple[datetime, float]]:
    """Return the measures of "no data for" of a series whose newest point is at `latest`.

    One for each limit that is reached before `at`: the moment at which it is, and its hours.
    """
    limits = sorted({limit for limit in (rule.warning, rule.critical) if limit is not None})
    moments = [(latest + timedelta(hours=min(limit, LONGEST_SILENCE)), limit) for limit in limits]
    return [(moment, limit) for moment, limit in moments if moment < at]


def _silences(rule: Rule, points: Points) -> list[tuple[datetime, float]]:
    """Return the measures in each gap between two points, and 0 at each later point."""
    measured = []
    for (before, _), (ts, _) in pairwise(points):
        measured += [*silence(rule, before, ts), (ts, 0.0)]
    return measured


def _measure(
    rule: Rule, values: Sequence[float], times: Sequence[datetime], position: int, usual: SortedWindow
) -> float | None:
    if rule.kind == RuleKind.COUNT:
        return _nth_worst(rule, values, position)
    first = max(position - MOST_POINTS, 0)
    window = timedelta(hours=rule.window_hours or 0)
    ts = times[position]
    if rule.kind == RuleKind.CHANGE:
        middle = bisect_right(times, ts - window, first, position)
        start = bisect_right(times, ts - 2 * window, first, position)
        return _directed(rule, _change(values[start:middle], values[middle : position + 1]))
    usual.move(bisect_left(times, ts - window, first, position), position)
    return _directed(rule, _deviation(values[position], usual))


def _nth_worst(rule: Rule, values: Sequence[float], position: int) -> float | None:
    """Return the n-th worst of the last m values: n of them cross a limit if and only if it does."""
    last = values[max(position + 1 - (rule.among or 1), 0) : position + 1]
    needed = rule.needed or 1
    return sorted(last, key=rule.badness)[-needed] if len(last) >= needed else None


def _change(earlier: Sequence[float], later: Sequence[float]) -> float | None:
    """Return by how many per cent the mean changed. None without earlier values, or if their mean is 0."""
    if not earlier:
        return None
    try:
        before, now = fmean(earlier), fsum(later) / len(later)
        return (now - before) / abs(before) * 100 if before else None
    except OverflowError:
        return None


def _deviation(value: float, history: SortedWindow) -> float | None:
    """Return how many robust standard deviations a value is from the median of the history.

    If more than half of the history is equal, the median of the distances is 0 and their mean replaces it.
    """
    count = len(history.sorted)
    if count < LEAST_HISTORY:
        return None
    usual = history.median()
    scale = _MAD_SCALE * history.median_distance(usual)
    scale = scale or _MEAN_SCALE * (sum(abs(each - usual) for each in history.sorted) / count)
    if value == usual:
        return 0.0
    if not scale:
        return MOST_DEVIATIONS if value > usual else -MOST_DEVIATIONS
    return max(-MOST_DEVIATIONS, min((value - usual) / scale, MOST_DEVIATIONS))


def _directed(rule: Rule, size: float | None) -> float | None:
    """Return the size in the direction of the rule: greater is worse."""
    if size is None:
        return None
    if rule.direction == RuleDirection.BOTH:
        return abs(size)
    return -size if rule.direction == RuleDirection.BELOW else size
