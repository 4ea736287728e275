"""API resources of meetings: list, get and change them, and a POST for each step."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.filters import MEETINGS
from meetings.models import AgendaTemplate, Decision, Meeting, MeetingSeries
from meetings.operations import agenda, attendance, control, extra, mailing, turn
from meetings.operations import meeting as operations
from meetings.queries import meeting as queries
from meetings.states import MeetingState, TurnTask
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
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
    is_extra = serializers.BooleanField(help_text="Whether it was added besides the rule of the series.")
    is_taken_over = serializers.BooleanField()
    is_scribe_taken = serializers.BooleanField()
    is_observer_taken = serializers.BooleanField()
    why = serializers.CharField(help_text="Why this person facilitates.")
    scribe_id = serializers.IntegerField(allow_null=True)
    scribe_why = serializers.CharField(help_text="Why this person writes the notes.")
    observer_id = serializers.IntegerField(allow_null=True)
    observer_why = serializers.CharField(help_text="Why this person observes.")
    objective = serializers.CharField()
    state = serializers.ChoiceField(MeetingState.choices)
    controller_id = serializers.IntegerField(
        allow_null=True, help_text="Who controls the live meeting: takes up and finishes items, and ends it."
    )
    controller_name = serializers.CharField(source="controller.name", default=None, allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True, help_text="When it was really held, from here")
    closed_at = serializers.DateTimeField(allow_null=True, help_text="to here.")
    improvement = serializers.CharField()
    was_worth_it = serializers.BooleanField(allow_null=True)


class MeetingChange(Body):
    """The fields to change; fields that are not sent stay the same. Another start moves the meeting."""

    objective = serializers.CharField(max_length=300, required=False, allow_blank=True)
    starts_at = serializers.DateTimeField(required=False)


class Cancellation(Body):
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class Completion(Body):
    """What an incomplete decision lacks."""

    decision = Visible("decision", Decision.objects.visible_to, by="subject__reference")
    reason = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    no_action_reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class Closing(Body):
    improvement = serializers.CharField(max_length=300, required=False, allow_blank=True)
    was_worth_it = serializers.BooleanField(required=False, allow_null=True)
    decisions = serializers.ListField(
        child=Completion(),
        max_length=200,
        required=False,
        help_text="For each incomplete decision, the reason or why no action is needed.",
    )
    mails_to = serializers.IntegerField(
        min_value=0,
        max_value=mailing.MOST_MAILS,
        required=False,
        help_text="To how many people the minutes are mailed: needed for many, and named in the refusal.",
    )


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class PersonKey(Visible):
    """A person by handle (with or without its @), id or email address."""

    def to_internal_value(self, data: Any) -> User:
        key = str(data).strip()
        self.key_field = "email" if "@" in key.removeprefix("@") else "handle"
        return super().to_internal_value(key.removeprefix("@").lower() if isinstance(data, str) else data)


class PresentPeople(Body):
    present = serializers.ListField(child=PersonKey("person", _people), max_length=500)


class Starting(Body):
    is_confirmed = serializers.BooleanField(
        required=False, help_text="Start it although this is not about its planned time."
    )


class Controlling(Body):
    to = PersonKey(
        "person", _people, required=False, help_text="Hand control to: a handle, an id, or an email."
    )
    take = serializers.BooleanField(required=False, help_text="Take control.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("to" in values) == bool(values.get("take")):
            text = 'Send {"take": true} to take control, or {"to": "handle"} to hand it over.'
            raise serializers.ValidationError({"to": [text]})
        return values


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
        "is_extra": "is_extra",
        "is_taken_over": "is_taken_over",
        "is_scribe_taken": "is_scribe_taken",
        "is_observer_taken": "is_observer_taken",
        "why": "why",
        "scribe_id": "scribe_id",
        "scribe_why": "scribe_why",
        "observer_id": "observer_id",
        "observer_why": "observer_why",
        "objective": "objective",
        "state": "state",
        "controller_id": "controller_id",
        "controller_name": "controller__name",
        "published_at": "published_at",
        "started_at": "started_at",
        "closed_at": "closed_at",
        "improvement": "improvement",
        "was_worth_it": "was_worth_it",
    }

    visible_rows = Meeting.objects

    def objects(self, request: Request) -> QuerySet:
        return queries.meetings(request.user)


class NewMeeting(Body):
    """A meeting that is added to a series, besides those of its rule."""

    series = Visible("meeting series", MeetingSeries.objects.visible_to)
    starts_at = serializers.DateTimeField()
    length_minutes = serializers.IntegerField(min_value=5, max_value=480, required=False, allow_null=True)
    objective = serializers.CharField(max_length=300, required=False, allow_blank=True)
    template = Visible(
        "agenda template",
        AgendaTemplate.objects.visible_to,
        by="name",
        required=False,
        allow_null=True,
        help_text="An id or a name. Its items are the first of the agenda.",
    )


class Meetings(_Meetings, Collection):
    """Planned and past meetings. POST adds one to a series."""

    permission = {"GET": "meetings.meeting_view", "POST": "meetings.series_change"}
    bodies = {"POST": NewMeeting}
    spec = MEETINGS

    def post(self, request: Request) -> Response:
        values = read(NewMeeting, request)
        meeting = extra.add(values.pop("series"), **values, by=self.by(request), at=clock.now())
        return self.created(request, meeting.pk, f"meetings/{meeting.reference}")


class MeetingItem(_Meetings, EditableItem):
    """A meeting, by reference or id."""

    permission = {"GET": "meetings.meeting_view", "PATCH": "meetings.meeting_run"}
    body = MeetingChange
    operation = staticmethod(operations.change)

    def new_values(self, request: Request, obj: Meeting) -> dict[str, Any]:
        """Return the new values. Another start needs the right to plan meetings."""
        values = super().new_values(request, obj)
        if "starts_at" in values:
            self.require(request, "meetings.meeting_plan", obj)
        return values


class MeetingStep(_Meetings, Step):
    is_versioned = True
    answers = {"POST": (200, MeetingRow)}


class Start(MeetingStep):
    """Start a meeting. The caller controls it. Far from its planned time this must be confirmed."""

    permission = {"POST": "meetings.meeting_run"}
    body = Starting
    operation = staticmethod(operations.start)


class Control(MeetingStep):
    """Take control of a live meeting, or hand it over."""

    permission = {"POST": "meetings.meeting_run"}
    body = Controlling
    operation = staticmethod(control.give)
    takes_version = is_versioned = False

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"to": values.get("to", request.user)}


class Attend(MeetingStep):
    """Record attendance: exactly these people are present."""

    permission = {"POST": "meetings.meeting_run"}
    body = PresentPeople
    operation = staticmethod(attendance.attend)
    takes_version = False
    is_versioned = False


class CloseMeeting(MeetingStep):
    """End a meeting. Unfinished items are carried over. Only who controls it can."""

    permission = {"POST": "meetings.meeting_run"}
    body = Closing
    operation = staticmethod(operations.close)


class AgendaPublication(Body):
    mails_to = serializers.IntegerField(
        min_value=0,
        max_value=mailing.MOST_MAILS,
        required=False,
        help_text="To how many people the agenda is mailed: needed for many, and named in the refusal.",
    )


class PublishAgenda(MeetingStep):
    """Publish the agenda of an upcoming meeting now, instead of a day before it. It is mailed once."""

    permission = {"POST": "meetings.meeting_plan"}
    body = AgendaPublication
    operation = staticmethod(agenda.publish_now)


class Cancel(MeetingStep):
    """Cancel a meeting."""

    permission = {"POST": "meetings.meeting_plan"}
    body = Cancellation
    operation = staticmethod(operations.cancel)


class Reinstate(MeetingStep):
    """Reinstate a cancelled meeting."""

    permission = {"POST": "meetings.meeting_plan"}
    operation = staticmethod(operations.reinstate)


class TakingOver(Body):
    task = serializers.ChoiceField(
        [TurnTask.FACILITATOR, TurnTask.SCRIBE],
        required=False,
        help_text="Without it, the caller facilitates. An observer's turn is taken by /observe.",
    )


class TakeOver(MeetingStep):
    """Assign the meeting to the caller as facilitator, or as scribe."""

    permission = {"POST": "meetings.meeting_take"}
    body = TakingOver
    operation = staticmethod(turn.take_over)


class Observe(MeetingStep):
    """Assign the meeting to the caller as observer."""

    permission = {"POST": "meetings.meeting_observe"}
    operation = staticmethod(partial(turn.take_over, task=TurnTask.OBSERVER))


RESOURCES: list = [
    ("meetings", Meetings),
    ("meetings/<str:key>", MeetingItem),
    ("meetings/<str:key>/publish", PublishAgenda),
    ("meetings/<str:key>/start", Start),
    ("meetings/<str:key>/control", Control),
    ("meetings/<str:key>/attendance", Attend),
    ("meetings/<str:key>/close", CloseMeeting),
    ("meetings/<str:key>/cancel", Cancel),
    ("meetings/<str:key>/reinstate", Reinstate),
    ("meetings/<str:key>/take-over", TakeOver),
    ("meetings/<str:key>/observe", Observe),
]
