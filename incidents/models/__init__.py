"""The models of this room: one module per noun."""

from incidents.models.incident import Incident, InvolvedModel
from incidents.models.timeline import TimelineEntry, Update

__all__ = ["Incident", "InvolvedModel", "TimelineEntry", "Update"]
