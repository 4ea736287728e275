"""How far a goal is: pure arithmetic."""

import pytest

from leaders import progress
from leaders.states import GoalDirection


@pytest.mark.parametrize(
    ("start", "figure", "target", "direction", "percent"),
    [
        (10, 10, 0, GoalDirection.AT_MOST, 0),
        (10, 5, 0, GoalDirection.AT_MOST, 50),
        (10, 0, 0, GoalDirection.AT_MOST, 100),
        (10, -2, 0, GoalDirection.AT_MOST, 100),
        (10, 14, 0, GoalDirection.AT_MOST, 0),  # it went the wrong way
        (0, 99.6, 100, GoalDirection.AT_LEAST, 99),  # never 100 before it is met
        (60, 75, 90, GoalDirection.AT_LEAST, 50),
        (95, 80, 90, GoalDirection.AT_LEAST, 0),  # it began on the good side and left it
        (3, 4, 3, GoalDirection.AT_MOST, 0),
        (None, 4, 3, GoalDirection.AT_MOST, None),
        (None, 2, 3, GoalDirection.AT_MOST, 100),
        (10, None, 3, GoalDirection.AT_MOST, None),
    ],
)
def test_percent(start, figure, target, direction, percent):
    assert progress.percent(start, figure, target, direction) == percent
