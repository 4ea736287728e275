"""The API of this room."""

from leaders.api import goal

RESOURCES: list = [*goal.RESOURCES]
