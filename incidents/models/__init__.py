"""The models of this room: one module per noun."""

from incidents.models.duty import DutyAction, ReportingDuty
from incidents.models.incident import Incident, InvolvedModel, of_model
from incidents.models.postmortem import Observer, Postmortem
from incidents.models.timeline import TimelineEntry, Update

__all__ = [
    "DutyAction",
    "Incident",
    "InvolvedModel",
    "Observer",
    "Postmortem",
    "ReportingDuty",
    "TimelineEntry",
    "Update",
    "of_model",
]
