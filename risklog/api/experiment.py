"""The API of experiments: list, get, propose, change, the versions of their plan, and one POST per step."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model, Workflow
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from lists.specification import ListSpec, Order
from people.models import Team, User
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.nested import NestedCollection
from rest.resource import Collection, Resource
from rest.steps import Step
from risklog.api.risk_bodies import RiskOfPatternBody
from risklog.filters.experiment import EXPERIMENTS
from risklog.models import Experiment, ExperimentOwner, ExperimentPlan
from risklog.operations import experiment as operations
from risklog.operations import experiment_draft, experiment_sight
from risklog.operations.experiment import ExperimentDetails
from risklog.operations.experiment_owners import MAX_OWNERS
from risklog.queries import experiment as queries
from risklog.queries.experiment_export import EXPERIMENT_EXPORT
from risklog.states import ExperimentOutcome, ExperimentState
from signals.models import Series
from signals.states import PATTERN_DAYS

MAX_TEXT = 20_000
PLANS = ListSpec(filters={}, orders={"-id": Order("Newest", ("-id",)), "id": Order("Oldest", ("id",))})


def _owners(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user).select_related("subject")


def _text(*, required: bool = False, help_text: str = "") -> serializers.CharField:
    return serializers.CharField(
        max_length=MAX_TEXT, required=required, allow_blank=not required, help_text=help_text
    )


class ExperimentRow(serializers.Serializer):
    """A joint test of a hypothesis. What it is about is null for readers who may not see that."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(ExperimentState.choices)
    hypothesis = serializers.CharField()
    data_slice = serializers.CharField()
    success_criteria = serializers.CharField()
    decision_rule = serializers.CharField()
    plan_number = serializers.IntegerField(help_text="The version of the plan, 0 before the start.")
    rollback = serializers.CharField()
    owner_ids = serializers.ListField(child=serializers.IntegerField())
    about_reference = serializers.CharField(allow_null=True)
    about_kind = serializers.CharField(allow_null=True)
    model_slug = serializers.CharField(allow_null=True)
    series_id = serializers.IntegerField(allow_null=True, help_text="The metric of the data slice.")
    workflow_id = serializers.IntegerField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True, help_text="When the result is expected.")
    proposed_by_id = serializers.IntegerField(allow_null=True)
    proposed_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField([*ExperimentOutcome.choices, ""])
    sample_size = serializers.IntegerField(
        allow_null=True, help_text="How many records the data slice had. Null before the outcome."
    )
    interpretation = serializers.CharField(help_text="Markdown.")
    training_notes = serializers.CharField(help_text="What it says of the pipeline and the training.")
    cancel_reason = serializers.CharField()


class ExperimentChange(Body):
    """The fields to change. The plan is fixed at the start: POST to /plans changes it then."""

    title = serializers.CharField(max_length=200, required=False)
    hypothesis = serializers.CharField(max_length=MAX_TEXT, required=False)
    data_slice = _text()
    success_criteria = _text()
    decision_rule = _text()
    rollback = _text()
    ends_on = serializers.DateField(required=False, allow_null=True)
    owners = serializers.ListField(
        child=Visible("person", _owners, by="email"),
        required=False,
        max_length=MAX_OWNERS,
        help_text="People of at least two teams, by id, email or handle.",
    )
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    series = Visible("series", Series.objects.visible_to, by="pk", required=False, allow_null=True)
    workflow = Visible("workflow", Workflow.objects.visible_to, by="pk", required=False, allow_null=True)


class NewExperiment(ExperimentChange):
    """The body that proposes an experiment."""

    title = serializers.CharField(max_length=200)
    hypothesis = _text(required=True)
    about = Visible(
        "subject", Subject.objects.visible_to, by="reference", required=False, help_text="What it came from."
    )
    only_teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        required=False,
        allow_empty=False,
        max_length=50,
        help_text="Restrict it to these teams, its owners and you.",
    )


