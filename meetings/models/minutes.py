"""Corrections of minutes."""

from django.db import models

from history.models import Part, RecordedQuerySet
from meetings.models.meeting import Meeting
from people.models import User


class CorrectionQuerySet(RecordedQuerySet):
    through = "meeting__subject__"


class MinutesCorrection(Part):
    """A visible correction of the minutes of a closed meeting. The minutes themselves never change."""

    OF = "meeting"
    HISTORY_LABELS = {
        "text": "Correction",
    }

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="corrections")
    text = models.CharField(max_length=2000)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = CorrectionQuerySet.as_manager()
