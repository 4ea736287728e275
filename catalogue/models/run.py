"""Runs of workflows."""

from django.db import models

from catalogue.models.version import Version
from catalogue.models.workflow import Workflow, WorkflowVersion
from catalogue.states import RUN_MOVES, RunState
from history.models import Recorded
from people.models import User


class Run(Recorded):
    """One execution of a workflow. What a finished run measured never changes.

    name: its id in the tool that ran it, unique for a workflow. model_version: the version of the model that
    it made. artefacts: each with `name`, `link` and `digest`. repeats: the run that it repeats.
    is_reproduced: whether it came to the same results, null without `repeats` and while it runs.
    """

    KIND = "run"
    MOVES = RUN_MOVES
    HISTORY_LABELS = {
        "repeats": "Repeats the run",
        "is_reproduced": "Came to the same result",
    }

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="runs")
    workflow_version = models.ForeignKey(WorkflowVersion, models.PROTECT, related_name="runs")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=9, choices=RunState.choices, default=RunState.SUCCEEDED)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    run_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    data_set = models.CharField(max_length=500, blank=True, default="")
    code = models.CharField(max_length=500, blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    metrics = models.JSONField(default=dict, blank=True)
    artefacts = models.JSONField(default=list, blank=True)
    model_version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="runs")
    repeats = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="repetitions")
    is_reproduced = models.BooleanField(null=True, blank=True)
    link = models.CharField(max_length=500, blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "name"], name="catalogue_run_once")]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="catalogue_run_newest"),
            models.Index(fields=["workflow", "-started_at", "-id"], name="catalogue_run_of_workflow"),
        ]

    @property
    def subject_title(self) -> str:
        return f"{self.workflow.name} {self.name}"

    @property
    def is_running(self) -> bool:
        return self.state == RunState.RUNNING
