"""Find recurring breaches: a model, an hour of the day … with more breaches than chance explains. Pure.

The test of one cell is the exact one-sided binomial test. If each of `total` occasions falls into the cell
with the probability `share`, independently of the others, how likely are `count` or more? `share` is what
the cell would get without a pattern: 1/24 for an hour, the part of the watched series for a model.

All cells that were tried are corrected together by Holm's method, those without any breach included. So on
data without a pattern, the probability that any cell is reported is at most LEVEL, however many were tried.

Breaches that open together have one cause and are not independent. They would turn one incident into a
pattern, so callers count occasions: see `occasions()`.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# The probability that data without a pattern reports one.
LEVEL = 0.01
# Fewer occasions are no recurrence, however unlikely they are.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that is tried: `count` of `total` occasions have this value of the dimension.

    dimension: "model", "feature", "slice", "source", "hour" or "weekday". share: above 0, at most 1.
    within: what the occasions were limited to, such as one model. None means all.
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


def chance_of_at_least(count: int, total: int, share: float) -> float:
    """Return the probability of `count` or more successes in `total` tries with the probability `share`."""
    if count <= 0:
        return 1.0
    if count > total or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    hit, miss, ways = math.log(share), math.log1p(-share), math.lgamma(total + 1)
    terms = (
        math.exp(ways - math.lgamma(k + 1) - math.lgamma(total - k + 1) + k * hit + (total - k) * miss)
        for k in range(count, total + 1)
    )
    return min(1.0, math.fsum(terms))


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


def occasions(breaches: Iterable[tuple[datetime, Hashable]]) -> list[tuple[datetime, Hashable]]:
    """Return the first breach of each cause on each day, in the order of time.

    breaches: (moment in the organisation's time zone, cause). A cause that flaps all day is one occasion.
    """
    first: dict[tuple[date, Hashable], datetime] = {}
    for moment, cause in sorted(breaches, key=lambda breach: breach[0]):
        first.setdefault((moment.date(), cause), moment)
    return [(moment, cause) for (_, cause), moment in first.items()]


def cells_of_time(
    moments: Sequence[datetime], first: date, last: date, *, within: Hashable = None
) -> list[Trial]:
    """Return the 24 hours and the weekdays of the days `first` to `last`, both included.

    moments: occasions in the organisation's time zone. Weekdays are 0 (Monday) to 6. The share of a
    weekday is its number among the days. The hour that a change of the clock skips or repeats is ignored.
    """
    total, days = len(moments), (last - first).days + 1
    hours = Counter(moment.hour for moment in moments)
    weekdays = Counter(moment.weekday() for moment in moments)
    calendar = Counter((first + timedelta(days=n)).weekday() for n in range(days))
    by_hour = [Trial("hour", hour, hours[hour], total, 1 / 24, within) for hour in range(24)]
    by_weekday = [
        Trial("weekday", weekday, weekdays[weekday], total, count / days, within)
        for weekday, count in sorted(calendar.items())
    ]
    return by_hour + by_weekday


def cells_of_values(
    dimension: str, values: Sequence[Hashable], watched: Mapping[Hashable, int], *, within: Hashable = None
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
    total, weight_of_all = counts.total(), sum(weights.values())
    return [
        Trial(dimension, value, counts[value], total, weight / weight_of_all, within)
        for value, weight in weights.items()
    ]
