"""How far a goal is: pure arithmetic."""

from leaders.states import GoalDirection


def is_met(figure: float | None, target: float, direction: str) -> bool:
    """Return True if the figure is on the good side of the target."""
    if figure is None:
        return False
    return figure <= target if direction == GoalDirection.AT_MOST else figure >= target


def percent(start: float | None, figure: float | None, target: float, direction: str) -> int | None:
    """Return how much of the way from start to target is done, 0 to 100; None without start or figure.

    A figure that has gone the wrong way counts as 0. 100 is returned only for a target that is met.
    """
    if is_met(figure, target, direction):
        return 100
    if start is None or figure is None:
        return None
    if start == target or is_met(start, target, direction):
        return 0
    done = (figure - start) / (target - start)
    return max(0, min(99, int(done * 100)))
