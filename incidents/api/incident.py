"""The API of incidents: list, get, declare and change, and one POST per step."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model, Version
from history.models import Subject
from history.queries import seen_by, tell
from incidents.filters import RESOLVED_ORDER, SPEC, STARTED_ORDER
from incidents.models import Incident
from incidents.models.incident import MAX_AFFECTED, MAX_TITLE
from incidents.operations import incident as operations
from incidents.queries import incident as queries
from incidents.queries.incident_export import INCIDENT_EXPORT
from incidents.states import IncidentSeverity, IncidentState
from kit import clock
from people.models import Team
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class IncidentRow(serializers.Serializer):
    """An incident: what went wrong, since when, and who handles it."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    severity = serializers.ChoiceField(IncidentSeverity.choices)
    state = serializers.ChoiceField(IncidentState.choices)
    summary = serializers.CharField(help_text="Markdown.")
    affected = serializers.CharField(help_text="Who is affected, and how.")
    model_slug = serializers.CharField(allow_null=True, help_text="null if unknown or hidden from you.")
    model_version_id = serializers.IntegerField(allow_null=True)
    team_slug = serializers.CharField(allow_null=True)
    breach_reference = serializers.CharField(allow_null=True, help_text="The breach it was declared from.")
    source_reference = serializers.CharField(allow_null=True, help_text="What else it was declared from.")
    started_at = serializers.DateTimeField(allow_null=True)
    noticed_at = serializers.DateTimeField(allow_null=True)
    mitigated_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    declared_at = serializers.DateTimeField()
    declared_by_id = serializers.IntegerField(allow_null=True)
    lead_id = serializers.IntegerField(allow_null=True)
    scribe_id = serializers.IntegerField(allow_null=True)
    communications_id = serializers.IntegerField(allow_null=True)
    is_restricted = serializers.BooleanField()


class IncidentChange(Body):
    """The fields to change. Fields that are not sent keep their values. The moments may come in any order."""

    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    severity = serializers.ChoiceField(IncidentSeverity.choices, required=False)
    summary = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    affected = serializers.CharField(max_length=MAX_AFFECTED, required=False, allow_blank=True)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    model_version = Visible("version", Version.objects.visible_to, by="pk", required=False, allow_null=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    noticed_at = serializers.DateTimeField(required=False, allow_null=True)
    mitigated_at = serializers.DateTimeField(required=False, allow_null=True)
    resolved_at = serializers.DateTimeField(required=False, allow_null=True)


class NewIncident(Body):
    """The body that declares an incident. Only the title and the severity are required."""

    title = serializers.CharField(max_length=MAX_TITLE)
    severity = serializers.ChoiceField(IncidentSeverity.choices)
    summary = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    affected = serializers.CharField(max_length=MAX_AFFECTED, required=False, allow_blank=True)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    model_version = Visible("version", Version.objects.visible_to, by="pk", required=False, allow_null=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    noticed_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Now by default.")
    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="What it is declared from: a reference such as B-3 or R-12. "
        "Of a breach that has an ongoing incident, the answer is that incident, with your report added.",
    )
    only_teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        required=False,
        max_length=50,
        help_text="The teams that may see it. By default those who may see what it is declared from.",
    )


class MitigateBody(Body):
    mitigated_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Now by default.")
    text = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="What was done."
    )


class ResolveBody(Body):
    resolved_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Now by default.")
    text = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="What was done."
    )


class IncidentReason(Body):
    reason = serializers.CharField(max_length=2000)


class RestrictIncidentBody(Body):
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        allow_empty=False,
        allow_null=True,
        max_length=50,
        help_text="The teams that may see it, beside those who handle it; null for everyone.",
    )


_SAME = (
    "id", "version", "title", "severity", "state", "summary", "affected", "model_version_id", "started_at",
    "noticed_at", "mitigated_at", "resolved_at", "declared_at", "declared_by_id", "lead_id", "scribe_id",
    "communications_id",
)  # fmt: skip


