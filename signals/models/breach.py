"""Breaches, their groups, and alerts from outside."""

from django.db import models
from django.db.models import Q

from catalogue.models import ChangeRequest, Model
from history.models import Part, Recorded, RecordedQuerySet
from signals.models.mute import Mute
from signals.models.series import Series
from signals.models.source import Source
from signals.models.threshold import Threshold, ThresholdVersion
from signals.states import (
    BREACH_MOVES,
    GROUP_MOVES,
    BreachLevel,
    BreachState,
    SignalKind,
)


class BreachGroup(Recorded):
    """The breaches of one cause: one model, one kind, one rule. A review is about a group of one or more.

    merged_into: the group that has its breaches since both turned out to be about the same model.
    is_muted: all its open breaches are muted, or were when the last one cleared. retraining: the change
    request that it opened, because a threshold of its breaches is a retraining trigger.
    """

    KIND = "breach"
    PREFIX = "B"
    MOVES = GROUP_MOVES
    HISTORY_LABELS = {
        "cause_key": "Cause",
        "model_name": "Unregistered model",
        "kind": "Signal kind",
        "is_muted": "Muted",
    }

    cause_key = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    model_name = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    level = models.PositiveSmallIntegerField(choices=BreachLevel.choices)
    state = models.CharField(max_length=8, choices=BreachState.choices, default=BreachState.OPEN)
    is_muted = models.BooleanField(default=False, db_default=False)
    retraining = models.ForeignKey(
        ChangeRequest, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    opened_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cause_key"], condition=Q(state="open"), name="signals_one_open_group_a_cause"
            )
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="signals_group_newest"),
            models.Index(fields=["model", "-opened_at"], name="signals_group_of_model"),
            models.Index(fields=["cause_key", "-cleared_at"], name="signals_group_of_cause"),
        ]


class BreachQuerySet(RecordedQuerySet):
    through = "group__subject__"


class Breach(Part):
    """One continuous crossing of a threshold, with the version that judged it.

    is_external: the source judged it and there is one breach per alert; otherwise Riskhub judged it and there
    is at most one open breach per threshold and series.
    mute, window: what muted it, the mute of its threshold or the announced window of its model. Both None: it
    was not muted, or it was still open when that ended.
    """

    OF = "group"
    MOVES = BREACH_MOVES
    # It changes with every worse point. The points themselves are stored.
    HISTORY_OMITS = frozenset({"worst_value"})
    HISTORY_LABELS = {
        "series": "Metric",
        "is_external": "From a monitoring tool",
    }

    group = models.ForeignKey(BreachGroup, models.PROTECT, related_name="breaches")
    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="breaches")
    threshold_version = models.ForeignKey(
        ThresholdVersion, models.PROTECT, null=True, blank=True, related_name="breaches"
    )
    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="breaches")
    is_external = models.BooleanField(default=False)
    feature = models.CharField(max_length=120, blank=True, default="")
    level = models.PositiveSmallIntegerField(choices=BreachLevel.choices)
    state = models.CharField(max_length=8, choices=BreachState.choices, default=BreachState.OPEN)
    opened_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    first_value = models.FloatField(null=True, blank=True)
    worst_value = models.FloatField(null=True, blank=True)
    summary = models.CharField(max_length=400, blank=True, default="")
    mute = models.ForeignKey(
        Mute, models.PROTECT, null=True, blank=True, related_name="breaches", db_index=False
    )
    window = models.ForeignKey(
        ChangeRequest, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    # Set by queries.group.set_visibility().
    is_series_seen: bool
    is_rule_seen: bool
    is_mute_seen: bool
    is_window_seen: bool

    objects = BreachQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["threshold", "series"],
                condition=Q(state="open", series__isnull=False, is_external=False),
                name="signals_one_open_breach_a_series",
            )
        ]
        indexes = [
            models.Index(fields=["group", "id"], name="signals_breach_of_group"),
            models.Index(fields=["threshold", "-opened_at"], name="signals_breach_of_threshold"),
            models.Index(fields=["series", "-opened_at"], name="signals_breach_of_series"),
        ]

    @property
    def rule_name(self) -> str:
        """Return the rule's name with the feature it is about: "Drift too high of age"."""
        return f"{self.threshold.name} of {self.feature}" if self.feature else self.threshold.name

    @property
    def is_muted(self) -> bool:
        return self.mute_id is not None or self.window_id is not None

    @property
    def has_worsened(self) -> bool:
        """Return True if a later value was worse than the first one."""
        return self.first_value is not None and self.first_value != self.worst_value


class Alert(models.Model):
    """An alert of another tool, unique by (source, fingerprint, starts_at). seen_at: its last payload.

    breach: None for a check that passed and had not failed before.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="alerts")
    fingerprint = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    is_firing = models.BooleanField(default=True)
    name = models.CharField(max_length=200)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    generator_url = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    breach = models.OneToOneField(Breach, models.PROTECT, null=True, blank=True, related_name="alert")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "fingerprint", "starts_at"], name="signals_alert_once")
        ]
        indexes = [
            models.Index(
                fields=["source", "fingerprint"], name="signals_alert_firing", condition=Q(is_firing=True)
            ),
        ]
