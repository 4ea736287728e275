"""The 5 x 5 matrix: the score and the level of a likelihood and an impact, and their names.

The score is likelihood x impact (1 to 25), always. Which level a cell has, and the names of steps and levels,
is up to the organisation (models/matrix.py). DEFAULT is the matrix that a register starts with:

    likelihood 5 |  2  3  4  5  5        1 Minimal   score 1 to 3
    likelihood 4 |  2  3  4  4  5        2 Low       score 4 to 5
    likelihood 3 |  1  3  3  4  4        3 Medium    score 6 to 10
    likelihood 2 |  1  2  3  3  3        4 High      score 12 to 16
    likelihood 1 |  1  1  1  2  2        5 Critical  score 20 to 25
                   impact 1 to 5
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

STEPS = (1, 2, 3, 4, 5)
LIKELIHOODS = {1: "Rare", 2: "Unlikely", 3: "Possible", 4: "Likely", 5: "Almost certain"}
IMPACTS = {1: "Negligible", 2: "Minor", 3: "Moderate", 4: "Major", 5: "Severe"}
LEVELS = {1: "Minimal", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
CELLS = ((1, 1, 1, 2, 2), (1, 2, 3, 3, 3), (1, 3, 3, 4, 4), (2, 3, 4, 4, 5), (2, 3, 4, 5, 5))

# Level -> the days until a risk of this level is reviewed again.
REVIEW_DAYS = {1: 180, 2: 90, 3: 60, 4: 30, 5: 14}
# Level -> the cell that an estimate of this level stands for, if the matrix gives it this level.
_ESTIMATES = {1: (2, 1), 2: (2, 2), 3: (3, 3), 4: (4, 4), 5: (5, 5)}

Cell = tuple[int, int]  # likelihood, impact


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix. likelihoods, impacts, levels: number (1 to 5) -> name.

    cells: the levels, a row for each likelihood from 1 to 5, each with its impacts from 1 to 5.
    """

    likelihoods: Mapping[int, str]
    impacts: Mapping[int, str]
    levels: Mapping[int, str]
    cells: Sequence[Sequence[int]]

    def level(self, likelihood: int, impact: int) -> int:
        """Return the level 1 to 5 of a cell."""
        return self.cells[likelihood - 1][impact - 1]

    def cells_of(self, levels: Iterable[int]) -> set[Cell]:
        """Return the cells that have one of these levels."""
        wanted = set(levels)
        return {cell for cell in every_cell() if self.level(*cell) in wanted}

    def estimate(self, level: int) -> Cell:
        """Return the cell of an estimated level: its usual cell, else the nearest that has the level."""
        usual = _ESTIMATES[level]
        having = sorted(self.cells_of([level]), key=lambda cell: (_distance(cell, usual), cell))
        return having[0] if having else usual

    def next_review(self, likelihood: int, impact: int, today: date) -> date:
        """Return the day by which a risk in this cell is reviewed again."""
        return today + timedelta(days=REVIEW_DAYS[self.level(likelihood, impact)])


DEFAULT = Matrix(LIKELIHOODS, IMPACTS, LEVELS, CELLS)


def every_cell() -> list[Cell]:
    """Return the 25 cells."""
    return [(likelihood, impact) for likelihood in STEPS for impact in STEPS]


def score(likelihood: int, impact: int) -> int:
    """Return the score 1 to 25 of a likelihood and an impact, each 1 to 5."""
    return likelihood * impact


def _distance(one: Cell, other: Cell) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])