class IncidentResource(Resource):
    """The common base of the resources of incidents."""

    kind = "incident"
    serializer_class = IncidentRow
    columns = {
        "reference": "subject__reference",
        "model_slug": "model__slug",
        "team_slug": "team__slug",
        "breach_reference": "breach_group__subject__reference",
        "source_reference": "source__reference",
        **{name: name for name in _SAME},
    }

    visible_rows = Incident.objects

    def objects(self, request: Request) -> QuerySet:
        return queries.incidents().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        links = (
            seen_by("model", "model__subject")
            | seen_by("source")
            | seen_by("breach", "breach_group__subject")
        )
        further = {"is_restricted": Q(subject__viewers__isnull=False)}
        orders = {"started_order": STARTED_ORDER, "resolved_order": RESOLVED_ORDER}
        return super().as_values(rows).annotate(**links, **further, **orders)

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove the model, the source and the breach of each row where the reader may not see them."""
        tell(request.user, found, "model", "source", "breach")
        shown = (*self.columns, "is_restricted")
        return [{name: row[name] for name in shown} for row in found]


class Incidents(IncidentResource, Collection):
    """Incidents. Somebody who declares one about a breach that has an ongoing incident joins that one."""

    permission = {"GET": "incidents.incident_view", "POST": "incidents.incident_add"}
    bodies = {"POST": NewIncident}
    spec = SPEC

    def post(self, request: Request) -> Response:
        values = read(NewIncident, request)
        teams = values.pop("only_teams", None)
        viewers = [team.subject_id for team in teams] if teams else None
        incident = operations.declare(**values, viewers=viewers, by=self.by(request), at=clock.now())
        if incident.was_joined:
            return self.answer(request, incident.pk)
        return self.created(request, incident.pk, f"incidents/{incident.reference}")


class IncidentsExport(ExportOfList):
    """All incidents that the filters leave, in their order, as a file."""

    permission = {"GET": "incidents.incident_view"}
    export = INCIDENT_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Incident.objects.visible_to(request.user)


class IncidentItem(IncidentResource, EditableItem):
    """An incident, by reference or id."""

    permission = {"GET": "incidents.incident_view", "PATCH": "incidents.incident_change"}
    body = IncidentChange
    operation = staticmethod(operations.change)


class _IncidentStep(IncidentResource, Step):
    is_versioned = True
    permission = {"POST": "incidents.incident_change"}
    answers = {"POST": (200, IncidentRow)}


class MitigateIncident(_IncidentStep):
    """Note that the harm of an incident has stopped."""

    body = MitigateBody
    operation = staticmethod(operations.mitigate)


class ResolveIncident(_IncidentStep):
    """Note that the cause of an incident is removed."""

    body = ResolveBody
    operation = staticmethod(operations.resolve)


class ReopenIncident(_IncidentStep):
    """Reopen an incident that came back or was withdrawn.

    A post-incident review that is done stays on record. It is open again when the incident is resolved again.
    """

    body = IncidentReason
    operation = staticmethod(operations.reopen)


class WithdrawIncident(_IncidentStep):
    """Withdraw an incident that is none."""

    body = IncidentReason
    operation = staticmethod(operations.withdraw)


class RestrictIncident(_IncidentStep):
    """Restrict an incident and everything below it to teams, or show it to everyone.

    The answer has no body, because the writer may lose sight of the incident.
    """

    body = RestrictIncidentBody
    operation = staticmethod(operations.restrict)
    answers = {"POST": (204, None)}

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


RESOURCES: list = [
    ("incidents", Incidents),
    ("incidents/export", IncidentsExport),
    ("incidents/<str:key>", IncidentItem),
    ("incidents/<str:key>/mitigate", MitigateIncident),
    ("incidents/<str:key>/resolve", ResolveIncident),
    ("incidents/<str:key>/reopen", ReopenIncident),
    ("incidents/<str:key>/withdraw", WithdrawIncident),
    ("incidents/<str:key>/restrict", RestrictIncident),
]
