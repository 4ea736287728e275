"""The API of the audit export of a workflow."""

from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework import serializers
from rest_framework.request import Request

from catalogue.api.run import RunRow
from catalogue.api.workflow import OfWorkflows, WorkflowRow, WorkflowVersionRow
from catalogue.queries.workflow_audit import audit
from kit import clock


class AuditEventRow(serializers.Serializer):
    """One event of the workflow or of a run. actor_name: null for Riskhub itself and if anonymous."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    verb = serializers.CharField()
    via = serializers.CharField()
    subject_kind = serializers.CharField()
    object_id = serializers.IntegerField()
    actor_name = serializers.CharField(allow_null=True)


class WorkflowAuditRow(serializers.Serializer):
    """A workflow with everything that is recorded about it, oldest first."""

    exported_at = serializers.DateTimeField()
    workflow = WorkflowRow()
    versions = WorkflowVersionRow(many=True)
    runs = RunRow(many=True)
    history = AuditEventRow(many=True)


class WorkflowAudit(OfWorkflows):
    """The audit export of a workflow: all versions of its recipe, all its runs, and its history."""

    permission = {"GET": "catalogue.view"}
    answers = {"GET": (200, WorkflowAuditRow)}

    def get(self, request: Request, key: str) -> StreamingHttpResponse:
        workflow = self.found(request, key)
        chunks = audit(request.user, workflow, clock.now())
        answer = StreamingHttpResponse(chunks, content_type="application/json")
        name = f"workflow-{workflow.pk}-{clock.today()}.json"
        answer["Content-Disposition"] = content_disposition_header(True, name)
        return answer


RESOURCES: list[tuple[str, Any]] = [("workflows/<str:key>/export", WorkflowAudit)]
