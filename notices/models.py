"""The inbox, the outbox, the digest."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from history.models import Claimable, Event, RecordedQuerySet, Subject
from history.states import InDoubt
from notices.states import MessageState
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

    key: its cause, unique, so the same cause never creates a second mail. id: also the Message-ID, so a
    recipient can recognise a repeat. begun_at: after this moment the mail server may have the mail. If the
    worker died before, the mail was not sent. sent_*: the mail as it was sent. names: the ids of
    the subjects that it names; None until it is rendered. log: one line for each
    attempt. released_at: an administrator released the mail, which is older than the moment at which mail was
    switched on.
    """

    MAX_TRIES: ClassVar[int] = 6

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=200, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
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

    class Meta:
        indexes = [
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
