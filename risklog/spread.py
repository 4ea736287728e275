"""The spread of scores that several people gave: its ends, its middle, and whether it needs a discussion.

Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

# Scores of 1 to 5 that are one apart are the same judgement in practice.
GAP = 2


@dataclass(frozen=True, slots=True)
class Spread:
    """The lowest, the highest and the middle one of some figures, 1 to 5."""

    low: int
    high: int
    middle: int

    @property
    def is_gap(self) -> bool:
        """Return True if the figures are so far apart that people should discuss them."""
        return self.high - self.low >= GAP

    def is_end(self, figure: int) -> bool:
        """Return True if a figure is at one end of a gap: its reason is what to discuss."""
        return self.is_gap and figure in (self.low, self.high)


def spread_of(figures: Iterable[int]) -> Spread | None:
    """Return the spread of figures, None without any. Of an even number, the lower middle one counts."""
    known = sorted(figures)
    return Spread(known[0], known[-1], median_low(known)) if known else None
