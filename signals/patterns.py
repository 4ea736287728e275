"""Find recurring breaches: a model, an hour of the day … with more breaches than chance explains. Pure.

The test of one cell is the exact one-sided binomial test. If each of `total` occasions falls into the cell
with the probability `share`, independently of the others, how likely are `count` or more? `share` is what
the cell would get without a pattern: the part of the watched series for a model, the part of the moments
with data for an hour. Where each occasion has a probability of its own, `share` is their mean. The sum is
then less spread than the binomial, so the test is conservative (Hoeffding 1956).

All cells that were tried are corrected together by Holm's method, those without any breach included. So on
data without a pattern, the probability that any cell is reported is at most LEVEL, however many were tried.

Breaches that open together have one cause and are not independent. They would turn one incident into a
pattern, so only the first breach of a cause on a day is an occasion: see `once()`.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from signals.states import PatternKind

# The probability that data without a pattern reports one.
LEVEL = 0.01
# Fewer occasions are no recurrence, however unlikely they are.
FEWEST = 3
HOURS, WEEKDAYS = 24, 7
# Terms that are smaller than this part of their sum do not change it.
_NEGLIGIBLE = 1e-17
# A smaller chance is not told more exactly.
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that is tried: `count` of `total` occasions have this value of the dimension.

    share: above 0, at most 1. within: the model that the occasions were limited to. None means all.
    """

    dimension: str
    value: Hashable
    count: int
    total: int
    share: float
    within: Hashable = None

    @property
    def expected(self) -> float:
        """Return the number of occasions without a pattern."""
        return self.total * self.share


@dataclass(frozen=True, slots=True)
class Pattern:
    """A cell with more occasions than chance explains.

    chance: the p-value of this cell alone. corrected: the same after Holm's correction for all cells tried.
    """

    cell: Trial
    chance: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One breach. moment: in the organisation's time zone. times: when its series could have breached.

    cause: what the breaches of one incident have in common. "" or None: it has no such value.
    """

    pk: int
    moment: datetime
    cause: Hashable
    model: str
    feature: str = ""
    slice: str = ""
    window: str = ""
    source: int | None = None
    times: "TimeShares | None" = None

    def value(self, dimension: str) -> Hashable:
        """Return its value of a dimension."""
        if dimension == PatternKind.HOUR:
            return self.moment.hour
        return self.moment.weekday() if dimension == PatternKind.WEEKDAY else getattr(self, dimension)


@dataclass(frozen=True, slots=True)
class WatchedSignal:
    """A series with a threshold, or an alert that its source judges. weight: the part of the period."""

    cause: Hashable
    model: str
    feature: str = ""
    slice: str = ""
    window: str = ""
    source: int | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TimeShares:
    """The part of the moments with data that is in each hour (24) and on each weekday (7, Monday first)."""

    hours: tuple[float, ...]
    weekdays: tuple[float, ...]


# ------------------------------------------------------------------ the test


def chance_of_at_least(count: int, total: int, share: float) -> float:
    """Return the probability of `count` or more successes in `total` tries with the probability `share`."""
    if count <= 0:
        return 1.0
    if count > total or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if count <= total * share:
        return max(0.0, 1.0 - _sum_of_terms(range(count - 1, -1, -1), total, share))
    return min(1.0, _sum_of_terms(range(count, total + 1), total, share))


def _sum_of_terms(numbers: range, total: int, share: float) -> float:
    """Return the probability of these numbers of successes. They lead away from the most likely number."""
    hit, miss, ways = math.log(share), math.log1p(-share), math.lgamma(total + 1)
    terms: list[float] = []
    so_far = 0.0
    for k in numbers:
        rest = total - k
        terms.append(math.exp(ways - math.lgamma(k + 1) - math.lgamma(rest + 1) + k * hit + rest * miss))
        so_far += terms[-1]
        if terms[-1] < so_far * _NEGLIGIBLE:
            break
    return math.fsum(terms)


def odds(chance: float) -> str:
    """Return a chance in words, with two significant digits: "1 in 2,400"."""
    if chance < _SMALLEST:
        return f"less than 1 in {round(1 / _SMALLEST):,}"
    return f"1 in {int(float(f'{1 / chance:.2g}')):,}"


def found(cells: Sequence[Trial], *, level: float = LEVEL) -> list[Pattern]:
    """Return the patterns among all cells that were tried, the least likely first.

    Pass every cell, also those without an occasion: the correction needs the number of cells tried.
    """
    chances = [(chance_of_at_least(cell.count, cell.total, cell.share), cell) for cell in cells]
    chances.sort(key=lambda pair: pair[0])
    patterns: list[Pattern] = []
    corrected = 0.0
    for place, (chance, cell) in enumerate(chances):
        corrected = min(1.0, max(corrected, chance * (len(chances) - place)))
        if corrected > level:
            break
        if cell.count >= FEWEST and cell.count > cell.expected:
            patterns.append(Pattern(cell, chance, corrected))
    return patterns


def narrowest(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return the patterns without those of all models that are mostly the pattern of one model."""
    largest: dict[tuple[str, Hashable], int] = {}
    for pattern in patterns:
        if (cell := pattern.cell).within is not None:
            key = (cell.dimension, cell.value)
            largest[key] = max(largest.get(key, 0), cell.count)
    return [
        pattern
        for pattern in patterns
        if pattern.cell.within is not None
        or largest.get((pattern.cell.dimension, pattern.cell.value), 0) * 2 <= pattern.cell.count
    ]


