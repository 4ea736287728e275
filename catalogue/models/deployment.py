"""Deployments of model versions."""

from django.db import models
from django.db.models import Q

from catalogue.models.change_request import ChangeRequest
from catalogue.models.model import Model
from catalogue.models.version import Version
from catalogue.states import DEPLOYMENT_MOVES, ChangeState, DeploymentState
from history.models import Recorded
from people.models import User


class Deployment(Recorded):
    """One deployment of a version of a model to an environment, and its result.

    environment: in lower case, such as "production". change: the change request in whose announced window it
    was made, or that the caller named. external_id: its key in the tool that made it, unique for a model, ""
    without one. link: its page in that tool. note: why it was kept or rolled back.
    """

    KIND = "deployment"
    MOVES = DEPLOYMENT_MOVES
    HISTORY_LABELS = {
        "model_version": "Version",
        "change": "Change request",
    }

    model = models.ForeignKey(Model, models.PROTECT, related_name="+")
    model_version = models.ForeignKey(Version, models.PROTECT, related_name="deployments")
    environment = models.CharField(max_length=60)
    state = models.CharField(max_length=11, choices=DeploymentState.choices, default=DeploymentState.DEPLOYED)
    deployed_at = models.DateTimeField()
    change = models.ForeignKey(
        ChangeRequest, models.PROTECT, null=True, blank=True, related_name="deployments"
    )
    external_id = models.CharField(max_length=120, blank=True, default="")
    link = models.URLField(max_length=500, blank=True, default="")
    note = models.TextField(blank=True, default="")
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "external_id"],
                condition=~Q(external_id=""),
                name="catalogue_deployment_once",
            )
        ]
        indexes = [
            models.Index(fields=["model", "-deployed_at", "-id"], name="catalogue_deployed_of_model"),
            models.Index(fields=["-deployed_at", "-id"], name="catalogue_deployed_latest"),
        ]

    @property
    def subject_title(self) -> str:
        return f"{self.model.name} {self.model_version.name} in {self.environment}"

    @property
    def is_signed_off(self) -> bool:
        return self.change is not None and self.change.state == ChangeState.SIGNED

    @property
    def is_in_window(self) -> bool:
        """Return True if it was made in the announced window of its change request."""
        change = self.change
        if change is None or change.window_from is None or change.window_until is None:
            return False
        return change.window_from <= self.deployed_at < change.window_until

    @property
    def may_be_settled(self) -> bool:
        return self.state != DeploymentState.ROLLED_BACK
