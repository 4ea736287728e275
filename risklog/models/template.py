"""Templates of analyses and reports, their versions, and the filled ones."""

from typing import Any

from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import User


class Template(Recorded):
    """A form that is kept as data. An edit of its fields makes a new version."""

    KIND = "template"

    name = models.CharField(max_length=120, unique=True)
    purpose = models.TextField(blank=True, default="")
    is_retired = models.BooleanField(default=False)


class TemplateVersionQuerySet(RecordedQuerySet):
    through = "template__subject__"


class TemplateVersion(Part):
    """One version of the fields. A filled template keeps the version it was filled from.

    fields: [{"key", "label", "type", "help", "is_required", "choices"}]. type: a FieldType. choices: texts,
    of a choice. A field keeps its key in all versions, so that filled ones can be compared.
    """

    OF = "template"

    template = models.ForeignKey(Template, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    fields = models.JSONField()
    is_current = models.BooleanField(default=True)

    objects = TemplateVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="risklog_template_version_once"),
            models.UniqueConstraint(
                fields=["template"], condition=Q(is_current=True), name="risklog_one_current_template_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template.name}, version {self.number}"


class FilledTemplate(Recorded):
    """A template that was filled in about a risk, a breach group, a review, an experiment or an incident.

    values: key of a field -> text, number, ISO date, or true or false. A field without a value has no key.
    author: None if it came from Riskhub itself.
    """

    KIND = "filled_template"
    PREFIX = "T"
    HISTORY_LABELS = {
        "values": "Answers",
    }

    title = models.CharField(max_length=200)
    template = models.ForeignKey(Template, models.PROTECT, related_name="filled")
    template_version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="+")
    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    values = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    # Set by history.queries.show().
    shown_about: Subject | None

    class Meta:
        indexes = [
            models.Index(fields=["about", "-id"], name="risklog_filled_about"),
            models.Index(fields=["template", "-id"], name="risklog_filled_template"),
        ]

    @property
    def answers(self) -> list[tuple[dict[str, Any], Any]]:
        """Return each field of its version with its value, None without one."""
        return [(field, self.values.get(field["key"])) for field in self.template_version.fields]
