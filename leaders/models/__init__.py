"""The tables of this room."""

from leaders.models.goal import MAX_TITLE, Goal

__all__ = ["MAX_TITLE", "Goal"]
