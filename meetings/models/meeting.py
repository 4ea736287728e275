"""Meetings, their agenda items and their attendance."""

import hashlib

from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, RecordedQuerySet, Subject
from meetings.models.series import Focus, MeetingSeries
from meetings.states import ITEM_MOVES, MEETING_MOVES, ItemOutcome, ItemState, MeetingState, Purpose
from people.models import User
from risklog.models import Acceptance


class Meeting(Recorded):
    """One occurrence of a series: its focus, the people who have a task in it, and why it is their turn.

    occurrence: the local date and time of the rule. It makes planning idempotent, also for moved meetings.
    is_extra: a person added it to the series, so the rule does not name it.
    handed_to: who gets the open follow-ups of a closed meeting, and since when they have them.
    is_taken_over: somebody took over the turn, so the rotation does not assign it to another person.
    observer: a person of another team, who only watches and listens. None unless the series has observers.
    is_scribe_taken, is_observer_taken: as is_taken_over, for their turns. invited_observer: who has got an
    invitation to observe this meeting and no cancellation of it.
    controller: who runs the live meeting: takes up, pauses and finishes its items, and ends it.
    """

    KIND = "meeting"
    PREFIX = "M"
    MOVES = MEETING_MOVES
    HISTORY_REFERS = frozenset(
        {"why", "scribe_why", "observer_why"}
    )  # they contain names, which can be erased
    HISTORY_LABELS = {
        "why": "Reason for the facilitator",
        "scribe_why": "Reason for the scribe",
        "observer_why": "Reason for the observer",
        "is_extra": "Extra meeting",
        "is_taken_over": "Facilitator took over",
        "is_scribe_taken": "Scribe took over",
        "is_observer_taken": "Observer took over",
        "controller": "In control",
        "improvement": "One thing to improve",
        "was_worth_it": "Worth the time",
        "handover_taken_at": "Handover accepted at",
    }

    series = models.ForeignKey(MeetingSeries, models.PROTECT, related_name="meetings")
    occurrence = models.CharField(max_length=16)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    focus = models.ForeignKey(Focus, models.PROTECT, null=True, blank=True, related_name="meetings")
    facilitator = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    stand_in = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_extra = models.BooleanField(default=False, db_default=False)
    is_taken_over = models.BooleanField(default=False)
    why = models.CharField(max_length=300, blank=True, default="")
    scribe = models.ForeignKey(User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    scribe_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    observer = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    observer_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    is_scribe_taken = models.BooleanField(default=False, db_default=False)
    is_observer_taken = models.BooleanField(default=False, db_default=False)
    invited_observer = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    objective = models.CharField(max_length=300, blank=True, default="")
    state = models.CharField(max_length=9, choices=MeetingState.choices, default=MeetingState.PLANNED)
    controller = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    improvement = models.CharField(max_length=300, blank=True, default="")
    was_worth_it = models.BooleanField(null=True, blank=True)
    handed_to = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    handover_taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "occurrence"], name="meetings_meeting_once")]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="meetings_meeting_when"),
            models.Index(fields=["series", "starts_at"], name="meetings_meeting_series"),
        ]

    @property
    def subject_title(self) -> str:
        return f"{self.series.name}, {self.starts_at.astimezone(self.series.zone):%-d %B %Y}"


class AgendaItemQuerySet(RecordedQuerySet):
    """Items of visible meetings. A reader who may not see the subject of an item sees only its length."""

    through = "meeting__subject__"


class AgendaItem(Part):
    """An agenda item: title, reason, purpose and length (minutes); in the meeting also notes and outcome.

    rank: the order on the agenda. current_since: start of the present discussion, None while it is paused.
    spent_seconds: before that. has_actions: an action was agreed on it without a decision.
    parked_by: who moved it to the backlog, None if it did not fit into the meeting. is_kept: somebody took it
    back from the backlog, so it stays on the agenda also if it does not fit. settled_by: who agreed to its
    proposal before the meeting; it counts while the state is settled. contested_count:
    how many people contest it. acceptance: the proposal for which Riskhub added it, None for another reason.
    """

    OF = "meeting"
    MOVES = ITEM_MOVES
    HISTORY_LABELS = {
        "rank": "Position",
        "times_carried": "Times carried over",
        "carried_from": "Carried over from",
        "current_since": "Discussed since",
        "spent_seconds": "Seconds discussed",
        "is_kept": "Kept on the agenda",
        "contested_count": "Objections",
    }

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="items")
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=300)
    why = models.CharField(max_length=300, blank=True, default="")
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.DISCUSS)
    rank = models.PositiveIntegerField()
    minutes = models.PositiveSmallIntegerField(default=10)
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.WAITING)
    outcome = models.CharField(max_length=10, choices=ItemOutcome.choices, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    added_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    carried_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    times_carried = models.PositiveSmallIntegerField(default=0)
    current_since = models.DateTimeField(null=True, blank=True)
    spent_seconds = models.PositiveIntegerField(default=0)
    has_actions = models.BooleanField(default=False, db_default=False)
    parked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_kept = models.BooleanField(default=False, db_default=False)
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    contested_count = models.PositiveSmallIntegerField(default=0, db_default=0)
    acceptance = models.ForeignKey(
        Acceptance, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = AgendaItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "about"], condition=Q(about__isnull=False), name="meetings_item_once"
            ),
            models.UniqueConstraint(
                fields=["meeting"], condition=Q(state="current"), name="meetings_one_current_item"
            ),
        ]
        indexes = [
            models.Index(fields=["meeting", "rank", "id"], name="meetings_item_rank"),
            models.Index(fields=["about"], name="meetings_item_about"),
        ]

    @property
    def notes_digest(self) -> str:
        """A digest (32 characters) of the notes. A form sends it to name the notes that its writer edits."""
        return hashlib.sha256(self.notes.encode()).hexdigest()[:32]


class AttendanceQuerySet(RecordedQuerySet):
    through = "meeting__subject__"


class Attendance(Part):
    """Whether a person was present at a meeting. seen_at: when their browser last read the live page."""

    OF = "meeting"
    HISTORY_OMITS = frozenset({"seen_at"})
    HISTORY_LABELS = {
        "is_present": "Present",
    }

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="attendances")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    is_present = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="meetings_attendance_once")]
