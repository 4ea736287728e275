"""The inbox, the outbox, the digest, and webhooks."""

import base64
import hashlib
import hmac
import uuid
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from history.models import Claimable, Event, Recorded, RecordedQuerySet, Subject
from history.states import InDoubt
from notices.states import DeliveryState, MessageState, WebhookShape
from people.models import User

# The last part of a verb -> the name of its mails on the page, where the verb itself does not read well.
_MAIL_TYPES = {
    "action_opened": "Action created",
    "action_reminded": "Action reminder",
    "escalation_climbed": "Escalated",
    "review_asked": "Review requested",
    "review_opened": "Review requested",
    "review_reminded": "Review reminder",
    "turn_near": "Facilitator reminder",
    "observation_near": "Observer reminder",
    "observation_ended": "Observer replaced",
}


class EntryQuerySet(RecordedQuerySet):
    through = "event__subject__"


class Entry(models.Model):
    """One event in the inbox of one person. It is unique and does not depend on mail.

    is_for_digest: the person wants to be told in the digest.
    topic: the subject that bundles the lines of the inbox. The subject of the event, or what that is about
    (Kind.bundled_with): an action and its escalation are one line.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="+")
    topic = models.ForeignKey(Subject, models.DO_NOTHING, null=True, db_index=False, related_name="+")
    why = models.CharField(max_length=120)
    is_urgent = models.BooleanField(default=False)
    is_for_digest = models.BooleanField(default=False, db_default=False)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    digest = models.ForeignKey("Digest", models.SET_NULL, null=True, blank=True, related_name="entries")

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="notices_entry_once")]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="notices_entry_newest"),
            models.Index(fields=["user", "topic", "-at", "-id"], name="notices_entry_bundle"),
            models.Index(fields=["user"], name="notices_entry_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["user"], name="notices_entry_undigested", condition=Q(digest__isnull=True)),
        ]


class Digest(models.Model):
    """The weekly digest of one person, unique by its ISO week.

    since: the digest has the changes after this moment. content: the sections as they were created. Each
    line has the ids of the subjects that it names (notices.queries.digest), so that objects that were
    restricted later stay hidden.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    week = models.CharField(max_length=8)
    made_at = models.DateTimeField()
    title = models.CharField(max_length=200)
    since = models.DateTimeField()
    content = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "week"], name="notices_digest_once")]


class Message(Claimable):
    """A mail in the outbox. A worker claims the row, renders it and sends it.

    user: None for a mail to somebody without an account; it goes to `address`.
    key: its cause, unique, so the same cause never creates a second mail. id: also the Message-ID, so a
    recipient can recognise a repeat. begun_at: after this moment the mail server may have the mail. If the
    worker died before, the mail was not sent. sent_*: the mail as it was sent. names: the ids of
    the subjects that it names; None until it is rendered. log: one line for each
    attempt. released_at: an administrator released the mail, which is older than the moment at which mail was
    switched on. bundled_in: the mail with which it is sent (notices.operations.bundle).
    """

    MAX_TRIES: ClassVar[int] = 6

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=200, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+")
    address = models.EmailField(blank=True, default="", db_default="")
    verb = models.CharField(max_length=80)
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    event = models.ForeignKey(Event, models.DO_NOTHING, null=True, blank=True, related_name="+")
    digest = models.ForeignKey(Digest, models.CASCADE, null=True, blank=True, related_name="messages")
    state = models.CharField(max_length=9, choices=MessageState.choices, default=MessageState.PENDING)
    policy = models.CharField(max_length=6, choices=InDoubt.choices)
    made_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    sent_to = models.EmailField(blank=True, default="")
    sent_title = models.CharField(max_length=300, blank=True, default="")
    sent_text = models.TextField(blank=True, default="")
    sent_html = models.TextField(blank=True, default="")
    names = ArrayField(models.BigIntegerField(), null=True, blank=True)
    log = ArrayField(models.CharField(max_length=300), default=list, db_column="history")
    released_at = models.DateTimeField(null=True, blank=True)
    bundled_in = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["bundled_in"],
                name="notices_message_bundle",
                condition=Q(bundled_in__isnull=False),
            ),
            models.Index(
                fields=["user", "-begun_at"],
                name="notices_message_begun",
                condition=Q(begun_at__isnull=False),
            ),
            models.Index(
                fields=["not_before"],
                name="notices_message_open",
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(fields=["-made_at", "id"], name="notices_message_newest"),
            models.Index(
                fields=["state"],
                name="notices_message_troubled",
                condition=Q(state__in=["dead", "uncertain"]),
            ),
        ]

    @property
    def recipient(self) -> str:
        """Return the name of the recipient, or the address of somebody without an account."""
        return self.user.name if self.user else self.address

    @property
    def kind_label(self) -> str:
        """Return the name of this type of mail on the page, such as "Meeting closed"."""
        name = self.verb.rpartition(".")[2]
        return _MAIL_TYPES.get(name) or name.replace("_", " ").capitalize()


