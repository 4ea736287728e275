"""API resources of learning sessions and their sign-ups."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from learnings.filters.session import SIGN_UPS, SPEC
from learnings.models import SignUp
from learnings.operations import session as operations
from learnings.operations import session_sight
from learnings.operations import sign_up as sign_ups
from learnings.operations.session import MAX_LINKS, MAX_MINUTES, MAX_SEATS, MIN_MINUTES
from learnings.queries import session as queries
from learnings.states import SessionState, SignUpState
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, MomentWithOffset, Visible, read, refuse_fields
from rest.nested import Nested, NestedCollection, NestedItem
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class LearningSessionRow(serializers.Serializer):
    """A session about a topic. Its text is Markdown."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    state = serializers.ChoiceField(SessionState.choices)
    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField()
    time_zone = serializers.CharField(help_text="The zone of its clock time in calendars.")
    place = serializers.CharField()
    seats = serializers.IntegerField(allow_null=True, help_text="null without a limit.")
    going = serializers.IntegerField(help_text="How many have a seat.")
    speaker_id = serializers.IntegerField(allow_null=True)
    guest = serializers.CharField(help_text="The name of a speaker without an account.")
    links = serializers.ListField(child=serializers.CharField())
    about_kind = serializers.CharField(allow_null=True)
    about_reference = serializers.CharField(allow_null=True)
    author_id = serializers.IntegerField(allow_null=True)
    planned_at = serializers.DateTimeField()


class SessionChange(Body):
    """The fields to change; fields that are not sent stay the same."""

    title = serializers.CharField(max_length=200, required=False)
    text = serializers.CharField(max_length=20000, required=False, allow_blank=True)
    starts_at = MomentWithOffset(required=False)
    minutes = serializers.IntegerField(required=False, min_value=MIN_MINUTES, max_value=MAX_MINUTES)
    time_zone = serializers.CharField(max_length=64, required=False)
    place = serializers.CharField(max_length=300, required=False, allow_blank=True)
    seats = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=MAX_SEATS)
    speaker = Visible("person", User.objects.visible_to, by="email", required=False, allow_null=True)
    guest = serializers.CharField(max_length=120, required=False, allow_blank=True)
    links = serializers.ListField(
        child=serializers.URLField(max_length=500), required=False, max_length=MAX_LINKS
    )


class NewSession(SessionChange):
    title = serializers.CharField(max_length=200)
    starts_at = MomentWithOffset()
    time_zone = serializers.CharField(max_length=64)
    about = Visible("object", Subject.objects.visible_to, by="reference", required=False, allow_null=True)
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        required=False,
        allow_null=True,
        max_length=50,
        help_text="The teams that may see it; null for everyone.",
    )


class SessionCancellation(Body):
    reason = serializers.CharField(max_length=500)


class SessionPresence(Body):
    present = serializers.ListField(
        child=Visible("person", User.objects.visible_to, by="email"),
        max_length=MAX_SEATS,
        help_text="Everybody who was there, also without a sign-up.",
    )


class RestrictSessionBody(Body):
    teams = serializers.ListField(
        child=Visible("team", Team.objects.visible_to),
        allow_empty=False,
        allow_null=True,
        max_length=50,
        help_text="The teams that may see it, beside those who planned it, speak or signed up; null for all.",
    )


class FollowUpRow(serializers.Serializer):
    """The learning that was drafted. reference: such as L-12."""

    reference = serializers.CharField()


