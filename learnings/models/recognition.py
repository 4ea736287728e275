"""Recognitions: thanks to people or a team for an outcome, with the figures that show it."""

from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, Subject
from learnings.states import RECOGNITION_MOVES, RecognitionKind, RecognitionState
from people.models import Team, User
from signals.models import Series


class Recognition(Recorded):
    """A thank-you for one outcome. It is below the outcome, so who may see that may see it.

    team: the team that is thanked, if it is one; people are ThankedPerson rows. metric_…: what changed, as
    the means before and after. They are of metric_series, `metric_days` days on each side of
    metric_changed_on; or they were typed, and metric_source says where they are from.
    """

    KIND = "recognition"
    MOVES = RECOGNITION_MOVES
    HISTORY_LABELS = {
        "title": "Thanks for",
        "text": "What was done",
        "metric_series": "Metric",
        "metric_changed_on": "Changed on",
        "metric_days": "Days before and after",
        "metric_name": "Figure",
        "metric_unit": "Unit",
        "metric_before": "Before",
        "metric_after": "After",
        "metric_source": "Source of the figures",
    }

    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=20, choices=RecognitionKind.choices)
    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    metric_series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="+")
    metric_changed_on = models.DateField(null=True, blank=True)
    metric_days = models.PositiveSmallIntegerField(null=True, blank=True)
    metric_name = models.CharField(max_length=120, blank=True, default="")
    metric_unit = models.CharField(max_length=16, blank=True, default="")
    metric_before = models.FloatField(null=True, blank=True)
    metric_after = models.FloatField(null=True, blank=True)
    metric_source = models.CharField(max_length=300, blank=True, default="")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=RecognitionState.choices, default=RecognitionState.GIVEN)
    given_at = models.DateTimeField()

    # Set by queries.set_visibility(): the outcome, None if this user may not see it, and whether the figures
    # are of a metric that they may see.
    shown_about: Subject | None
    shows_metric: bool

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(metric_before__isnull=True, metric_after__isnull=True)
                | Q(metric_before__isnull=False, metric_after__isnull=False),
                name="learnings_recognition_figures",
            )
        ]
        indexes = [
            models.Index(fields=["-given_at", "-id"], name="learnings_recognition_newest"),
            models.Index(fields=["about"], name="learnings_recognition_about"),
        ]

    @property
    def is_withdrawn(self) -> bool:
        return self.state == RecognitionState.WITHDRAWN

    @property
    def has_figures(self) -> bool:
        return self.metric_before is not None


class ThankedPerson(Part):
    """One of the people who are thanked."""

    OF = "recognition"

    recognition = models.ForeignKey(Recognition, models.PROTECT, related_name="thanked")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recognition", "person"], name="learnings_thanked_once")
        ]
