"""Thresholds and their versions."""

from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import User
from signals.models.series import Series
from signals.models.source import Source
from signals.rule_text import rule_text
from signals.states import (
    AGREEMENT_MOVES,
    Agreement,
    RuleDirection,
    RuleKind,
)


class Threshold(Recorded):
    """A rule on a series, or an external rule that its source evaluates.

    noisy_at: when it was last noted as noisy, None if it never was or a version was agreed since.
    external_rule: the name of the alert in its source, "" for our own rule. The versions hold the limits.
    """

    KIND = "threshold"
    HISTORY_LABELS = {
        "series": "Metric",
        "external_rule": "Rule in the monitoring tool",
        "noisy_at": "Noisy since",
    }

    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="thresholds")
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="thresholds")
    external_rule = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=200)
    noisy_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(series__isnull=False) | (Q(source__isnull=False) & ~Q(external_rule="")),
                name="signals_threshold_on_something",
            ),
            models.UniqueConstraint(
                fields=["source", "external_rule"],
                condition=~Q(external_rule=""),
                name="signals_external_rule_once",
            ),
        ]

    @property
    def is_external(self) -> bool:
        return bool(self.external_rule)


class ThresholdVersionQuerySet(RecordedQuerySet):
    through = "threshold__subject__"


class ThresholdVersion(Part):
    """The limits of a threshold, who agreed them, in which decision and why. A null limit is none, not zero.

    A value crosses a limit if value > limit (above) or value < limit (below). A breach clears when the value
    is back at `clear` or better (default: the warning limit, or the critical one if that is the only limit).
    """

    OF = "threshold"
    MOVES = AGREEMENT_MOVES
    HISTORY_LABELS = {
        "kind": "Rule",
        "direction": "Breach when the value",
        "warning": "Warning limit",
        "critical": "Critical limit",
        "clear": "Clears at",
        "warning_low": "Lower warning limit",
        "critical_low": "Lower critical limit",
        "clear_low": "Lower end clears at",
        "needed": "Points that must cross",
        "among": "Of the last points",
        "window_hours": "Window (hours)",
        "reopen_hours": "Reopens within (hours)",
        "is_retraining_trigger": "Retraining trigger",
    }

    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=Agreement.choices, default=Agreement.PROPOSED)
    kind = models.CharField(
        max_length=9, choices=RuleKind.choices, default=RuleKind.LIMIT, db_default=RuleKind.LIMIT
    )
    direction = models.CharField(max_length=5, choices=RuleDirection.choices, default=RuleDirection.ABOVE)
    warning = models.FloatField(null=True, blank=True)
    critical = models.FloatField(null=True, blank=True)
    clear = models.FloatField(null=True, blank=True)
    # the lower limits of a range
    warning_low = models.FloatField(null=True, blank=True)
    critical_low = models.FloatField(null=True, blank=True)
    clear_low = models.FloatField(null=True, blank=True)
    # n of the last m points
    needed = models.PositiveSmallIntegerField(null=True, blank=True)
    among = models.PositiveSmallIntegerField(null=True, blank=True)
    window_hours = models.FloatField(null=True, blank=True)
    # a crossing that begins this long after the last one reopens it; None: the default
    reopen_hours = models.FloatField(null=True, blank=True)
    # its crossing opens a change request to retrain the model
    is_retraining_trigger = models.BooleanField(default=False, db_default=False)
    reason = models.TextField(blank=True, default="")
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_in = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ThresholdVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["threshold", "number"], name="signals_threshold_version_once"),
            models.UniqueConstraint(
                fields=["threshold"],
                condition=Q(state="active"),
                name="signals_one_threshold_version_in_force",
            ),
        ]

    @property
    def limits(self) -> str:
        """Return its limits in words: "warning above 0.2, critical above 0.3"."""
        return rule_text(self)
