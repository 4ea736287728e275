"""The API resources of this room, by noun: (address, view)."""

from meetings.api import decision, item, meeting, series

RESOURCES: list = [*series.RESOURCES, *meeting.RESOURCES, *item.RESOURCES, *decision.RESOURCES]
