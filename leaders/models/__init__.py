"""The tables of this room."""

from leaders.models.goal import MAX_TITLE, Goal
from leaders.models.snapshot import NightlyFigures, NightlySnapshot

__all__ = ["MAX_TITLE", "Goal", "NightlyFigures", "NightlySnapshot"]