# ------------------------------------------------------------------ what is tried


def once(crossings: Iterable[Occurrence], *dimensions: str) -> list[Occurrence]:
    """Return the first breach of each cause on each day, in the order of time.

    dimensions: breaches that differ in one of these are separate. A cause that flaps all day is one occasion.
    """
    first: dict[tuple[Hashable, ...], Occurrence] = {}
    for crossing in sorted(crossings, key=lambda crossing: crossing.moment):
        values = (crossing.value(name) for name in dimensions)
        first.setdefault((crossing.moment.date(), crossing.cause, *values), crossing)
    return list(first.values())


def counted(crossings: Iterable[Occurrence], dimension: str, within: Hashable = None) -> list[Occurrence]:
    """Return the occasions that a dimension counts. A cause may cross on several features on one day."""
    rows = [row for row in crossings if within is None or row.model == within]
    if dimension in INNER:
        return once((row for row in rows if row.value(dimension)), dimension)
    return once(rows)


# What is compared inside each model, because models differ in how often they breach.
INNER = (PatternKind.FEATURE, PatternKind.SLICE, PatternKind.WINDOW)


def cells_of(
    crossings: Sequence[Occurrence], watched: Sequence[WatchedSignal], first: date, last: date
) -> list[Trial]:
    """Return all cells to try for the breaches of the days `first` to `last`, both included.

    Times of day, features, slices and ingestion windows are tried for each model with at least FEWEST
    occasions, and over all models. Models and sources are tried over all.
    """
    cells = [
        *cells_of_time(once(crossings), first, last),
        *_cells_of_owners(PatternKind.MODEL, crossings, watched),
        *_cells_of_owners(PatternKind.SOURCE, crossings, watched),
    ]
    crossings_of: dict[str, list[Occurrence]] = {}
    for crossing in crossings:
        crossings_of.setdefault(crossing.model, []).append(crossing)
    watched_of: dict[str, list[WatchedSignal]] = {}
    for row in watched:
        watched_of.setdefault(row.model, []).append(row)
    inner: list[Trial] = []
    for model, own in crossings_of.items():
        occasions = once(own)
        if len(occasions) >= FEWEST:
            cells += cells_of_time(occasions, first, last, within=model)
        for dimension in INNER:
            inner += _cells_inside(dimension, model, own, watched_of.get(model, ()))
    return cells + [cell for cell in inner if cell.total >= FEWEST] + _cells_over_models(inner)


def cells_of_time(
    crossings: Sequence[Occurrence], first: date, last: date, *, within: Hashable = None
) -> list[Trial]:
    """Return the 24 hours and the weekdays of the days `first` to `last`, both included.

    crossings: occasions. The share of an hour is the mean over the occasions of their `times`; without them
    it is 1/24, and that of a weekday is its part of the days. The hour that a change of the clock skips or
    repeats is ignored.
    """
    total = len(crossings)
    calendar = even_times(first, last)
    shares = mean_times([crossing.times or calendar for crossing in crossings]) or calendar
    cells: list[Trial] = []
    for dimension, parts in ((PatternKind.HOUR, shares.hours), (PatternKind.WEEKDAY, shares.weekdays)):
        counts = Counter(crossing.value(dimension) for crossing in crossings)
        cells += [
            Trial(dimension, value, counts[value], total, part, within)
            for value, part in enumerate(parts)
            if part > 0
        ]
    return cells


def even_times(first: date, last: date) -> TimeShares:
    """Return the shares of something that can happen at any time of these days."""
    days = (last - first).days + 1
    calendar = Counter((first + timedelta(days=n)).weekday() for n in range(days))
    weekdays = tuple(calendar[weekday] / days for weekday in range(WEEKDAYS))
    return TimeShares((1 / HOURS,) * HOURS, weekdays)