class _LearningSessions(Resource):
    kind = "learning_session"
    serializer_class = LearningSessionRow
    columns = {
        **{name: name for name in LearningSessionRow().fields},
        "about_kind": "about__kind",
        "about_reference": "about__reference",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.sessions().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove what a session is about if the user may not see that."""
        return tell(request.user, found)


class LearningSessions(_LearningSessions, Collection):
    """Learning sessions. POST plans one."""

    permission = {"GET": "learnings.session_view", "POST": "learnings.session_plan"}
    bodies = {"POST": NewSession}
    spec = SPEC

    def post(self, request: Request) -> Response:
        session = operations.plan(**read(NewSession, request), by=self.by(request), at=clock.now())
        return self.created(request, session.pk, f"learning-sessions/{session.pk}")


class LearningSessionItem(_LearningSessions, EditableItem):
    """A learning session, by id. PATCH tells everybody who signed up if calendars show the change."""

    permission = {"GET": "learnings.session_view", "PATCH": "learnings.session_change"}
    body = SessionChange
    operation = staticmethod(operations.change)


class _SessionStep(_LearningSessions, Step):
    permission = {"POST": "learnings.session_change"}
    is_versioned = True


class CancelSession(_SessionStep):
    """Cancel a session. Everybody who signed up is told, with a cancellation for calendars."""

    body = SessionCancellation
    operation = operations.cancel


class ReinstateSession(_SessionStep):
    """Take up a cancelled session again. Everybody who signed up is told."""

    operation = operations.reinstate


class SessionAttendance(_SessionStep):
    """Note who was there. It can be noted again."""

    body = SessionPresence
    operation = sign_ups.note_attendance


class RestrictSession(_SessionStep):
    """Restrict a session and everything below it to teams, or show it to everyone.

    The answer has no body, because the writer may lose sight of the session.
    """

    body = RestrictSessionBody
    operation = session_sight.restrict
    answers = {"POST": (204, None)}

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


class FollowUpSession(_LearningSessions, Item):
    """Draft a learning from a session, or return the one that was drafted."""

    permission = {"POST": "learnings.learning_write"}
    bodies = {"POST": None}
    answers = {"POST": (200, FollowUpRow)}

    def post(self, request: Request, key: str) -> Response:
        session = self.found(request, key)
        refuse_fields(request)
        learning = operations.follow_up(session, by=self.by(request), at=clock.now())
        return Response({"reference": learning.reference})


class SignUpRow(serializers.Serializer):
    """A person who signed up, waits for a seat or withdrew."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    person_id = serializers.IntegerField()
    state = serializers.ChoiceField(SignUpState.choices)
    signed_up_at = serializers.DateTimeField()
    has_attended = serializers.BooleanField(allow_null=True, help_text="null until it is noted.")


class _SignUps(Nested):
    kind = "sign_up"
    serializer_class = SignUpRow
    columns = {name: name for name in SignUpRow().fields}
    parent_reference = ""

    def parents(self, request: Request) -> QuerySet:
        return queries.sessions().visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return SignUp.objects.filter(session=self.parent(request)).select_related("session__subject")


class SignUps(_SignUps, NestedCollection):
    """Who signed up for a session. POST signs the caller up, or puts them on the waiting list."""

    permission = {"GET": "learnings.session_view", "POST": "learnings.session_sign_up"}
    bodies = {"POST": None}
    spec = SIGN_UPS

    def post(self, request: Request, key: str) -> Response:
        session = self.parent(request)
        refuse_fields(request)
        row = sign_ups.sign_up(session, by=self.by(request), at=clock.now())
        return self.created(request, row.pk, f"learning-sessions/{session.pk}/sign-ups/{row.pk}")


class SignUpItem(_SignUps, NestedItem):
    """A sign-up, by its id."""

    permission = {"GET": "learnings.session_view"}


class WithdrawSignUp(_LearningSessions, Item):
    """Withdraw your own sign-up. The seat goes to who waited longest."""

    permission = {"POST": "learnings.session_sign_up"}
    bodies = {"POST": None}
    answers = {"POST": (200, SignUpRow)}

    def post(self, request: Request, key: str) -> Response:
        session = self.found(request, key)
        refuse_fields(request)
        row = sign_ups.withdraw_own(session, by=self.by(request), at=clock.now())
        return Response(SignUpRow(row).data)


RESOURCES: list = [
    ("learning-sessions", LearningSessions),
    ("learning-sessions/<str:key>", LearningSessionItem),
    ("learning-sessions/<str:key>/cancel", CancelSession),
    ("learning-sessions/<str:key>/reinstate", ReinstateSession),
    ("learning-sessions/<str:key>/attendance", SessionAttendance),
    ("learning-sessions/<str:key>/restrict", RestrictSession),
    ("learning-sessions/<str:key>/follow-up", FollowUpSession),
    ("learning-sessions/<str:key>/sign-ups", SignUps),
    ("learning-sessions/<str:key>/sign-ups/<str:number>", SignUpItem),
    ("learning-sessions/<str:key>/withdraw", WithdrawSignUp),
]
