"""The organisation: its time zone, working days and hours, and what it sets for everybody."""

import zoneinfo
from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from history.models import Recorded
from kit import zones
from people.days_off import DaysOff
from people.states import WORKING_DAYS


def is_time_zone(name: str) -> None:
    if name not in zones.names():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Berlin.")


def working_days() -> list[int]:
    return list(WORKING_DAYS)


MAX_ACCEPTANCE_DAYS = 180
OUTCOME_WEEKS = 4
MAX_BLOCKED_DAYS = 5
BLOCKED_DAYS = [MinValueValidator(1), MaxValueValidator(100)]
ACCEPTANCE_DAYS = [MinValueValidator(1), MaxValueValidator(3650)]


class Organisation(Recorded):
    """The one organisation of this instance, with its time zone, working days and hours."""

    KIND = "organisation"
    HISTORY_OMITS = frozenset({"ahead_by"})
    HISTORY_LABELS = {
        "day_starts_at": "Working day starts at",
        "day_ends_at": "Working day ends at",
        "digest_weekday": "Day of the weekly digest",
        "digest_at": "Time of the weekly digest",
        "subdivision": "State or region",
        "max_acceptance_days": "Accept risks for at most (days)",
        "outcome_weeks": "Ask whether a decision worked after (weeks)",
        "max_blocked_days": "Raise blocked actions after (days)",
        "retention": "Days that rows are kept",
        "is_sample": "Sample data",
    }

    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[is_time_zone])
    working_days = ArrayField(models.PositiveSmallIntegerField(), default=working_days)
    day_starts_at = models.TimeField(default="09:00")
    day_ends_at = models.TimeField(default="17:00")
    digest_weekday = models.PositiveSmallIntegerField(default=4)
    digest_at = models.TimeField(default="15:00")
    # A text search configuration of PostgreSQL: the language of what people write.
    search_language = models.CharField(max_length=63, default="english", db_default="english")
    # Whose public holidays apply: an ISO 3166 code, and a code of a subdivision, such as DE and BY.
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    subdivision = models.CharField(max_length=20, blank=True, default="", db_default="")
    own_days_off = models.JSONField(default=dict, blank=True)  # ISO date -> name
    # The longest time for which a risk may be accepted, in days.
    max_acceptance_days = models.PositiveSmallIntegerField(
        default=MAX_ACCEPTANCE_DAYS, db_default=MAX_ACCEPTANCE_DAYS, validators=ACCEPTANCE_DAYS
    )
    # How long after a decision its recorder is asked whether it worked, in weeks.
    outcome_weeks = models.PositiveSmallIntegerField(
        default=OUTCOME_WEEKS,
        db_default=OUTCOME_WEEKS,
        validators=[MinValueValidator(1), MaxValueValidator(52)],
    )
    # After how many working days a blocked action is raised to its sponsor.
    max_blocked_days = models.PositiveSmallIntegerField(
        default=MAX_BLOCKED_DAYS, db_default=MAX_BLOCKED_DAYS, validators=BLOCKED_DAYS
    )
    # How long rows are kept that are no part of history: kind -> days, None: permanently. A kind that is
    # missing has its default (riskhub/retention/kept.py).
    retention = models.JSONField(default=dict, blank=True, db_default={})
    is_sample = models.BooleanField(default=False)
    # How far the time of a sample was moved ahead of the clock (manage.py tick --at).
    ahead_by = models.DurationField(default=timedelta(0), db_default=timedelta(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="people_one_organisation"),
            models.CheckConstraint(
                condition=Q(is_sample=True) | Q(ahead_by=timedelta(0)), name="people_only_samples_are_moved"
            ),
        ]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def own_days(self) -> dict[date, str]:
        """Return the own days off: day -> name."""
        return {date.fromisoformat(day): name for day, name in self.own_days_off.items()}

    @property
    def days_off(self) -> DaysOff:
        return DaysOff(self.country, self.subdivision, frozenset(self.own_days))
