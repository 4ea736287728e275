"""Absences of people."""

from django.db import models
from django.db.models import Q

from history.models import Part, RecordedQuerySet
from people.models.person import User


class AbsenceQuerySet(RecordedQuerySet):
    """An absence is visible to those who may see the person."""

    through = "user__subject__"


class Absence(Part):
    """A range of days away. Nothing is assigned or escalated to someone who is away; the stand-in gets it."""

    OF = "user"
    HISTORY_REFERS = frozenset({"reason"})
    HISTORY_LABELS = {
        "from_on": "First day",
        "until_on": "Last day",
    }

    user = models.ForeignKey(User, models.CASCADE, related_name="absences")
    from_on = models.DateField()
    until_on = models.DateField()
    stand_in = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["from_on", "id"], name="people_absence_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=models.F("from_on")), name="people_absence_forward"
            )
        ]
