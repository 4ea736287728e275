"""Ladders with their rungs, and the escalations that climb them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from catalogue.states import RightKind
from history.models import Part, Recorded, RecordedQuerySet, Subject
from people.models import Function, Team, User
from risklog.models.taxonomy import Category
from risklog.states import ESCALATION_MOVES, EscalationState, Severity, When, Who


class Ladder(Recorded):
    """An ordered list of rungs. The most specific by severity, category and team applies, then the oldest."""

    KIND = "ladder"

    name = models.CharField(max_length=120)
    severity = models.CharField(max_length=8, choices=Severity.choices, blank=True, default="")
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    is_retired = models.BooleanField(default=False)


class LadderVersionQuerySet(RecordedQuerySet):
    through = "ladder__subject__"


class LadderVersion(Part):
    """One version of the rungs. An open escalation keeps the version it started with."""

    OF = "ladder"

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)

    objects = LadderVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ladder", "number"], name="risklog_ladder_version_once"),
            models.UniqueConstraint(
                fields=["ladder"], condition=Q(is_current=True), name="risklog_one_current_ladder_version"
            ),
        ]


class RungQuerySet(RecordedQuerySet):
    through = "ladder_version__ladder__subject__"


class Rung(Part):
    """A branch of a rung: whom it notifies, and how long they have. It is created with its version.

    position: of the rung; 1 is the first. branch: the number of the branch; the first one that applies and
    has people is notified. severity, when: what the branch is for, "" for any. right: the kind of the right
    of which it notifies the holder. people: the ids of named people. person: the sponsor; older versions name
    their one person there. is_in_turn: notify one of the people, in turn, instead of all. by_mail: also tell
    them by email. webhooks: the ids of those that are told (risklog.queries.channels). The inbox always is.
    """

    OF = "ladder_version"
    HISTORY_LABELS = {
        "right": "Decision right",
        "is_in_turn": "One person at a time, in turn",
        "within_minutes": "Answer within (minutes)",
        "is_round_the_clock": "Round the clock",
        "by_mail": "By email",
        "webhooks": "Also by webhook",
    }

    ladder_version = models.ForeignKey(LadderVersion, models.CASCADE, related_name="rungs")
    position = models.PositiveSmallIntegerField()
    branch = models.PositiveSmallIntegerField(default=1, db_default=1)
    severity = models.CharField(max_length=8, choices=Severity.choices, blank=True, default="", db_default="")
    when = models.CharField(max_length=8, choices=When.choices, blank=True, default="", db_default="")
    who = models.CharField(max_length=10, choices=Who.choices)
    function = models.ForeignKey(Function, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    people = ArrayField(models.BigIntegerField(), default=list, blank=True)
    right = models.CharField(max_length=16, choices=RightKind.choices, blank=True, default="", db_default="")
    is_in_turn = models.BooleanField(default=False, db_default=False)
    within_minutes = models.PositiveIntegerField()
    is_round_the_clock = models.BooleanField(default=False)
    by_mail = models.BooleanField(default=True, db_default=True)
    webhooks = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)

    objects = RungQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ladder_version", "position", "branch"], name="risklog_rung_branch_once"
            ),
            models.CheckConstraint(condition=Q(within_minutes__gt=0), name="risklog_rung_takes_time"),
        ]

    @property
    def named(self) -> list[int]:
        """Return the ids of the people that the rung names itself."""
        return self.people or ([self.person_id] if self.person_id else [])


class Escalation(Recorded):
    """The escalation of a subject. rung: the position it reached; 1 is the first rung, 0 is before it.

    branch: of the rung that it reached. round: increases when it is de-escalated or called again, so that it
    can reach a rung again. next_climb_at: when it climbs next; while it is acknowledged, when that lapses;
    None while it is paused or on the top rung. paused_minutes: of all its pauses, the current one to its end.
    """

    KIND = "escalation"
    PREFIX = "E"
    MOVES = ESCALATION_MOVES
    HISTORY_LABELS = {
        "round": "Round of the ladder",
        "rung_since": "On this rung since",
        "next_climb_at": "Next rung at",
        "paused_minutes": "Minutes paused",
        "branch": "Alternative",
    }

    about = models.ForeignKey(Subject, models.PROTECT, related_name="+")
    title = models.CharField(max_length=300)
    why = models.TextField()
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.WARNING)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    ladder_version = models.ForeignKey(LadderVersion, models.PROTECT, related_name="escalations")
    state = models.CharField(max_length=12, choices=EscalationState.choices, default=EscalationState.CLIMBING)
    rung = models.PositiveSmallIntegerField(default=0)
    branch = models.PositiveSmallIntegerField(default=1, db_default=1)
    round = models.PositiveSmallIntegerField(default=1)
    rung_since = models.DateTimeField(null=True, blank=True)
    next_climb_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_minutes = models.PositiveIntegerField(default=0, db_default=0)
    reason = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    # Set by the operation that starts it, which notes a further reason on one that runs already.
    is_new: bool = False

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["about"], condition=~Q(state="resolved"), name="risklog_one_unresolved_escalation"
            )
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="risklog_escalation_newest"),
            models.Index(
                fields=["next_climb_at"], name="risklog_escalation_next", condition=~Q(state="resolved")
            ),
        ]

    @property
    def is_at_top(self) -> bool:
        """Return whether it is escalating on the top rung, so that nobody else is notified by itself."""
        return bool(self.state == EscalationState.CLIMBING and self.rung and self.next_climb_at is None)


class ClimbQuerySet(RecordedQuerySet):
    through = "escalation__subject__"


class Climb(Part):
    """A rung that an escalation reached or skipped, once a round. branch: the one that was notified.

    notified_ids: of the users notified; older events have the field as `told`. stand_ins: {id of a user
    notified: id of the absent person they stand in for}. skipped: why the rung was skipped, "" if it was
    reached. by_mail, webhooks: by which channels they were told, as of the rung.
    """

    OF = "escalation"
    HISTORY_LABELS = {
        "round": "Round of the ladder",
        "notified_ids": "People notified",
        "stand_ins": "Stand-ins",
        "by_mail": "By email",
        "branch": "Alternative",
    }

    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="climbs")
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    branch = models.PositiveSmallIntegerField(default=1, db_default=1)
    at = models.DateTimeField()
    notified_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, db_column="told")
    stand_ins = models.JSONField(default=dict, blank=True)
    skipped = models.CharField(max_length=200, blank=True, default="")
    by_mail = models.BooleanField(default=True, db_default=True)
    webhooks = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)

    objects = ClimbQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation", "round", "position"], name="risklog_climb_once")
        ]