class MailSwitch(models.Model):
    """Whether this instance sends mail, and since when. There is one row, written when the setting changes.

    Mails that are older than `since` are held back until an administrator releases or drops them.
    """

    ONLY = 1

    is_on = models.BooleanField()
    since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="notices_mailswitch_only")]


class SendingSwitch(models.Model):
    """Whether this register sends mails and webhooks and acts on due dates (notices.operations.sending).

    There is one row since the migration. Backups leave it out, so a restored register has none: it
    holds all sending until a person starts it. held_since: None while it sends. backup_at: the moment of the
    backup that the register was restored from; None if that is not known.
    """

    ONLY = 1

    held_since = models.DateTimeField(null=True, blank=True)
    backup_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="notices_sendingswitch_only")]


class WebhookEndpoint(Recorded):
    """An address of another system that gets events, as its owner may see them.

    verbs: the events. nonce: the secret is computed from it and SECRET_KEY, so a dump of the database has no
    secret. active_since: it gets the events that were recorded since then, by the clock of the database.
    failures: in a row. closed_until: nothing is sent before, because it failed several times.
    is_owner_told: since the last success. is_for_ladders: rungs of ladders can tell it. Such an endpoint
    needs no events of its own.
    """

    KIND = "webhook"
    HISTORY_OMITS = frozenset(
        {"nonce", "active_since", "failures", "closed_until", "is_owner_told", "last_sent_at"}
    )
    HISTORY_REFERS = frozenset({"url"})
    HISTORY_LABELS = {
        "url": "Address",
        "verbs": "Events",
        "shape": "Body",
        "is_for_ladders": "Ladders can use it",
    }

    name = models.CharField(max_length=80)
    url = models.CharField(max_length=2000)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    verbs = ArrayField(models.CharField(max_length=80), blank=True)
    shape = models.CharField(max_length=8, choices=WebhookShape.choices, default=WebhookShape.STANDARD)
    is_active = models.BooleanField(default=True)
    is_for_ladders = models.BooleanField(default=False, db_default=False)
    nonce = models.CharField(max_length=64)
    active_since = models.DateTimeField(db_default=Now())
    failures = models.PositiveIntegerField(default=0)
    closed_until = models.DateTimeField(null=True, blank=True)
    is_owner_told = models.BooleanField(default=False)
    last_sent_at = models.DateTimeField(null=True, blank=True)

    @property
    def secret(self) -> str:
        """Return the secret in the form of the Standard Webhooks scheme."""
        key = settings.SECRET_KEY.encode()
        digest = hmac.new(key, f"notices.webhook:{self.nonce}".encode(), hashlib.sha256).digest()
        return f"whsec_{base64.b64encode(digest).decode()}"

    @property
    def host(self) -> str:
        """Return the host, without the secret parts that the addresses of chat systems have."""
        return urlsplit(self.url).hostname or ""


class WebhookDelivery(Claimable):
    """One event for one endpoint. Its id is the webhook-id, also when it is sent again.

    event: None for a test. answer_*, took_ms: of the last attempt. log: one line for each attempt.
    """

    MAX_TRIES: ClassVar[int] = 6

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.DO_NOTHING, null=True, blank=True, related_name="+")
    verb = models.CharField(max_length=80)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=DeliveryState.choices, default=DeliveryState.PENDING)
    made_at = models.DateTimeField()
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer_text = models.CharField(max_length=1000, blank=True, default="")
    took_ms = models.PositiveIntegerField(null=True, blank=True)
    log = ArrayField(models.CharField(max_length=300), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="notices_delivery_once")]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="notices_delivery_open",
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(fields=["endpoint", "-made_at", "-id"], name="notices_delivery_newest"),
            models.Index(fields=["state"], name="notices_delivery_dead", condition=Q(state="dead")),
        ]

    @property
    def webhook_id(self) -> str:
        return f"msg_{self.pk.hex}"