def times_of(moments: Iterable[datetime]) -> TimeShares:
    """Return the shares of a series that has data in these hours. moments: in the organisation's time zone.

    One moment is added that is spread over all hours and weekdays, so that none of them has the share 0.
    """
    slots = {(moment.date(), moment.hour) for moment in moments}
    days = {day for day, _ in slots}
    hours = Counter(hour for _, hour in slots)
    weekdays = Counter(day.weekday() for day in days)
    return TimeShares(
        tuple((hours[hour] + 1 / HOURS) / (len(slots) + 1) for hour in range(HOURS)),
        tuple((weekdays[weekday] + 1 / WEEKDAYS) / (len(days) + 1) for weekday in range(WEEKDAYS)),
    )


def mean_times(shares: Sequence[TimeShares]) -> TimeShares | None:
    """Return the mean of shares, None without any."""
    if not shares:
        return None
    hours = zip(*(share.hours for share in shares), strict=True)
    weekdays = zip(*(share.weekdays for share in shares), strict=True)
    return TimeShares(
        tuple(math.fsum(parts) / len(shares) for parts in hours),
        tuple(math.fsum(parts) / len(shares) for parts in weekdays),
    )


def cells_of_values(
    dimension: str,
    values: Sequence[Hashable],
    watched: Mapping[Hashable, float],
    *,
    within: Hashable = None,
) -> list[Trial]:
    """Return a cell for each watched value, with its part of what is watched as its share.

    values: the value of each occasion. watched: how many series (or thresholds) have each value. It must not
    be taken from the breaches, or a value without breaches is missing and the other shares are wrong.
    Occasions with a value that is not watched are left out. Fewer than two watched values give no cells.
    """
    weights = {value: weight for value, weight in watched.items() if weight > 0}
    if len(weights) < 2:
        return []
    counts = Counter(value for value in values if value in weights)
    total, weight_of_all = counts.total(), math.fsum(weights.values())
    return [
        Trial(dimension, value, counts[value], total, weight / weight_of_all, within)
        for value, weight in weights.items()
    ]


def _cells_of_owners(
    dimension: str, crossings: Sequence[Occurrence], watched: Sequence[WatchedSignal]
) -> list[Trial]:
    """Return the cells of models or sources. The share is the larger one of two parts.

    Of the series, as if they breached independently, and of the causes, as if all series of a cause breached
    together. So the test is conservative in both cases.
    """
    series: dict[Hashable, float] = {}
    causes: dict[Hashable, dict[Hashable, float]] = {}
    for row in watched:
        if owner := getattr(row, dimension):
            series[owner] = series.get(owner, 0.0) + row.weight
            of_owner = causes.setdefault(owner, {})
            of_owner[row.cause] = max(of_owner.get(row.cause, 0.0), row.weight)
    by_cause = {owner: math.fsum(weights.values()) for owner, weights in causes.items()}
    values = [crossing.value(dimension) for crossing in once(crossings)]
    pairs = zip(
        cells_of_values(dimension, values, series),
        cells_of_values(dimension, values, by_cause),
        strict=True,
    )
    return [max(pair, key=lambda cell: cell.share) for pair in pairs]


def _cells_inside(
    dimension: str, model: str, crossings: Sequence[Occurrence], watched: Sequence[WatchedSignal]
) -> list[Trial]:
    """Return the cells of the features, slices or ingestion windows of one model."""
    weights: dict[Hashable, float] = {}
    for row in watched:
        if value := getattr(row, dimension):
            weights[value] = weights.get(value, 0.0) + row.weight
    values = [crossing.value(dimension) for crossing in counted(crossings, dimension)]
    return cells_of_values(dimension, values, weights, within=model)


def _cells_over_models(inner: Sequence[Trial]) -> list[Trial]:
    """Return a cell for each feature, slice or window that several models have.

    What is expected of it is what its models expect together.
    """
    cells: list[Trial] = []
    totals: dict[str, dict[Hashable, int]] = {}
    shared: dict[tuple[str, Hashable], list[Trial]] = {}
    for cell in inner:
        totals.setdefault(cell.dimension, {})[cell.within] = cell.total
        shared.setdefault((cell.dimension, cell.value), []).append(cell)
    for (dimension, value), own in shared.items():
        total = sum(totals[dimension].values())
        if len(own) > 1 and total >= FEWEST:
            share = math.fsum(cell.expected for cell in own) / total
            if share > 0:
                cells.append(Trial(dimension, value, sum(cell.count for cell in own), total, share))
    return cells
