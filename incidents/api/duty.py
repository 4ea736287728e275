"""The API of the duties to report incidents outside."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.filters.postmortem import DUTIES
from incidents.models import ReportingDuty
from incidents.operations import duty as operations
from incidents.operations.duty import MAX_DAYS, MAX_NAME
from incidents.states import IncidentSeverity
from kit import clock
from rest.edits import EditableItem
from rest.fields import Body, read
from rest.resource import Collection, Resource
from rest.steps import Step


class ReportingDutyRow(serializers.Serializer):
    """A duty to report incidents outside. Each such incident gets an action with this due date."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    severity = serializers.ChoiceField(IncidentSeverity.choices, help_text="The lowest one.")
    days = serializers.IntegerField(help_text="After the incident was noticed.")
    is_for_personal_data = serializers.BooleanField(help_text="Only of models with personal data.")
    details = serializers.CharField(help_text="Markdown.")
    is_retired = serializers.BooleanField()


class ReportingDutyChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    severity = serializers.ChoiceField(IncidentSeverity.choices, required=False)
    days = serializers.IntegerField(min_value=0, max_value=MAX_DAYS, required=False)
    is_for_personal_data = serializers.BooleanField(required=False)
    details = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class NewReportingDuty(ReportingDutyChange):
    """The body that adds a duty."""

    name = serializers.CharField(max_length=MAX_NAME)
    severity = serializers.ChoiceField(IncidentSeverity.choices)
    days = serializers.IntegerField(min_value=0, max_value=MAX_DAYS)


class _ReportingDuties(Resource):
    kind = "reporting_duty"
    serializer_class = ReportingDutyRow
    columns = {
        name: name
        for name in (
            "id", "version", "name", "severity", "days", "is_for_personal_data", "details", "is_retired",
        )
    }  # fmt: skip

    def rows(self, request: Request) -> QuerySet:
        return ReportingDuty.objects.visible_to(request.user).select_related("subject")


class ReportingDuties(_ReportingDuties, Collection):
    """Duties to report incidents outside."""

    permission = {"GET": "incidents.incident_view", "POST": "incidents.duty_change"}
    bodies = {"POST": NewReportingDuty}
    spec = DUTIES

    def post(self, request: Request) -> Response:
        duty = operations.add(**read(NewReportingDuty, request), by=self.by(request), at=clock.now())
        return self.created(request, duty, f"reporting-duties/{duty.pk}")


class ReportingDutyItem(_ReportingDuties, EditableItem):
    """A duty to report incidents outside, by its id."""

    permission = {"GET": "incidents.incident_view", "PATCH": "incidents.duty_change"}
    body = ReportingDutyChange
    operation = staticmethod(operations.change)


class _DutyStep(_ReportingDuties, Step):
    is_versioned = True
    permission = {"POST": "incidents.duty_change"}
    answers = {"POST": (200, ReportingDutyRow)}


class RetireDuty(_DutyStep):
    """Retire a duty, so that it creates no further action."""

    operation = staticmethod(operations.retire)


class RestoreDuty(_DutyStep):
    """Bring a retired duty back into force."""

    operation = staticmethod(operations.restore)


RESOURCES: list = [
    ("reporting-duties", ReportingDuties),
    ("reporting-duties/<str:key>", ReportingDutyItem),
    ("reporting-duties/<str:key>/retire", RetireDuty),
    ("reporting-duties/<str:key>/restore", RestoreDuty),
]
