"""The validations of models."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from catalogue.models.model import Model
from catalogue.models.version import Version
from catalogue.states import VALIDATION_MOVES, ValidationResult, ValidationState
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import User


class Validation(Recorded):
    """An examination of a model by somebody who did not develop it.

    of_version: the version that is validated, None for the model as a whole. trigger: why it is validated
    now. documents_asked, documents_received: names. checklist: {"question", "answer", "note"} each, from
    checklists.py. result: empty until it is done.
    """

    KIND = "validation"
    MOVES = VALIDATION_MOVES
    HISTORY_LABELS = {
        "of_version": "Version",
        "trigger": "Triggered by",
        "documents_asked": "Documents asked for",
    }

    model = models.ForeignKey(Model, models.PROTECT, related_name="validations")
    of_version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="+")
    validated_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    scope = models.TextField(blank=True, default="")
    trigger = models.CharField(max_length=500, blank=True, default="")
    due_on = models.DateField(null=True, blank=True)
    documents_asked = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    documents_received = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    checklist = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=9, choices=ValidationState.choices, default=ValidationState.OPEN)
    result = models.CharField(max_length=12, choices=ValidationResult.choices, blank=True, default="")
    conclusion = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    # Set by queries.validation.set_findings(): the subjects that its reader may see.
    shown_findings: list[Any]

    class Meta:
        indexes = [
            models.Index(fields=["model", "-id"], name="catalogue_validation_of_model"),
            models.Index(fields=["state", "-id"], name="catalogue_validation_by_state"),
        ]

    @property
    def subject_title(self) -> str:
        version = f" {self.of_version.name}" if self.of_version else ""
        return f"Validation of {self.model.name}{version}"

    @property
    def is_open(self) -> bool:
        return self.state == ValidationState.OPEN

    @property
    def documents_missing(self) -> list[str]:
        return [name for name in self.documents_asked if name not in self.documents_received]


class ValidationFindingQuerySet(RecordedQuerySet):
    through = "validation__subject__"


class ValidationFinding(Part):
    """Something that a validation found, recorded as a risk. about: the subject of the risk."""

    OF = "validation"

    validation = models.ForeignKey(Validation, models.PROTECT, related_name="findings")
    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")

    # Set by history.queries.show().
    shown_about: Subject | None

    objects = ValidationFindingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["validation", "about"], name="catalogue_finding_once")]
