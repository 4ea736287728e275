"""The API resources of this room, by noun: (address, view)."""

from meetings.api import (
    agenda_template,
    calendar,
    check_in,
    decision,
    follow_through,
    item,
    meeting,
    memory,
    minutes,
    model_health,
    outcome,
    recording,
    rotation,
    series,
    settlement,
    tripwire,
)

RESOURCES: list = [
    *follow_through.RESOURCES,
    *series.RESOURCES,
    *agenda_template.RESOURCES,
    *calendar.RESOURCES,
    *rotation.RESOURCES,
    *check_in.RESOURCES,
    *memory.RESOURCES,
    *meeting.RESOURCES,
    *settlement.RESOURCES,
    *recording.RESOURCES,
    *minutes.RESOURCES,
    *item.RESOURCES,
    *decision.RESOURCES,
    *tripwire.RESOURCES,
    *outcome.RESOURCES,
    *model_health.RESOURCES,
]
