"""Subject, SearchDocument, Grant, Event, waiting work (Claimable, Handover, Due), and bases of rows."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from history.states import MAX_TRIES, GrantReason, Reach, Work
from kit.sight import Visitor, sight_of

Row = TypeVar("Row", bound=models.Model)

# In the rows of Event.data: the key that is true if the event created the row. Stored events have this word,
# so it stays.
IS_NEW = "born"


class SubjectQuerySet(models.QuerySet):
    """For rows that *are* subjects."""

    def visible_to(self, user: Visitor) -> Self:
        return self.filter(may_be_seen_by(user))


class RecordedQuerySet(models.QuerySet[Row]):
    """For rows that have a subject. visible_to() is the only way to select the rows that a user may see."""

    through = "subject__"

    def visible_to(self, user: Visitor) -> Self:
        return self.filter(may_be_seen_by(user, self.through))


def may_be_seen_by(user: Visitor, through: str = "") -> Q:
    """Return the condition that a subject is open to everyone, or names this reader or one of their teams.

    through: the path to the subject, ending in "__". `user.sight` is a kit.sight.Sight, whose sees() gives
    the same answer for a subject that is loaded.
    """
    sight = sight_of(user)
    if sight.nothing:
        return Q(pk__in=[])
    if sight.everything:
        return Q(**{f"{through}pk__isnull": False})
    return is_open_to(sight.argument or list(sight.ids), through)


def is_open_to(ids: Sequence[int] | Combinable, through: str = "") -> Q:
    """Return the condition that a subject is open to everyone, or names one of these subjects.

    ids: of people and teams, or an expression for them. through: as in may_be_seen_by().
    """
    return (
        Q(**{f"{through}viewers__isnull": True})
        | Q(**{f"{through}viewers__overlap": ids})
        | Q(**{f"{through}granted__overlap": ids})
    )


class Subject(models.Model):
    """One row per domain object. Events, reviews, actions, messages and dues have a foreign key to it.

    root: the risk, model or other object that this one belongs to; None when it is its own root.
    viewers: None if everyone in the organisation may see it. Otherwise the subjects who may: the teams that
    the root is restricted to, and the people with a grant for the whole root (its owner, its raiser). It is
    the same for a root and for everything below it.
    granted: the subjects of the people who have an active grant for this one object (Grant). It is maintained
    also while the object is open to everyone, so that a person who was asked to review it can still see it
    after it is restricted.
    history.subjects writes these three for a new object. Only history.scope changes them.
    """

    kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField()
    reference = models.CharField(max_length=24, null=True, unique=True)
    title = models.CharField(max_length=300)
    root = models.ForeignKey("self", models.DO_NOTHING, null=True, db_index=False, related_name="+")
    viewers = ArrayField(models.BigIntegerField(), null=True, blank=True)
    granted = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    is_retired = models.BooleanField(default=False)

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="history_subject_object")]
        indexes = [
            GinIndex(fields=["viewers"], name="history_subject_viewers", condition=Q(viewers__isnull=False)),
            GinIndex(fields=["granted"], name="history_subject_granted", condition=Q(viewers__isnull=False)),
            models.Index(fields=["root"], name="history_subject_root", condition=Q(root__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}" if self.reference else self.title

    def is_visible_to(self, user: Visitor) -> bool:
        """Return True if visible_to(user) would select this loaded subject."""
        return sight_of(user).sees(self.viewers, self.granted)

    def is_open_to_readers_of(self, other: "Subject") -> bool:
        """Return True if the teams that see another loaded subject see this one, too.

        Then texts of this one may be repeated there. Grants of single people do not count.
        """
        if self.viewers is None:
            return True
        return other.viewers is not None and set(self.viewers).issuperset(other.viewers)

    @property
    def scope_id(self) -> int:
        """Return the id of the root whose viewers apply to this subject: its root, or the subject itself."""
        return self.root_id or self.pk


class SearchDocument(models.Model):
    """What search finds of one subject. Only history.documents writes it.

    document: the weighted words. text: the body, tags and names, for highlighted fragments. language: the
    text search configuration that the document was made with.
    """

    subject = models.OneToOneField(Subject, models.CASCADE, primary_key=True, related_name="document")
    document = SearchVectorField()
    text = models.TextField()
    language = models.CharField(max_length=63)

    class Meta:
        indexes = [GinIndex(fields=["document"], name="history_document_words")]

    def __str__(self) -> str:
        return f"document of {self.subject_id}"


class Grant(models.Model):
    """One reason why one person may see one object (or one whole root), from `at` until `ended_at`.

    A person may have several grants for one object. Access ends with the last of them.
    source: the subject that is the reason, if it is not the object itself: the review that the person was
    asked for, the escalation to them, the action they own. Otherwise None.
    has_left: the grant ended because the person was deactivated. It is restored when they are active again.
    """

    subject = models.ForeignKey(Subject, models.PROTECT, related_name="grants")
    person = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=12, choices=GrantReason.choices)
    reach = models.CharField(max_length=6, choices=Reach.choices, default=Reach.OBJECT)
    source = models.ForeignKey(Subject, models.PROTECT, null=True, db_index=False, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    has_left = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "person", "reason", "source"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="history_grant_once",
            ),
            models.CheckConstraint(
                condition=Q(has_left=False) | Q(ended_at__isnull=False), name="history_grant_left_is_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} #{self.pk}"


class Event(models.Model):
    """One act. Handlers act on it, and timelines show it. Database rights and a trigger make it append-only.

    at: when it happened, as the operation was given it. recorded_at: when the database inserted it. data:
    {"rows": [{"model", "pk", "changes": {field: [old, new]}, IS_NEW: bool}], …payload}. It has only
    references to values that can be erased, and never a secret. chain_no, chain_hash: for security-relevant
    verbs, the hash over this event and the hash of the previous link.
    """

    class Via(models.TextChoices):
        PAGE = "page", "page"
        API = "api", "API"
        TASK = "task", "task"
        IMPORT = "import", "import"

    subject = models.ForeignKey(Subject, models.DO_NOTHING, related_name="events")
    verb = models.CharField(max_length=80)
    schema_version = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.ForeignKey(Subject, models.DO_NOTHING, null=True, related_name="+")
    via = models.CharField(max_length=8, choices=Via.choices)
    token = models.ForeignKey(Subject, models.DO_NOTHING, null=True, related_name="+")
    is_actor_hidden = models.BooleanField(default=False)
    cause = models.ForeignKey("self", models.DO_NOTHING, null=True, related_name="+")
    batch = models.UUIDField(null=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    chain_no = models.BigIntegerField(null=True, unique=True)
    chain_hash = models.BinaryField(max_length=32, null=True)

    objects = RecordedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-at", "-id"], name="history_event_timeline"),
            models.Index(fields=["-at", "-id"], name="history_event_newest"),
            models.Index(fields=["verb", "-at"], name="history_event_verb"),
            models.Index(fields=["cause"], name="history_event_cause", condition=Q(cause__isnull=False)),
            # What a token did.
            models.Index(
                fields=["token", "-at", "-id"], name="history_event_token", condition=Q(token__isnull=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(chain_no__isnull=True, chain_hash__isnull=True)
                | Q(chain_no__isnull=False, chain_hash__isnull=False),
                name="history_event_chain_whole",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} #{self.pk}"

    @property
    def shown_actor(self) -> Subject | None:
        """Return the actor, None if the person is anonymous.

        Pages use only this, so hidden actors stay hidden.
        """
        return None if self.is_actor_hidden else self.actor


class Claimable(models.Model):
    """A row of work that is claimed, tried, counted and settled (history.claims)."""

    MAX_TRIES: ClassVar[int] = MAX_TRIES

    state = models.CharField(max_length=8, choices=Work.choices, default=Work.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, default="")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Handover(Claimable):
    """One event that one handler of another room processes exactly once."""

    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="+")
    handler = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="history_handover_once")]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="history_handover_open",
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(
                fields=["handler", "not_before", "id"],
                name="history_handover_of_handler",
                condition=Q(state__in=["pending", "claimed"]),
            ),
            models.Index(fields=["state"], name="history_handover_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.handler} for event {self.event_id}"


class Due(Claimable):
    """A date at which a handler runs, once per occurrence. Inserted with ON CONFLICT DO NOTHING."""

    kind = models.CharField(max_length=80)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    occurrence = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "occurrence"], name="history_due_once")
        ]
        indexes = [
            models.Index(
                fields=["at", "id"], name="history_due_open", condition=Q(state__in=["pending", "claimed"])
            ),
            models.Index(fields=["subject"], name="history_due_subject"),
            models.Index(fields=["state"], name="history_due_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurrence}"


class Heartbeat(models.Model):
    """The last heartbeat of one part of Riskhub, such as the worker, by the clock of the database.

    findings: of the auditor, one text each.
    """

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField(db_default=Now())
    findings = models.JSONField(default=list, db_default=[])

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class Recorded(models.Model):
    """A domain object. It has a subject and a version, and every change of it is an event.

    KIND: its name in history. PREFIX: the letter of its references, None if it has none.
    MOVES: {(from, to): verb}, the only steps its state can take.
    HISTORY_OMITS: fields that never enter history (secrets, leases, last-seen, drafts).
    HISTORY_REFERS: erasable fields. History records that they changed, without their values.
    HISTORY_LABELS: the labels on timelines of the fields whose names are no plain words.
    HISTORY_SHOWN_WITH: {field: foreign key}, both as columns. A value of the field is shown only to readers
    who may see the object that the foreign key named with it (history/hidden_values.py).
    """

    KIND: ClassVar[str]
    PREFIX: ClassVar[str | None] = None
    MOVES: ClassVar[Mapping[Any, str]] = {}
    HISTORY_OMITS: ClassVar[frozenset[str]] = frozenset()
    HISTORY_REFERS: ClassVar[frozenset[str]] = frozenset()
    HISTORY_LABELS: ClassVar[Mapping[str, str]] = {}
    HISTORY_SHOWN_WITH: ClassVar[Mapping[str, str]] = {}

    subject = models.OneToOneField(Subject, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)

    objects = RecordedQuerySet.as_manager()

    # Set by history.queries.with_related(): the ids of its subject and of all related subjects.
    related: list[int]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.subject_title

    @property
    def subject_title(self) -> str:
        """Return the title of the subject in lists, feeds and mails."""
        return str(getattr(self, "title", None) or getattr(self, "name", ""))

    @property
    def reference(self) -> str:
        return self.subject.reference or ""


class Part(models.Model):
    """A row that belongs to an object. It has a version, and its events are on that object's subject.

    OF: the path to the owning object, such as "review".
    """

    OF: ClassVar[str]
    MOVES: ClassVar[Mapping[Any, str]] = {}
    HISTORY_OMITS: ClassVar[frozenset[str]] = frozenset()
    HISTORY_REFERS: ClassVar[frozenset[str]] = frozenset()
    HISTORY_LABELS: ClassVar[Mapping[str, str]] = {}

    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    @property
    def subject_id(self) -> int:
        """Return the id of the subject of the object that this row belongs to."""
        return getattr(self, self.OF).subject_id


def new_batch() -> uuid.UUID:
    """Return an id that the events of one bulk act share."""
    return uuid.uuid4()
