"""The API of this room."""

from leaders.api import goal, overview

RESOURCES: list = [*overview.RESOURCES, *goal.RESOURCES]
