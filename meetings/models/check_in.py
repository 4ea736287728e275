"""Check-ins: short notes between meetings."""

from django.db import models

from catalogue.models import Model
from history.models import Recorded
from meetings.states import CheckInKind
from people.models import User
from risklog.models import Risk


class CheckIn(Recorded):
    """A note about a small trend, written between meetings.

    Everyone who may see its model may see it. risk: the risk that was made of it, if one was.
    """

    KIND = "check_in"

    text = models.TextField()
    kind = models.CharField(max_length=24, choices=CheckInKind.choices, default=CheckInKind.OTHER)
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.URLField(max_length=500, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    risk = models.OneToOneField(Risk, models.PROTECT, null=True, blank=True, related_name="+")
    noted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-noted_at", "-id"], name="meetings_check_in_newest")]

    @property
    def subject_title(self) -> str:
        first = self.text.strip().splitlines()[0] if self.text.strip() else ""
        return first if len(first) <= 120 else f"{first[:119]}…"
