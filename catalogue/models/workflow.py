"""Reproducible workflows of models, from ingestion to evaluation, and the versions of their recipes."""

from django.db import models
from django.db.models import Q

from catalogue.models.model import Model
from catalogue.states import REPRODUCE_DAYS, TOLERANCE
from history.models import Part, Recorded, RecordedQuerySet
from lists.collation import Collated
from people.models import User


class Workflow(Recorded):
    """A path from ingestion to evaluation that somebody else can walk again.

    reproduce_days: how long a reproduction counts. tolerance: by how many percent a metric of a repetition
    may differ. reproduced_at, reproduced_by, reproduced_run: the last repetition with the same results.
    """

    KIND = "workflow"
    HISTORY_LABELS = {
        "reproduce_days": "Reproduce every (days)",
        "tolerance": "Tolerance (%)",
        "reproduced_run": "Run that was reproduced",
    }

    model = models.ForeignKey(Model, models.PROTECT, related_name="workflows")
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reproduce_days = models.PositiveSmallIntegerField(default=REPRODUCE_DAYS)
    tolerance = models.FloatField(default=TOLERANCE)
    is_retired = models.BooleanField(default=False)
    reproduced_at = models.DateTimeField(null=True, blank=True)
    reproduced_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reproduced_run = models.ForeignKey(
        "catalogue.Run", models.PROTECT, null=True, blank=True, related_name="+"
    )

    # Set by queries.workflow.set_freshness(): a Freshness.
    freshness: str

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="catalogue_workflow_once")]
        indexes = [models.Index(Collated("name"), "name", "id", name="catalogue_workflow_by_name")]


class WorkflowVersionQuerySet(RecordedQuerySet["WorkflowVersion"]):
    through = "workflow__subject__"


class WorkflowVersion(Part):
    """One version of the recipe of a workflow. The fields are those of catalogue.recipes.Recipe.

    reason: why the recipe changed. No operation changes a version afterwards.
    """

    OF = "workflow"
    HISTORY_LABELS = {
        "steps": "Feature steps",
        "evaluation": "Evaluation dashboard",
    }

    workflow = models.ForeignKey(Workflow, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    ingestion = models.CharField(max_length=500, blank=True, default="")
    data_schema = models.JSONField(default=list, blank=True)
    steps = models.JSONField(default=list, blank=True)
    code = models.CharField(max_length=500, blank=True, default="")
    configuration = models.JSONField(default=dict, blank=True)
    evaluation = models.CharField(max_length=500, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    is_current = models.BooleanField(default=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    objects = WorkflowVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="catalogue_workflow_version_once"),
            models.UniqueConstraint(
                fields=["workflow"],
                condition=Q(is_current=True),
                name="catalogue_one_current_recipe",
            ),
        ]