class ExperimentPlanRow(serializers.Serializer):
    """One version of the plan. The first is what was fixed at the start."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    hypothesis = serializers.CharField()
    data_slice = serializers.CharField()
    success_criteria = serializers.CharField()
    decision_rule = serializers.CharField()
    reason = serializers.CharField(help_text="Why the plan changed. Empty for the first version.")
    author_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()


class NewExperimentPlan(Body):
    """Another version of the plan. Texts that are not sent stay."""

    hypothesis = serializers.CharField(max_length=MAX_TEXT, required=False)
    data_slice = serializers.CharField(max_length=MAX_TEXT, required=False)
    success_criteria = serializers.CharField(max_length=MAX_TEXT, required=False)
    decision_rule = serializers.CharField(max_length=MAX_TEXT, required=False)
    reason = serializers.CharField(max_length=500)


class FinishExperimentBody(Body):
    outcome = serializers.ChoiceField(ExperimentOutcome.choices)
    sample_size = serializers.IntegerField(
        min_value=0, max_value=10**15, help_text="0 if the data slice had no records."
    )
    interpretation = serializers.CharField(max_length=MAX_TEXT)
    training_notes = _text()


class ExperimentOfSubjectBody(Body):
    about = Visible(
        "subject",
        Subject.objects.visible_to,
        by="reference",
        help_text="A risk, a review, a breach or an incident.",
    )


class CancelExperimentBody(Body):
    reason = serializers.CharField(max_length=2000)


class RestrictExperimentBody(Body):
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        allow_empty=False,
        allow_null=True,
        max_length=50,
        help_text="The teams that may see it, beside its owners and who proposed it; null for everyone.",
    )


_HIDDEN = ("about", "model", "series", "workflow")


class _Experiments(Resource):
    kind = "experiment"
    serializer_class = ExperimentRow
    columns = {
        **{name: name for name in ExperimentRow().fields if name != "owner_ids"},
        "reference": "subject__reference",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "model_slug": "model__slug",
    }

    visible_rows = Experiment.objects

    def objects(self, request: Request) -> QuerySet:
        return queries.experiments().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        owners = ExperimentOwner.objects.filter(experiment=OuterRef("pk"), is_current=True).order_by("pk")
        sight = seen_by("about")
        for name in _HIDDEN[1:]:
            sight |= seen_by(name, f"{name}__subject")
        return super().as_values(rows).annotate(owner_ids=ArraySubquery(owners.values("user_id")), **sight)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows, *_HIDDEN)


class Experiments(_Experiments, Collection):
    """Experiments: joint tests of a hypothesis about a model or a risk."""

    permission = {"GET": "risklog.experiment_view", "POST": "risklog.experiment_add"}
    bodies = {"POST": NewExperiment}
    spec = EXPERIMENTS

    def post(self, request: Request) -> Response:
        values = read(NewExperiment, request)
        teams = values.pop("only_teams", None)
        own = {
            name: values.pop(name) for name in ("title", "hypothesis", "owners", "about") if name in values
        }
        made = operations.propose(
            **own,
            details=ExperimentDetails(**values),
            viewers=[team.subject_id for team in teams] if teams else None,
            by=self.by(request),
            at=clock.now(),
        )
        return self.created(request, made.pk, f"experiments/{made.reference}")


class ExperimentsExport(ExportOfList):
    """All experiments that the filters leave, in their order, as a file."""

    permission = {"GET": "risklog.experiment_view"}
    export = EXPERIMENT_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Experiment.objects.visible_to(request.user)


class ExperimentOfSubject(_Experiments):
    """Propose an experiment about a risk, review, breach or incident, or return its unfinished one."""

    permission = {"POST": "risklog.experiment_add"}
    bodies = {"POST": ExperimentOfSubjectBody}
    answers = {"POST": (201, ExperimentRow)}

    def post(self, request: Request) -> Response:
        about = read(ExperimentOfSubjectBody, request)["about"]
        made, _ = experiment_draft.add_from(about, by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"experiments/{made.reference}")


class ExperimentOfPattern(_Experiments):
    """Propose an experiment from a pattern of `/patterns`, or return the unfinished one that it has."""

    permission = {"POST": "risklog.experiment_add"}
    bodies = {"POST": RiskOfPatternBody}
    answers = {"POST": (201, ExperimentRow)}

    def post(self, request: Request) -> Response:
        values = read(RiskOfPatternBody, request)
        days = values.get("days", PATTERN_DAYS)
        made, _ = experiment_draft.add_from_pattern(
            values["pattern"], days=days, by=self.by(request), at=clock.now()
        )
        return self.created(request, made.pk, f"experiments/{made.reference}")


class ExperimentItem(_Experiments, EditableItem):
    """An experiment, by reference or id."""

    permission = {"GET": "risklog.experiment_view", "PATCH": "risklog.experiment_change"}
    body = ExperimentChange
    operation = staticmethod(operations.change)


class _ExperimentStep(_Experiments, Step):
    is_versioned = True
    permission = {"POST": "risklog.experiment_change"}
    answers = {"POST": (200, ExperimentRow)}


class StartExperiment(_ExperimentStep):
    """Start an experiment. Its hypothesis, slice, criteria and rule of decision are fixed then."""

    operation = staticmethod(operations.start)


class FinishExperiment(_ExperimentStep):
    """Record the outcome. Without data in its slice an experiment cannot be supported."""

    body = FinishExperimentBody
    operation = staticmethod(operations.finish)


class CancelExperiment(_ExperimentStep):
    """Cancel an experiment that is not finished, with the reason."""

    body = CancelExperimentBody
    operation = staticmethod(operations.cancel)


class RestrictExperiment(_ExperimentStep):
    """Restrict an experiment and everything below it to teams, or show it to everyone.

    The answer has no body, because the writer may lose sight of it.
    """

    is_versioned = False
    body = RestrictExperimentBody
    operation = staticmethod(experiment_sight.restrict)
    answers = {"POST": (204, None)}

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


class ExperimentPlans(NestedCollection):
    """The versions of the plan of an experiment. POST changes the plan of a running one, with the reason."""

    kind = "experiment-plan"
    serializer_class = ExperimentPlanRow
    permission = {"GET": "risklog.experiment_view", "POST": "risklog.experiment_change"}
    bodies = {"POST": NewExperimentPlan}
    spec = PLANS
    columns = {name: name for name in ExperimentPlanRow().fields}

    def parents(self, request: Request) -> QuerySet:
        return queries.experiments().visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return ExperimentPlan.objects.visible_to(request.user).filter(experiment=self.parent(request))

    def post(self, request: Request, key: str) -> Response:
        experiment = self.parent(request)
        self.require(request, "risklog.experiment_change", experiment)
        values = read(NewExperimentPlan, request)
        operations.change_plan(experiment, **values, by=self.by(request), at=clock.now())
        made = experiment.plans.get(number=experiment.plan_number)
        return self.created(request, made.pk, f"experiments/{experiment.reference}/plans")


RESOURCES: list = [
    ("experiments", Experiments),
    ("experiments/export", ExperimentsExport),
    ("experiments/from_pattern", ExperimentOfPattern),
    ("experiments/from_subject", ExperimentOfSubject),
    ("experiments/<str:key>", ExperimentItem),
    ("experiments/<str:key>/plans", ExperimentPlans),
    ("experiments/<str:key>/start", StartExperiment),
    ("experiments/<str:key>/finish", FinishExperiment),
    ("experiments/<str:key>/cancel", CancelExperiment),
    ("experiments/<str:key>/restrict", RestrictExperiment),
]
