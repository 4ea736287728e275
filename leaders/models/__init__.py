"""The tables of this room."""

from leaders.models.allotment import MAX_HOURS, Allotment
from leaders.models.goal import MAX_TITLE, Goal
from leaders.models.snapshot import NightlyFigures, NightlySnapshot

__all__ = ["MAX_HOURS", "MAX_TITLE", "Allotment", "Goal", "NightlyFigures", "NightlySnapshot"]
