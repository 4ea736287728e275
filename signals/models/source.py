"""Sources and their deliveries."""

from django.db import models

from history.models import Recorded
from people.models import User
from signals.states import (
    Adapter,
)


class Source(Recorded):
    """A tool that sends signals, with one owner. A payload that names no source belongs to the sender's.

    mapping: {"model": ["model"], "feature": [...], "kind": [...], "kinds": {"data-quality": "data_quality"}}:
    which labels hold the model, feature, kind and severity (signals.mapping.labels has the defaults).
    Its "severities" say what a severity means: {"info": "ignore", "page": "critical"} (SeverityRule).
    secret: with which the tool signs its bodies, sealed (kit.sealed); "" without.
    expected_every: the expected interval between payloads, None if they are irregular.
    sampled_at: when an accepted body was last kept as a sample.
    silent_since: when its present silence was recorded; None while it sends.
    """

    KIND = "source"
    HISTORY_OMITS = frozenset({"last_received_at", "sampled_at", "secret", "silent_since"})
    HISTORY_LABELS = {
        "slug": "URL name",
        "adapter": "Format",
        "mapping": "Label mapping",
        "expected_every": "Expected interval",
    }

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    adapter = models.CharField(max_length=16, choices=Adapter.choices)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    mapping = models.JSONField(default=dict, blank=True)
    secret = models.TextField(blank=True, default="", db_default="")
    expected_every = models.DurationField(null=True, blank=True)
    last_received_at = models.DateTimeField(null=True, blank=True)
    sampled_at = models.DateTimeField(null=True, blank=True)
    silent_since = models.DateTimeField(null=True, blank=True)


class Delivery(models.Model):
    """One payload of a source, with its result.

    body: kept, up to 64 kB, if anything was rejected or cut, and once an hour as a sample. is_cut: whether it
    was longer. asked: parameters of its address that name what the body does not: {"model": …, "ts": …}.
    replay_of: the delivery whose body was taken again; it may have been deleted since.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="deliveries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    stored = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    corrected = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0, db_default=0)
    truncated_alerts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")
    is_cut = models.BooleanField(default=False, db_default=False)
    asked = models.JSONField(default=dict, blank=True, db_default={})
    replay_of = models.ForeignKey(
        "self",
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        indexes = [models.Index(fields=["source", "-at", "-id"], name="signals_delivery_newest")]

    @property
    def is_accepted(self) -> bool:
        """Return True if the payload was accepted, in whole or in part."""
        return self.status < 300

    @property
    def is_replayable(self) -> bool:
        """Return True if the body is kept whole, so that it can be taken again."""
        return bool(self.body) and not self.is_cut

    @property
    def counts_text(self) -> str:
        """Return the results of its items: "3 stored, 1 duplicate"; "" if it had none."""
        counts = {
            "stored": self.stored,
            "duplicate" if self.duplicates == 1 else "duplicates": self.duplicates,
            "corrected": self.corrected,
            "rejected": self.rejected,
            "ignored": self.ignored,
            "cut off": self.truncated_alerts,
        }
        return ", ".join(f"{number} {name}" for name, number in counts.items() if number)
