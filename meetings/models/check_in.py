"""Check-ins: short notes between meetings."""

from django.db import models

from catalogue.models import Model
from history.models import Recorded, Subject
from meetings.states import CheckInKind
from people.models import User
from risklog.models import Risk


class CheckIn(Recorded):
    """A note about a small trend, written between meetings.

    Everyone who may see its model may see it. risk: the risk that was made of it, if one was. about: the
    investigation that it is attached to, such as a review.
    """

    KIND = "check_in"

    text = models.TextField()
    kind = models.CharField(max_length=24, choices=CheckInKind.choices, default=CheckInKind.OTHER)
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.URLField(max_length=500, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    risk = models.OneToOneField(Risk, models.PROTECT, null=True, blank=True, related_name="+")
    about = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    noted_at = models.DateTimeField()

    # Set by history.queries.show().
    shown_about: Subject | None

    class Meta:
        indexes = [
            models.Index(fields=["-noted_at", "-id"], name="meetings_check_in_newest"),
            models.Index(
                fields=["about", "-noted_at"],
                name="meetings_check_in_about",
                condition=models.Q(about__isnull=False),
            ),
        ]

    @property
    def subject_title(self) -> str:
        first = self.text.strip().splitlines()[0] if self.text.strip() else ""
        return first if len(first) <= 120 else f"{first[:119]}…"
