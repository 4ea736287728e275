"""The API of incidents, by noun."""

from incidents.api import incident

RESOURCES: list = [*incident.RESOURCES]
