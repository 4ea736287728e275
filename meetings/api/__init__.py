"""The API resources of this room, by noun: (address, view)."""

from meetings.api import calendar, check_in, decision, item, meeting, outcome, rotation, series, tripwire

RESOURCES: list = [
    *series.RESOURCES,
    *calendar.RESOURCES,
    *rotation.RESOURCES,
    *check_in.RESOURCES,
    *meeting.RESOURCES,
    *item.RESOURCES,
    *decision.RESOURCES,
    *tripwire.RESOURCES,
    *outcome.RESOURCES,
]
