"""Sources, series and points, thresholds and their versions, breaches and groups, alerts from outside."""

from django.db import models
from django.db.models import Q

from catalogue.models import Model
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import User
from signals.states import (
    AGREEMENT_MOVES,
    BREACH_MOVES,
    GROUP_MOVES,
    Adapter,
    Agreement,
    BreachLevel,
    BreachState,
    Direction,
    SignalKind,
)


class Source(Recorded):
    """A tool that sends signals, with one owner. A payload that names no source belongs to the sender's.

    mapping: {"model": ["model"], "feature": [...], "kind": [...], "kinds": {"data-quality": "data_quality"}}:
    which labels hold the model, feature, kind and severity (signals.mapping.labels has the defaults).
    expected_every: the expected interval between payloads, None if they are irregular.
    """

    KIND = "source"
    HISTORY_OMITS = frozenset({"last_received_at"})

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=16, choices=Adapter.choices)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    mapping = models.JSONField(default=dict, blank=True)
    expected_every = models.DurationField(null=True, blank=True)
    last_received_at = models.DateTimeField(null=True, blank=True)


class Delivery(models.Model):
    """One payload of a source, with its result. body: kept if anything was rejected or cut, up to 64 kB."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="deliveries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    stored = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    corrected = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    truncated_alerts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["source", "-at", "-id"], name="signals_delivery_newest")]

    @property
    def is_accepted(self) -> bool:
        """Return True if the payload was accepted, in whole or in part."""
        return self.status < 300

    @property
    def counts_text(self) -> str:
        """Return the results of its items: "3 stored, 1 duplicate"; "" if it had none."""
        counts = {
            "stored": self.stored,
            "duplicate" if self.duplicates == 1 else "duplicates": self.duplicates,
            "corrected": self.corrected,
            "rejected": self.rejected,
            "truncated by the sender": self.truncated_alerts,
        }
        return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


class Series(Recorded):
    """One metric of one model, optionally of one feature and slice. model: null while it is unregistered."""

    KIND = "series"

    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    model_name = models.CharField(max_length=120)
    metric = models.CharField(max_length=120)
    feature = models.CharField(max_length=120, blank=True, default="")
    slice = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    unit = models.CharField(max_length=16, blank=True, default="")
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="series")
    latest_ts = models.DateTimeField(null=True, blank=True)
    latest_value = models.FloatField(null=True, blank=True)

    HISTORY_OMITS = frozenset({"latest_ts", "latest_value"})

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model_name", "metric", "feature", "slice"], name="signals_series_once"
            )
        ]
        indexes = [models.Index(fields=["model", "metric", "id"], name="signals_series_of_model")]

    @property
    def subject_title(self) -> str:
        parts = [self.metric, self.feature, self.slice]
        return f"{self.model_name}: " + " · ".join(part for part in parts if part)

    @property
    def display_name(self) -> str:
        """Return the name under its model: "psi of age, EU"."""
        feature = f" of {self.feature}" if self.feature else ""
        return f"{self.metric}{feature}" + (f", {self.slice}" if self.slice else "")


class Point(models.Model):
    """A value of a series at a time. (series, ts) is the primary key, and its index covers value (see 0002).

    There is no foreign key in the database: checking it for each point takes a third of the time of storing
    it. Instead, the only operation that writes points locks the rows of their series, and series are never
    deleted.
    """

    pk = models.CompositePrimaryKey("series_id", "ts")
    series = models.ForeignKey(
        Series, models.DO_NOTHING, related_name="points", db_index=False, db_constraint=False
    )
    ts = models.DateTimeField()
    value = models.FloatField()


class Correction(models.Model):
    """A value that was replaced by another one for the same time."""

    series = models.ForeignKey(Series, models.CASCADE, related_name="corrections")
    ts = models.DateTimeField()
    old_value = models.FloatField()
    new_value = models.FloatField()
    at = models.DateTimeField()


class Threshold(Recorded):
    """A rule on a series, or an external rule that its source evaluates.

    external_rule: the name of the alert in its source, "" for our own rule. The versions hold the limits.
    """

    KIND = "threshold"

    series = models.ForeignKey(Series, models.PROTECT, null=True, blank=True, related_name="thresholds")
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="thresholds")
    external_rule = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=200)

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

    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=Agreement.choices, default=Agreement.PROPOSED)
    direction = models.CharField(max_length=5, choices=Direction.choices, default=Direction.ABOVE)
    warning = models.FloatField(null=True, blank=True)
    critical = models.FloatField(null=True, blank=True)
    clear = models.FloatField(null=True, blank=True)
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
        found = {"warning": self.warning, "critical": self.critical}
        named = (f"{name} {self.direction} {value:g}" for name, value in found.items() if value is not None)
        return ", ".join(named)


class BreachGroup(Recorded):
    """The breaches of one cause: one model, one kind, one rule. A review is about a group of one or more."""

    KIND = "breach"
    PREFIX = "B"
    MOVES = GROUP_MOVES

    cause_key = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    model = models.ForeignKey(Model, models.PROTECT, null=True, blank=True, related_name="+")
    model_name = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=16, choices=SignalKind.choices)
    level = models.PositiveSmallIntegerField(choices=BreachLevel.choices)
    state = models.CharField(max_length=8, choices=BreachState.choices, default=BreachState.OPEN)
    opened_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

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
    """

    OF = "group"
    MOVES = BREACH_MOVES
    # It changes with every worse point. The points themselves are stored.
    HISTORY_OMITS = frozenset({"worst_value"})

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

    # Set by queries.group.set_visibility().
    is_series_seen: bool
    is_rule_seen: bool

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
    def has_worsened(self) -> bool:
        """Return True if a later value was worse than the first one."""
        return self.first_value is not None and self.first_value != self.worst_value


class Alert(models.Model):
    """An alert of another tool, unique by (source, fingerprint, starts_at). seen_at: its last payload."""

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
