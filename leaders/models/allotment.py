"""The hours that sponsors allot to risk work."""

from django.db import models

from history.models import Recorded
from people.models import Team, User

MAX_HOURS = 2_000


class Allotment(Recorded):
    """How many hours a month a sponsor allots to risk work, of a team or of the organisation (no team)."""

    KIND = "allotment"
    HISTORY_LABELS = {
        "hours": "Hours a month",
    }

    sponsor = models.ForeignKey(User, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    hours = models.PositiveSmallIntegerField()
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sponsor", "team"], nulls_distinct=False, name="leaders_allotment_once"
            )
        ]

    @property
    def subject_title(self) -> str:
        return "Hours for risk work"
