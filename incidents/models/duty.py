"""Duties to report incidents outside, and the actions that they create."""

from django.db import models

from actions.models import Action
from history.models import Part, Recorded
from incidents.models.incident import Incident
from incidents.states import IncidentSeverity


class ReportingDuty(Recorded):
    """A duty to report incidents to somebody outside, such as a supervisor.

    severity: the lowest one that must be reported. days: after the incident was noticed.
    is_for_personal_data: only incidents of models with personal data. details: what to report and where, in
    Markdown.
    """

    KIND = "reporting_duty"
    HISTORY_LABELS = {
        "days": "Days for the report",
        "is_for_personal_data": "Only incidents of models with personal data",
    }

    name = models.CharField(max_length=200)
    severity = models.CharField(max_length=8, choices=IncidentSeverity.choices)
    days = models.PositiveSmallIntegerField()
    is_for_personal_data = models.BooleanField(default=False)
    details = models.TextField(blank=True, default="")
    is_retired = models.BooleanField(default=False)


class DutyAction(Part):
    """The action that a reporting duty created for an incident, once."""

    OF = "incident"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="duties")
    duty = models.ForeignKey(ReportingDuty, models.PROTECT, related_name="+")
    action = models.ForeignKey(Action, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "duty"], name="incidents_duty_once")]

    def __str__(self) -> str:
        return str(self.duty)
