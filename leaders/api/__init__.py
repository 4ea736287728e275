"""The API of this room."""

from leaders.api import goal, overview, sponsor

RESOURCES: list = [*overview.RESOURCES, *sponsor.RESOURCES, *goal.RESOURCES]
