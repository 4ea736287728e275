"""The API of runs: list, record, get, change, finish, and the comparison of two."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.run import COMPARISON, RUNS
from catalogue.models import Run, Version, Workflow
from catalogue.operations import run as operations
from catalogue.operations.run import MAX_NAME, RunFacts
from catalogue.queries import run as run_queries
from catalogue.queries import version as version_queries
from catalogue.queries.run_export import RUN_EXPORT
from catalogue.queries.workflow_audit import RUN_COLUMNS
from catalogue.recipes import MAX_TEXT
from catalogue.run_facts import MAX_ARTEFACTS, MAX_NOTE
from catalogue.states import Likeness, RunState
from kit import clock
from kit.refusals import Refused
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource, SpecView
from rest.steps import Step


class ArtefactBody(Body):
    """Something that a run made. digest: such as sha256:5f…"""

    name = serializers.CharField(max_length=MAX_NAME)
    link = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")
    digest = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, default="")


class RunRow(serializers.Serializer):
    """A run of a workflow. number: the version of the recipe that it ran."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    workflow_id = serializers.IntegerField()
    workflow_name = serializers.CharField(source="workflow.name")
    model_slug = serializers.CharField(source="workflow.model.slug")
    number = serializers.IntegerField(source="workflow_version.number")
    name = serializers.CharField()
    state = serializers.ChoiceField(RunState.choices)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    run_by_id = serializers.IntegerField(allow_null=True)
    data_set = serializers.CharField()
    code = serializers.CharField()
    parameters = serializers.DictField()
    metrics = serializers.DictField(child=serializers.FloatField())
    artefacts = serializers.ListField(child=ArtefactBody())
    model_version_name = serializers.CharField(source="model_version.name", default=None, allow_null=True)
    repeats_id = serializers.IntegerField(allow_null=True, help_text="The run that it repeats.")
    is_reproduced = serializers.BooleanField(
        allow_null=True, help_text="Whether it came to the same results as the run that it repeats."
    )
    link = serializers.CharField()
    note = serializers.CharField()


class RunChange(Body):
    """The fields to change. What a run measured never changes."""

    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)
    link = serializers.URLField(max_length=MAX_TEXT, required=False, allow_blank=True)
    model_version_name = serializers.CharField(
        max_length=120, required=False, allow_null=True, help_text="The version of the model that it made."
    )


class _Facts(Body):
    data_set = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    code = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    parameters = serializers.DictField(required=False)
    metrics = serializers.DictField(child=serializers.FloatField(), required=False)
    artefacts = serializers.ListField(child=ArtefactBody(), max_length=MAX_ARTEFACTS, required=False)
    ended_at = serializers.DateTimeField(required=False)


class NewRun(_Facts, RunChange):
    """The body that records a run. Only the workflow is required."""

    workflow = Visible("workflow", Workflow.objects.visible_to, by="pk")
    name = serializers.CharField(
        max_length=MAX_NAME,
        required=False,
        help_text="Its id in the tool, unique for a workflow.",
    )
    number = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="The version of the recipe."
    )
    state = serializers.ChoiceField(RunState.choices, required=False)
    started_at = serializers.DateTimeField(required=False)
    repeats = Visible("run", run_queries.runs, by="pk", required=False, allow_null=True)


class FinishBody(_Facts):
    """How a running run ended. Fields that are not sent keep their values."""

    state = serializers.ChoiceField([choice for choice in RunState.choices if choice[0] != "running"])


def _with_version(workflow: Workflow, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the model version as a row. Raises Refused(field="model_version_name")."""
    if "model_version_name" not in values:
        return values
    name = values.pop("model_version_name")
    version: Version | None = version_queries.version_called(workflow.model, name) if name else None
    if name and version is None:
        raise Refused(f"{workflow.model.name} has no version “{name}”.", field="model_version_name")
    return {**values, "model_version": version}


class _Runs(Resource):
    kind = "run"
    serializer_class = RunRow
    columns = RUN_COLUMNS

    def rows(self, request: Request) -> QuerySet:
        return Run.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return run_queries.runs(request.user)


class Runs(_Runs, Collection):
    """List runs. POST records one, when it starts or when it has ended."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.run_add"}
    bodies = {"POST": NewRun}
    spec = RUNS

    def post(self, request: Request) -> Response:
        values = _with_version((given := read(NewRun, request))["workflow"], given)
        facts = {name: values.pop(name) for name in RunFacts.__dataclass_fields__ if name in values}
        run = operations.record(**values, facts=RunFacts(**facts), by=self.by(request), at=clock.now())
        return self.created(request, run.pk, f"runs/{run.pk}")


class RunsExport(ExportOfList):
    """All runs that the filters leave, in their order, as a file."""

    permission = {"GET": "catalogue.view"}
    export = RUN_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Run.objects.visible_to(request.user)


class RunItem(_Runs, EditableItem):
    """A run, by its id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.run_change"}
    body = RunChange
    operation = staticmethod(operations.change)

    def new_values(self, request: Request, obj: Run) -> dict[str, Any]:
        return _with_version(obj.workflow, super().new_values(request, obj))


class FinishRun(_Runs, Step):
    """Record the end of a running run, with its results."""

    is_versioned = True
    permission = {"POST": "catalogue.run_change"}
    body = FinishBody
    answers = {"POST": (200, RunRow)}
    operation = staticmethod(operations.finish)


class PairRow(serializers.Serializer):
    """One value of both runs. left, right: null for a run without it."""

    name = serializers.CharField()
    left = serializers.JSONField(allow_null=True)
    right = serializers.JSONField(allow_null=True)
    likeness = serializers.ChoiceField(Likeness.choices)
    change = serializers.FloatField(allow_null=True, help_text="From left to right, of two numbers.")


class SectionRow(serializers.Serializer):
    name = serializers.CharField()
    pairs = PairRow(many=True)


class ComparisonRow(serializers.Serializer):
    """Two runs side by side. differing: how many values are not the same."""

    left_id = serializers.IntegerField()
    right_id = serializers.IntegerField()
    differing = serializers.IntegerField()
    sections = SectionRow(many=True)


class CompareRuns(SpecView):
    """Compare two runs, `?left=` and `?right=`: what is the same, what differs, what only one of them has."""

    permission = {"GET": "catalogue.view"}
    serializer_class = ComparisonRow
    answers = {"GET": (200, ComparisonRow)}
    names_objects = True
    spec = COMPARISON

    def get(self, request: Request) -> Response:
        asked = self.selection(request).values
        left, right = (self._run(request, asked[side][0]) for side in ("left", "right"))
        sections = run_queries.comparison(left, right)
        body = {
            "left_id": left.pk,
            "right_id": right.pk,
            "differing": sum(len(section.differing) for section in sections),
            "sections": sections,
        }
        return Response(ComparisonRow(body).data)

    def _run(self, request: Request, number: int) -> Run:
        run = run_queries.runs(request.user).filter(pk=number).first()
        if run is None:
            raise Http404
        return run


RESOURCES: list[tuple[str, Any]] = [
    ("runs", Runs),
    ("runs/compare", CompareRuns),
    ("runs/export", RunsExport),
    ("runs/<str:key>", RunItem),
    ("runs/<str:key>/finish", FinishRun),
]
