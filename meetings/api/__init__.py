"""The meeting rhythm by API, by noun: (address, view)."""

from meetings.api import decision, item, meeting, series

RESOURCES: list = [*series.RESOURCES, *meeting.RESOURCES, *item.RESOURCES, *decision.RESOURCES]
