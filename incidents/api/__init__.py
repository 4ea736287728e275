"""The API of incidents, by noun."""

from incidents.api import handling, incident

RESOURCES: list = [*incident.RESOURCES, *handling.RESOURCES]
