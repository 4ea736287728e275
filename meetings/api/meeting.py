"""API resources of meetings: list, get and change them, and a POST for each step."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.filters import MEETINGS
from meetings.models import Meeting
from meetings.operations import meeting as operations
from meetings.queries import meeting as queries
from meetings.states import MeetingState
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class MeetingRow(serializers.Serializer):
    """One occurrence of a series."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    series_id = serializers.IntegerField()
    series_name = serializers.CharField(source="series.name")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    focus_id = serializers.IntegerField(allow_null=True)
    focus_name = serializers.CharField(source="focus.name", default=None, allow_null=True)
    facilitator_id = serializers.IntegerField(allow_null=True)
    facilitator_name = serializers.CharField(source="facilitator.name", default=None, allow_null=True)
    stand_in_id = serializers.IntegerField(allow_null=True)
    is_taken_over = serializers.BooleanField()
    why = serializers.CharField(help_text="Why this person facilitates.")
    objective = serializers.CharField()
    state = serializers.ChoiceField(MeetingState.choices)
    published_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    improvement = serializers.CharField()
    was_worth_it = serializers.BooleanField(allow_null=True)


class MeetingChange(Body):
    """The fields to change; fields that are not sent stay the same. Another start moves the meeting."""

    objective = serializers.CharField(max_length=300, required=False, allow_blank=True)
    starts_at = serializers.DateTimeField(required=False)


class Cancellation(Body):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class Closing(Body):
    improvement = serializers.CharField(max_length=300, required=False, allow_blank=True)
    was_worth_it = serializers.BooleanField(required=False, allow_null=True)


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class PresentPeople(Body):
    present = serializers.ListField(child=Visible("person", _people, by="email"), max_length=500)


class _Meetings(Resource):
    kind = "meeting"
    serializer_class = MeetingRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "series_id": "series_id",
        "series_name": "series__name",
        "starts_at": "starts_at",
        "ends_at": "ends_at",
        "focus_id": "focus_id",
        "focus_name": "focus__name",
        "facilitator_id": "facilitator_id",
        "facilitator_name": "facilitator__name",
        "stand_in_id": "stand_in_id",
        "is_taken_over": "is_taken_over",
        "why": "why",
        "objective": "objective",
        "state": "state",
        "published_at": "published_at",
        "started_at": "started_at",
        "closed_at": "closed_at",
        "improvement": "improvement",
        "was_worth_it": "was_worth_it",
    }

    def rows(self, request: Request) -> QuerySet:
        return Meeting.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.meetings(request.user)


class Meetings(_Meetings, Collection):
    """Planned and past meetings."""

    permission = {"GET": "meetings.meeting_view"}
    spec = MEETINGS


class MeetingItem(_Meetings, Item):
    """A meeting, by reference or id."""

    permission = {"GET": "meetings.meeting_view", "PATCH": "meetings.meeting_run"}
    bodies = {"PATCH": MeetingChange}

    def patch(self, request: Request, key: str) -> Response:
        meeting = self.found(request, key)
        seen = self.seen(request, meeting)
        self.require(request, "meetings.meeting_run", meeting)
        values = read(MeetingChange, request)
        if "starts_at" in values:
            self.require(request, "meetings.meeting_plan", meeting)
        operations.change(meeting, values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, meeting.pk)


class MeetingStep(_Meetings, Step):
    is_versioned = True
    answers = {"POST": (200, MeetingRow)}


class Start(MeetingStep):
    """Start a meeting."""

    permission = {"POST": "meetings.meeting_run"}
    bodies = {"POST": None}
    operation = staticmethod(operations.start)


class Attend(MeetingStep):
    """Record attendance: exactly these people are present."""

    permission = {"POST": "meetings.meeting_run"}
    body, bodies = PresentPeople, {"POST": PresentPeople}
    operation = staticmethod(operations.attend)
    takes_version = False
    is_versioned = False


class CloseMeeting(MeetingStep):
    """End a meeting. Unfinished items are carried over."""

    permission = {"POST": "meetings.meeting_run"}
    body, bodies = Closing, {"POST": Closing}
    operation = staticmethod(operations.close)


class Cancel(MeetingStep):
    """Cancel a meeting."""

    permission = {"POST": "meetings.meeting_plan"}
    body, bodies = Cancellation, {"POST": Cancellation}
    operation = staticmethod(operations.cancel)


class Reinstate(MeetingStep):
    """Reinstate a cancelled meeting."""

    permission = {"POST": "meetings.meeting_plan"}
    bodies = {"POST": None}
    operation = staticmethod(operations.reinstate)


class TakeOver(MeetingStep):
    """Assign the meeting to the caller as facilitator."""

    permission = {"POST": "meetings.meeting_take"}
    bodies = {"POST": None}
    operation = staticmethod(operations.take_over)


RESOURCES: list = [
    ("meetings", Meetings),
    ("meetings/<str:key>", MeetingItem),
    ("meetings/<str:key>/start", Start),
    ("meetings/<str:key>/attend", Attend),
    ("meetings/<str:key>/close", CloseMeeting),
    ("meetings/<str:key>/cancel", Cancel),
    ("meetings/<str:key>/reinstate", Reinstate),
    ("meetings/<str:key>/take_over", TakeOver),
]
