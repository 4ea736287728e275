"""The API of workflows: list, add, get, change, retire and restore, and the versions of the recipe."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.api.model import people
from catalogue.filters.workflow import REPRODUCED_ORDER, WORKFLOW_VERSIONS, WORKFLOWS
from catalogue.models import Model, Workflow, WorkflowVersion
from catalogue.operations import workflow as operations
from catalogue.operations.workflow import MAX_NAME, MAX_REASON, MOST_DAYS, MOST_TOLERANCE
from catalogue.queries import workflow as workflow_queries
from catalogue.queries.run_export import WORKFLOW_EXPORT
from catalogue.queries.workflow_audit import VERSION_COLUMNS, WORKFLOW_COLUMNS
from catalogue.recipes import MAX_COLUMNS, MAX_STEPS, MAX_TEXT, PARTS, Recipe
from catalogue.reproduction import freshness
from catalogue.states import Freshness
from kit import clock
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.nested import NestedCollection
from rest.resource import Collection, Resource
from rest.steps import Step


class ColumnBody(Body):
    """A column of the data schema."""

    name = serializers.CharField(max_length=MAX_NAME)
    type = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")


class StepBody(Body):
    """A feature step."""

    name = serializers.CharField(max_length=MAX_NAME)
    details = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")


class RecipeRow(serializers.Serializer):
    """A recipe, from ingestion to evaluation."""

    ingestion = serializers.CharField(help_text="Where the data is read from, and how.")
    data_schema = serializers.ListField(child=ColumnBody())
    steps = serializers.ListField(child=StepBody(), help_text="The feature steps, in their order.")
    code = serializers.CharField(help_text="The repository and the command that runs it.")
    configuration = serializers.DictField()
    evaluation = serializers.CharField(help_text="The address of the evaluation dashboard.")


class WorkflowRow(RecipeRow):
    """A workflow with its current recipe. number: the version of the recipe."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    model_slug = serializers.CharField(source="model.slug")
    name = serializers.CharField()
    purpose = serializers.CharField(help_text="Markdown.")
    owner_id = serializers.IntegerField(allow_null=True)
    reproduce_days = serializers.IntegerField(help_text="How many days a reproduction counts.")
    tolerance = serializers.FloatField(help_text="By how many percent a metric of a repetition may differ.")
    is_retired = serializers.BooleanField()
    reproduced_at = serializers.DateTimeField(allow_null=True)
    reproduced_by_id = serializers.IntegerField(allow_null=True)
    reproduced_run_id = serializers.IntegerField(allow_null=True)
    freshness = serializers.ChoiceField(
        Freshness.choices, help_text="It fades in the second half of reproduce_days, and is faded at the end."
    )
    number = serializers.IntegerField()


class WorkflowVersionRow(RecipeRow):
    """One version of the recipe of a workflow."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why the recipe changed.")
    is_current = serializers.BooleanField()
    author_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()


class WorkflowChange(Body):
    """The fields to change. Fields that are not sent keep their values. Another recipe is a new version."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    purpose = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    owner = Visible("person", people, by="email", required=False, allow_null=True)
    reproduce_days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, required=False)
    tolerance = serializers.FloatField(min_value=0, max_value=MOST_TOLERANCE, required=False)
    ingestion = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    data_schema = serializers.ListField(child=ColumnBody(), max_length=MAX_COLUMNS, required=False)
    steps = serializers.ListField(child=StepBody(), max_length=MAX_STEPS, required=False)
    code = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    configuration = serializers.DictField(required=False)
    evaluation = serializers.URLField(max_length=MAX_TEXT, required=False, allow_blank=True)
    reason = serializers.CharField(
        max_length=MAX_REASON, required=False, allow_blank=True, help_text="Why the recipe changes."
    )


class NewWorkflow(WorkflowChange):
    """The body that adds a workflow."""

    name = serializers.CharField(max_length=MAX_NAME)
    model = Visible("model", Model.objects.visible_to)

    def get_fields(self) -> Any:
        """Leave out the reason: nothing changes yet."""
        return {name: field for name, field in super().get_fields().items() if name != "reason"}


class OfWorkflows(Resource):
    kind = "workflow"
    serializer_class = WorkflowRow
    columns = {**WORKFLOW_COLUMNS, "freshness": "reproduced_at"}

    def rows(self, request: Request) -> QuerySet:
        return workflow_queries.with_recipes(Workflow.objects.visible_to(request.user))

    def objects(self, request: Request) -> QuerySet:
        return workflow_queries.workflows(request.user)

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        at = clock.now()
        for row in found:
            row.pop("reproduced_order", None)
            row["freshness"] = freshness(row["reproduced_at"], row["reproduce_days"], at)
        return found


class Workflows(OfWorkflows, Collection):
    """List workflows, retired ones included. POST adds one."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_change"}
    bodies = {"POST": NewWorkflow}
    spec = WORKFLOWS

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(reproduced_order=REPRODUCED_ORDER)

    def post(self, request: Request) -> Response:
        values = read(NewWorkflow, request)
        self.require(request, "catalogue.model_change", values["model"])
        recipe = Recipe(**{part: values.pop(part) for part in PARTS if part in values})
        workflow = operations.add(**values, recipe=recipe, by=self.by(request), at=clock.now())
        return self.created(request, workflow.pk, f"workflows/{workflow.pk}")


class WorkflowsExport(ExportOfList):
    """All workflows that the filters leave, in their order, as a file. Retired ones only if asked."""

    permission = {"GET": "catalogue.view"}
    export = WORKFLOW_EXPORT

    def rows(self, request: Request) -> QuerySet:
        selection, _ = self.export.read(dict(request.query_params.lists()))
        return workflow_queries.exported(request.user, selection)


class WorkflowItem(OfWorkflows, EditableItem):
    """A workflow, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.workflow_change"}
    body = WorkflowChange
    operation = staticmethod(operations.change)


class _WorkflowStep(OfWorkflows, Step):
    is_versioned = True
    permission = {"POST": "catalogue.workflow_change"}
    answers = {"POST": (200, WorkflowRow)}


class RetireWorkflow(_WorkflowStep):
    """List a workflow no more. Its runs stay."""

    operation = staticmethod(operations.retire)


class RestoreWorkflow(_WorkflowStep):
    """List a retired workflow again."""

    operation = staticmethod(operations.restore)


class WorkflowVersions(NestedCollection):
    """List the versions of the recipe of a workflow, the latest first."""

    permission = {"GET": "catalogue.view"}
    serializer_class = WorkflowVersionRow
    columns = VERSION_COLUMNS
    spec = WORKFLOW_VERSIONS
    parent_reference = ""

    def parents(self, request: Request) -> QuerySet:
        return Workflow.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return WorkflowVersion.objects.filter(workflow=self.parent(request))


RESOURCES: list[tuple[str, Any]] = [
    ("workflows", Workflows),
    ("workflows/export", WorkflowsExport),
    ("workflows/<str:key>", WorkflowItem),
    ("workflows/<str:key>/retire", RetireWorkflow),
    ("workflows/<str:key>/restore", RestoreWorkflow),
    ("workflows/<str:key>/versions", WorkflowVersions),
]
