"""Experiments: joint tests of a hypothesis, with their plan, owners, runs and challenges."""

from datetime import date

from django.db import models
from django.db.models import Q

from catalogue.models import Model, Run, Workflow
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import User
from risklog.states import (
    EXPERIMENT_MOVES,
    UNFINISHED_EXPERIMENTS,
    Arm,
    ChallengeKind,
    ExperimentOutcome,
    ExperimentState,
)
from signals.models import Series

# What is fixed at the start. A change afterwards is a new ExperimentPlan, with its reason.
PLAN_FIELDS = ("hypothesis", "data_slice", "success_criteria", "decision_rule")


class Experiment(Recorded):
    """A test of a hypothesis, whose success criteria and rule of decision are fixed before it starts.

    about: what it came from (a risk, a review, a breach …), None without. series: the metric of its data
    slice. plan_number: the version of the plan in force, 0 before the start. ends_on: the last day, in the
    organisation's time zone. sample_size: how many records its data slice had, None before it is finished.
    training_notes: what the result says about the design of the pipeline and of the training.
    """

    KIND = "experiment"
    PREFIX = "X"
    MOVES = EXPERIMENT_MOVES
    HISTORY_LABELS = {
        "decision_rule": "Rule of decision",
        "rollback": "Rollback plan",
        "series": "Metric of the data slice",
        "plan_number": "Version of the plan",
        "ends_on": "Last day",
        "sample_size": "Records in the data slice",
        "training_notes": "Pipeline and training",
        "cancel_reason": "Reason for cancelling",
    }

    title = models.CharField(max_length=200)
    hypothesis = models.TextField()
    data_slice = models.TextField(blank=True, default="")
    success_criteria = models.TextField(blank=True, default="")
    decision_rule = models.TextField(blank=True, default="")
    rollback = models.TextField(blank=True, default="")
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="+")
    workflow = models.ForeignKey(Workflow, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=ExperimentState.choices, default=ExperimentState.PROPOSED)
    plan_number = models.PositiveIntegerField(default=0)
    ends_on = models.DateField(null=True, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=ExperimentOutcome.choices, blank=True, default="")
    sample_size = models.PositiveBigIntegerField(null=True, blank=True)
    interpretation = models.TextField(blank=True, default="")
    training_notes = models.TextField(blank=True, default="")
    cancel_reason = models.TextField(blank=True, default="")

    # Set by queries.experiment.experiments(): the owners of today.
    current_owners: "list[ExperimentOwner]"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="finished") | (~Q(outcome="") & Q(sample_size__isnull=False)),
                name="risklog_experiment_has_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="supported") | Q(sample_size__gt=0),
                name="risklog_experiment_supported_by_data",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="risklog_experiment_state"),
            models.Index(fields=["ends_on", "id"], name="risklog_experiment_ends"),
        ]

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED_EXPERIMENTS

    @property
    def model_of_runs_id(self) -> int | None:
        """Return the id of the model that its runs are of, or that reads their models. None: any model."""
        return self.model_id or (self.workflow.model_id if self.workflow else None)

    @property
    def is_running(self) -> bool:
        return self.state == ExperimentState.RUNNING

    @property
    def has_no_data(self) -> bool:
        """Return True if it is finished and its data slice had no records."""
        return self.sample_size == 0

    def is_owned_by(self, user: User) -> bool:
        """Return True if a person owns it now. One query, none if the owners are loaded."""
        if hasattr(self, "current_owners"):
            return any(owner.user_id == user.pk for owner in self.current_owners)
        return self.owners.filter(user=user, is_current=True).exists()

    def is_overdue(self, day: date) -> bool:
        """Return True if it runs although its last day is over."""
        return self.is_running and self.ends_on is not None and self.ends_on < day


class OfExperimentQuerySet(RecordedQuerySet):
    through = "experiment__subject__"


class ExperimentOwner(Part):
    """One of the people who own an experiment. is_current: False after somebody else took their place."""

    OF = "experiment"
    HISTORY_LABELS = {"is_current": "One of the owners"}

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="owners")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_current = models.BooleanField(default=True)

    objects = OfExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "user"], name="risklog_experiment_owner_once")
        ]

    def __str__(self) -> str:
        return f"owner {self.user_id} of {self.experiment_id}"


class ExperimentPlan(Part):
    """One version of the plan: the first as the start fixed it, each other one with the reason of the change.

    No operation changes a version afterwards.
    """

    OF = "experiment"
    HISTORY_LABELS = {
        "decision_rule": "Rule of decision",
    }

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="plans")
    number = models.PositiveIntegerField()
    hypothesis = models.TextField()
    data_slice = models.TextField()
    success_criteria = models.TextField()
    decision_rule = models.TextField()
    reason = models.CharField(max_length=500, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    objects = OfExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "number"], name="risklog_experiment_plan_once")
        ]

    def __str__(self) -> str:
        return f"plan {self.number} of {self.experiment_id}"


class ExperimentRun(Part):
    """A run of a workflow that belongs to an experiment. is_linked: False after it was removed from it."""

    OF = "experiment"
    HISTORY_LABELS = {
        "arm": "Part in the experiment",
        "is_linked": "Linked",
    }

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="runs")
    run = models.ForeignKey(Run, models.PROTECT, related_name="+")
    arm = models.CharField(max_length=9, choices=Arm.choices, default=Arm.CANDIDATE)
    is_linked = models.BooleanField(default=True)

    objects = OfExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "run"], name="risklog_experiment_run_once")
        ]

    def __str__(self) -> str:
        return f"run {self.run_id} of {self.experiment_id}"


class Challenge(Part):
    """A doubt about an experiment, or somebody else's attempt to reproduce it, with the answer of an owner.

    run: of a reproduction. is_reproduced: whether it came to the same result, None for a challenge.
    """

    OF = "experiment"
    HISTORY_LABELS = {
        "is_reproduced": "Came to the same result",
        "text": "What is doubted or was found",
    }

    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="challenges")
    kind = models.CharField(max_length=12, choices=ChallengeKind.choices)
    text = models.TextField()
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="+")
    is_reproduced = models.BooleanField(null=True, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()
    answer = models.TextField(blank=True, default="")
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = OfExperimentQuerySet.as_manager()

    # Set by queries.experiment.challenges_of(): the run, None if the reader may not see it.
    shown_run: Run | None

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="challenge", run__isnull=True, is_reproduced__isnull=True)
                | Q(kind="reproduction", run__isnull=False, is_reproduced__isnull=False),
                name="risklog_reproduction_names_run",
            )
        ]
        indexes = [models.Index(fields=["experiment", "-id"], name="risklog_challenge_of")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.experiment_id}"
