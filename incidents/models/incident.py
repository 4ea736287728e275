"""Incidents: what went wrong, since when, and who handles it."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from catalogue.models import Model, Version
from history.models import Part, Recorded, Subject
from incidents.states import INCIDENT_MOVES, LEVELS, ONGOING, IncidentSeverity, IncidentState
from people.models import Team, User
from signals.models import BreachGroup

MAX_TITLE = 200
MAX_AFFECTED = 300


def _person() -> Any:
    return models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)


def _in_order(earlier: str, later: str) -> models.CheckConstraint:
    unknown = Q(**{f"{earlier}__isnull": True}) | Q(**{f"{later}__isnull": True})
    return models.CheckConstraint(
        condition=unknown | Q(**{f"{earlier}__lte": F(later)}), name=f"incidents_{later}_in_order"
    )


class Incident(Recorded):
    """Something that went wrong with a model.

    model, model_version: what it is mainly about; both may be unknown. source: what it was declared from,
    such as a risk. breach_group: the breach it was declared from. takes_reports: whoever declares an incident
    about the same breach joins this one; False where somebody did who may not see it.
    started_at … resolved_at: when these happened, as people enter it, null if unknown. declared_at: when the
    row was made. summary: Markdown. affected: who is affected, and how.
    """

    KIND = "incident"
    PREFIX = "I"
    MOVES = INCIDENT_MOVES
    HISTORY_LABELS = {
        "affected": "Who is affected",
        "takes_reports": "Breaches with the same cause are reported here",
        "source": "Reported by",
    }

    title = models.CharField(max_length=MAX_TITLE)
    severity = models.CharField(max_length=8, choices=IncidentSeverity.choices)
    summary = models.TextField(blank=True, default="")
    affected = models.CharField(max_length=MAX_AFFECTED, blank=True, default="")
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    model_version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    source = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    breach_group = models.ForeignKey(BreachGroup, models.PROTECT, null=True, blank=True, related_name="+")
    takes_reports = models.BooleanField(default=True, db_default=True)
    state = models.CharField(max_length=9, choices=IncidentState.choices, default=IncidentState.OPEN)
    started_at = models.DateTimeField(null=True, blank=True)
    noticed_at = models.DateTimeField(null=True, blank=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    declared_at = models.DateTimeField()
    declared_by = _person()
    lead = _person()
    scribe = _person()
    communications = _person()

    # Set by operations.incident.join(): the incident was declared before.
    was_joined = False
    # Set by queries.incident.show_links(): what this reader may see of its links.
    shown_source: Subject | None
    shown_model: Model | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["breach_group"],
                condition=Q(breach_group__isnull=False, takes_reports=True, state__in=ONGOING),
                name="incidents_one_of_breach",
            ),
            _in_order("started_at", "noticed_at"),
            _in_order("noticed_at", "mitigated_at"),
            _in_order("mitigated_at", "resolved_at"),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="incidents_by_state"),
            models.Index(fields=["model", "-id"], name="incidents_by_model"),
            models.Index(fields=["-declared_at", "-id"], name="incidents_latest"),
        ]

    @property
    def level(self) -> int:
        """Return its place on the scale of risk levels, 2 to 5."""
        return LEVELS[IncidentSeverity(self.severity)]

    @property
    def is_ongoing(self) -> bool:
        return self.state in ONGOING


class InvolvedModel(Part):
    """A further model that an incident is about, until somebody removes it (removed_at)."""

    OF = "incident"

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="involved")
    model = models.ForeignKey(Model, models.PROTECT, related_name="+")
    model_version = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "model"],
                condition=Q(removed_at__isnull=True),
                name="incidents_model_involved_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} in {self.incident_id}"


def of_model(models: Any) -> Q:
    """Return the condition that an incident is about one of these models, mainly or among others."""
    rows = InvolvedModel.objects.filter(model__in=models, removed_at__isnull=True)
    return Q(model__in=models) | Q(pk__in=rows.values("incident"))
