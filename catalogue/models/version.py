"""The versions of models: one trained artefact each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalogue.models.model import Model
from catalogue.states import VersionStage
from history.models import Recorded


class Version(Recorded):
    """One trained artefact of a model.

    name: its name or number in the registry, unique for a model. parent: the version that it was made from.
    data_set, code: where the data and the code of the training are found, such as a path with a snapshot or
    a repository with a commit. configuration: a JSON object, such as the parameters of the training.
    made_at: when it was trained. trigger: why it was trained, such as a breach. aliases: what its registry
    calls it at present, such as champion.
    """

    KIND = "version"
    HISTORY_LABELS = {
        "parent": "Made from",
        "trigger": "Triggered by",
    }

    model = models.ForeignKey(Model, models.PROTECT, related_name="versions")
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    stage = models.CharField(
        max_length=12, choices=VersionStage.choices, default=VersionStage.CANDIDATE, db_default="candidate"
    )
    data_set = models.CharField(max_length=500, blank=True, default="", db_default="")
    code = models.CharField(max_length=500, blank=True, default="", db_default="")
    configuration = models.JSONField(default=dict, db_default={}, blank=True)
    made_at = models.DateTimeField()
    trigger = models.CharField(max_length=500, blank=True, default="", db_default="")
    aliases = ArrayField(models.CharField(max_length=120), blank=True, default=list, db_default=[])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="catalogue_version_once")]
        indexes = [models.Index(fields=["model", "-made_at", "-id"], name="catalogue_version_newest")]

    @property
    def subject_title(self) -> str:
        return f"{self.model.name} {self.name}"
