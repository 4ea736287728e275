"""What people write into the timeline of an incident, and the updates they send."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from incidents.models.incident import Incident
from incidents.states import IncidentState
from people.models import User

MAX_ENTRY = 1000
MAX_UPDATE = 5000


class OfIncidentQuerySet(RecordedQuerySet):
    through = "incident__subject__"


class TimelineEntry(Part):
    """One line that a person wrote into the timeline.

    at: when it happened, which is not when it was written (noted_at). removed_at: null while it is shown.
    """

    OF = "incident"
    HISTORY_LABELS = {
        "text": "What happened",
    }

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    text = models.CharField(max_length=MAX_ENTRY)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    noted_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = OfIncidentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["incident", "at", "id"],
                name="incidents_entries_shown",
                condition=Q(removed_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.text


class Update(Part):
    """A text that was sent to those concerned. It cannot be changed. state: of the incident then."""

    OF = "incident"
    HISTORY_LABELS = {
        "text": "Update",
    }

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="updates")
    text = models.TextField()
    state = models.CharField(max_length=9, choices=IncidentState.choices)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = OfIncidentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["incident", "-id"], name="incidents_updates_latest")]

    def __str__(self) -> str:
        return self.text
