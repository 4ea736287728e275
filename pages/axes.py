"""Maps numbers to positions on a value axis, for every finite float. Pure arithmetic, no markup.

Charts must draw whatever the store accepts: neighbouring floats, denormal numbers, the largest float, both
signs of it. So values are first brought into a range in which no difference overflows, and a range that is
too narrow to label is drawn as a flat line with room around it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

# Differences of larger numbers can overflow: such values are divided by _SHRINK before anything is computed.
_LARGE = 1e290
_SHRINK_EXPONENT = 30
_SHRINK = 10.0**_SHRINK_EXPONENT
# Below this, differences lose their precision or become zero, so the values are drawn as equal.
_SMALLEST_RANGE = 1e-290
# A range that is this small beside its values would need labels of more than ten digits.
_SMALLEST_SHARE = 1e-9


@dataclass(frozen=True)
class Axis:
    """A value axis: `low` to `high` in the axis's own unit, which is `1 / shrink` of the values' unit.

    steps: the labelled values, ascending, exact; at least two, all different.
    """

    low: float
    high: float
    shrink: float
    steps: tuple[Decimal, ...]

    def share(self, value: float) -> float:
        """Return the position of the value, from 0.0 (lowest step) to 1.0 (highest step), clipped."""
        place = min(max(value / self.shrink, self.low), self.high)
        return (place - self.low) / (self.high - self.low)

    def step_share(self, step: Decimal) -> float:
        """Return the position of a labelled value, from 0.0 to 1.0.

        It may be larger than the largest float.
        """
        return (float(step.scaleb(-_exponent_of(self.shrink))) - self.low) / (self.high - self.low)


def axis(values: Iterable[float], limits: Iterable[tuple[float, str]] = (), steps: int = 4) -> Axis:
    """Return an axis that shows the values and the limits.

    values: finite numbers, at least one, including the values of the limits. limits: (value, side), where
    side is the tinted side, "above" or "below". A limit at the edge gets space for its zone and its label.
    steps: about how many intervals to label.
    """
    known = list(values)
    shrink = _SHRINK if max(map(abs, known)) > _LARGE else 1.0
    shown = [value / shrink for value in known]
    low, high = min(shown), max(shown)
    room, floor = 0.15 * (high - low), min(0.0, 2 * low)
    for value, side in limits:
        place = value / shrink
        shown.append(place + room if side == "above" else max(place - room, floor))
    low, high = with_room(min(shown), max(shown))
    labelled = round_steps(low, high, steps)
    exact = tuple(step.scaleb(_exponent_of(shrink)) for step in labelled)
    return Axis(float(labelled[0]), float(labelled[-1]), shrink, exact)


def shares(values: Sequence[float]) -> list[float]:
    """Return the position of each value from the lowest (0.0) to the highest (1.0); 0.5 if all are equal.

    For a drawing without labels. Values whose difference is too small to draw count as equal.
    """
    shrink = _SHRINK if max(map(abs, values), default=0) > _LARGE else 1.0
    shown = [value / shrink for value in values]
    low, high = min(shown), max(shown)
    if is_flat(low, high):
        return [0.5] * len(shown)
    return [(value - low) / (high - low) for value in shown]


def is_flat(low: float, high: float) -> bool:
    """Return True if the range is too narrow to draw, in absolute terms or relative to its values."""
    return high - low <= max(_SMALLEST_RANGE, _SMALLEST_SHARE * max(abs(low), abs(high)))


def with_room(low: float, high: float) -> tuple[float, float]:
    """Return the range, widened around its middle when it is too narrow to draw."""
    if not is_flat(low, high):
        return low, high
    middle = low if abs(low) > _SMALLEST_RANGE else 0.0
    room = abs(middle) / 2 or 1.0
    return middle - room, middle + room


def round_steps(low: float, high: float, wanted: int = 4) -> list[Decimal]:
    """Return round numbers at equal distances that cover low..high, ascending. The range must not be flat."""
    interval = (high - low) / wanted
    exponent = math.floor(math.log10(interval))
    unit = Decimal(1).scaleb(exponent)
    multiples = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
    step = next((m * unit for m in multiples if float(m * unit) >= interval * 0.999), 10 * unit)
    first = math.floor(low / float(step) + 1e-9)
    last = math.ceil(high / float(step) - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def step_labels(steps: Sequence[Decimal]) -> list[str]:
    """Return the labels of an axis, all different; with powers of ten for very large and small values."""
    largest = max(map(abs, steps))
    if largest >= 10**7 or largest < Decimal("0.001"):
        return [f"{step.normalize():e}".replace("e+", "e") if step else "0" for step in steps]
    return [f"{step.normalize():,f}" if step else "0" for step in steps]


def figure(value: float | None) -> str:
    """Return a number without trailing zeros. A very large or very small number is written like 1.20e+15."""
    if value is None:
        return "no data"
    if 0 < abs(value) < 0.001 or abs(value) >= 1e15:
        return f"{value:.2e}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _exponent_of(shrink: float) -> int:
    return _SHRINK_EXPONENT if shrink != 1.0 else 0
