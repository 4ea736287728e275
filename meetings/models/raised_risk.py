"""Risks that were recorded in a live meeting."""

from django.db import models

from history.models import Part, RecordedQuerySet
from meetings.models.meeting import AgendaItem, Meeting
from risklog.models import Risk


class RaisedRiskQuerySet(RecordedQuerySet):
    """Rows of visible risks."""

    through = "risk__subject__"


class RaisedRisk(Part):
    """A risk that was recorded in a meeting, and the item that was discussed. Who sees the risk sees it."""

    OF = "risk"

    risk = models.OneToOneField(Risk, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="raised_risks")
    item = models.ForeignKey(AgendaItem, models.PROTECT, related_name="+", db_index=False)

    objects = RaisedRiskQuerySet.as_manager()
