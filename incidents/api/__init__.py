"""The API of incidents, by noun."""

from incidents.api import duty, handling, incident, postmortem

RESOURCES: list = [
    *incident.RESOURCES,
    *handling.RESOURCES,
    *postmortem.RESOURCES,
    *duty.RESOURCES,
]
