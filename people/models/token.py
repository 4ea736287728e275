"""Tokens, receipts, the counters of sign-in attempts, and the link of the set-up."""

from datetime import datetime

from django.db import models

from history.models import Recorded
from people.models.person import User
from people.states import TokenScope


class Token(Recorded):
    """An API token: a public prefix, the SHA-256 of its secret, a scope, an expiry.

    former_hash: of the secret before the last rotation, which is valid until former_until.
    moved_at: when a service account took it over from a person, who may know its secret; None once rotated.
    """

    KIND = "token"
    HISTORY_OMITS = frozenset({"secret_hash", "former_hash", "last_used_at"})
    HISTORY_REFERS = frozenset({"name"})
    HISTORY_LABELS = {
        "moved_at": "Secret renewed at",
        "prefix": "Start of the secret",
        "former_until": "Old secret works until",
    }

    user = models.ForeignKey(User, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    former_hash = models.BinaryField(max_length=32, null=True, blank=True)
    former_until = models.DateTimeField(null=True, blank=True)
    scope = models.CharField(max_length=8, choices=TokenScope.choices)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def state(self, at: datetime) -> str:
        """Return live, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= at else "live"

    def has_former(self, at: datetime) -> bool:
        """Return whether the secret before the last rotation is still valid."""
        is_within = self.former_until is not None and self.former_until > at
        return is_within and self.state(at) == "live"


class Receipt(models.Model):
    """The answer to a request with an Idempotency-Key, stored in the transaction of its writes."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=200)
    body_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="people_receipt_once")]
        indexes = [models.Index(fields=["made_at"], name="people_receipt_age")]


class SignInCount(models.Model):
    """Failed sign-ins of an account or a network in one time window, counted for all processes."""

    key = models.CharField(max_length=140)
    window_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window_at"], name="people_sign_in_window")]


class SetUpLink(models.Model):
    """The one-time link by which the first administrator sets up an empty instance."""

    secret_hash = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
