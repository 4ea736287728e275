"""Learning sessions, such as lunch-and-learns, and who signed up for them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from history.models import Part, Recorded, RecordedQuerySet, Subject
from learnings.states import SESSION_MOVES, SIGN_UP_MOVES, SessionState, SignUpState
from people.models import User


class LearningSession(Recorded):
    """A session about a topic, for everyone or for some teams.

    speaker: a person, or `guest`, the name of a speaker without an account. time_zone: that of its clock time
    in calendars. seats: how many may sign up, null without a limit; further ones wait. links: its material;
    files are attached to its subject. about: what it teaches, such as a learning.
    """

    KIND = "learning_session"
    MOVES = SESSION_MOVES
    HISTORY_LABELS = {
        "text": "What it is about",
        "guest": "Guest speaker",
        "links": "Material",
    }

    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, default="")
    speaker = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    guest = models.CharField(max_length=120, blank=True, default="")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=45)
    time_zone = models.CharField(max_length=64)
    place = models.CharField(max_length=300, blank=True, default="")
    seats = models.PositiveSmallIntegerField(null=True, blank=True)
    links = ArrayField(models.URLField(max_length=500), default=list, blank=True)
    about = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=9, choices=SessionState.choices, default=SessionState.PLANNED)
    planned_at = models.DateTimeField()

    # Set by queries.set_visibility(): what it is about, None if this user may not see it.
    shown_about: Subject | None
    # Set by queries.session.coming_of(): the state of the reader's sign-up, None if they speak only.
    seat_of_reader: str | None

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(speaker__isnull=True) | Q(guest=""), name="learnings_session_one_speaker"
            )
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="learnings_session_by_time"),
            models.Index(fields=["speaker", "starts_at"], name="learnings_session_of_speaker"),
        ]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def speaker_name(self) -> str:
        return self.speaker.name if self.speaker else self.guest


class SignUpQuerySet(RecordedQuerySet["SignUp"]):
    """For sign-ups, which are visible to those who may see the session."""

    through = "session__subject__"


class SignUp(Part):
    """One person who signed up, waits for a seat or withdrew. signed_up_at: who waited longest is next.

    has_attended: null until the attendance is noted.
    """

    OF = "session"
    MOVES = SIGN_UP_MOVES
    HISTORY_LABELS = {
        "has_attended": "Attended",
    }

    session = models.ForeignKey(LearningSession, models.PROTECT, related_name="sign_ups")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=SignUpState.choices)
    signed_up_at = models.DateTimeField()
    has_attended = models.BooleanField(null=True, blank=True)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "person"], name="learnings_sign_up_once")]
        indexes = [models.Index(fields=["session", "signed_up_at", "id"], name="learnings_sign_up_in_order")]
