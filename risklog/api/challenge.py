"""The API of the runs and the challenges of experiments."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Run
from history.models import may_be_seen_by
from history.queries import seen_by, tell
from kit import clock
from lists import filtering
from lists.specification import ListSpec, Order
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from risklog.models import Challenge, Experiment, ExperimentRun
from risklog.operations import challenge as operations
from risklog.operations import experiment_runs
from risklog.queries import experiment as queries
from risklog.states import Arm, ChallengeKind

_ORDERS = {"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))}
CHALLENGES = ListSpec(filters={"kind": filtering.choice("Kind", "kind", ChallengeKind)}, orders=_ORDERS)
RUNS_OF_EXPERIMENT = ListSpec(filters={"arm": filtering.choice("Arm", "arm", Arm)}, orders=_ORDERS)


class ChallengeRow(serializers.Serializer):
    """A challenge or a reproduction. Its run is null for readers who may not see that run."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    kind = serializers.ChoiceField(ChallengeKind.choices)
    text = serializers.CharField()
    run_id = serializers.IntegerField(allow_null=True)
    is_reproduced = serializers.BooleanField(
        allow_null=True, help_text="Of a reproduction: whether it came to the same result."
    )
    author_id = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()
    answer = serializers.CharField()
    answered_by_id = serializers.IntegerField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


class NewChallenge(Body):
    kind = serializers.ChoiceField(ChallengeKind.choices)
    text = serializers.CharField(max_length=5000)
    run = Visible(
        "run",
        Run.objects.visible_to,
        by="pk",
        required=False,
        allow_null=True,
        help_text="Of a reproduction.",
    )
    is_reproduced = serializers.BooleanField(required=False, allow_null=True)


class AnswerChallengeBody(Body):
    text = serializers.CharField(max_length=5000)


class LinkedRunRow(serializers.Serializer):
    """A run of a workflow that belongs to an experiment."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    run_id = serializers.IntegerField()
    run_name = serializers.CharField()
    workflow_id = serializers.IntegerField()
    arm = serializers.ChoiceField(Arm.choices)


class LinkRunBody(Body):
    run = Visible("run", Run.objects.visible_to, by="pk")
    arm = serializers.ChoiceField(Arm.choices, required=False)


class _OfExperiment(Nested):
    """A resource below an experiment."""

    def parents(self, request: Request) -> QuerySet[Experiment]:
        return queries.experiments().visible_to(request.user)


class _Challenges(_OfExperiment):
    kind = "challenge"
    serializer_class = ChallengeRow
    columns = {name: name for name in ChallengeRow().fields}

    def rows(self, request: Request) -> QuerySet:
        return Challenge.objects.visible_to(request.user).filter(experiment=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("experiment__subject")

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("run", "run__subject"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows, "run")


class Challenges(_Challenges, NestedCollection):
    """The challenges and reproductions of an experiment. POST adds one; owners answer instead."""

    permission = {"GET": "risklog.experiment_view", "POST": "risklog.experiment_challenge"}
    bodies = {"POST": NewChallenge}
    spec = CHALLENGES

    def post(self, request: Request, key: str) -> Response:
        experiment = self.parent(request)
        values = read(NewChallenge, request)
        made = operations.add(experiment, **values, by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"experiments/{experiment.reference}/challenges/{made.pk}")


class ChallengeItem(_Challenges, NestedItem):
    """Get one challenge of an experiment."""

    permission = {"GET": "risklog.experiment_view"}


class AnswerChallenge(_Challenges, NestedStep):
    """Answer a challenge, once. Only owners of the experiment may."""

    permission = {"POST": "risklog.challenge_answer"}
    is_versioned = True
    body = AnswerChallengeBody
    operation = staticmethod(operations.answer)
    answers = {"POST": (200, ChallengeRow)}


class _LinkedRuns(_OfExperiment):
    kind = "experiment-run"
    serializer_class = LinkedRunRow
    columns = {
        "id": "id",
        "version": "version",
        "run_id": "run_id",
        "run_name": "run__name",
        "workflow_id": "run__workflow_id",
        "arm": "arm",
    }

    def rows(self, request: Request) -> QuerySet:
        rows = ExperimentRun.objects.visible_to(request.user).filter(experiment=self.parent(request))
        return rows.filter(may_be_seen_by(request.user, "run__subject__"), is_linked=True)

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("experiment__subject", "run")


class LinkedRuns(_LinkedRuns, NestedCollection):
    """The runs of an experiment. POST links one."""

    permission = {"GET": "risklog.experiment_view", "POST": "risklog.experiment_change"}
    bodies = {"POST": LinkRunBody}
    spec = RUNS_OF_EXPERIMENT

    def post(self, request: Request, key: str) -> Response:
        experiment = self.parent(request)
        self.require(request, "risklog.experiment_change", experiment)
        values = read(LinkRunBody, request)
        made = experiment_runs.link(experiment, **values, by=self.by(request), at=clock.now())
        return self.created(request, made.pk, f"experiments/{experiment.reference}/runs/{made.pk}")


class LinkedRunItem(_LinkedRuns, NestedItem):
    """Get one run of an experiment."""

    permission = {"GET": "risklog.experiment_view"}


class RemoveRun(_LinkedRuns, NestedStep):
    """Remove a run from an experiment that is not finished. The answer has no body."""

    permission = {"POST": "risklog.experiment_run_remove"}
    is_versioned = True
    operation = staticmethod(experiment_runs.unlink)
    answers = {"POST": (204, None)}

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


RESOURCES: list = [
    ("experiments/<str:key>/challenges", Challenges),
    ("experiments/<str:key>/challenges/<str:number>", ChallengeItem),
    ("experiments/<str:key>/challenges/<str:number>/answer", AnswerChallenge),
    ("experiments/<str:key>/runs", LinkedRuns),
    ("experiments/<str:key>/runs/<str:number>", LinkedRunItem),
    ("experiments/<str:key>/runs/<str:number>/remove", RemoveRun),
]
