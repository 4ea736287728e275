"""API resources of the rotation of a series: its plan with the balance, and swaps of turns."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.filters import SWAPS
from meetings.models import Meeting, MeetingSeries, Swap
from meetings.operations import swap as operations
from meetings.queries import series as queries
from meetings.queries import swap as swaps
from meetings.states import SwapState, TurnTask
from people.models import User
from rest import keys
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from rest.resource import ApiView


class PlannedTurnRow(serializers.Serializer):
    """An upcoming meeting with its turns, and why they are."""

    meeting = serializers.CharField(source="reference")
    starts_at = serializers.DateTimeField()
    state = serializers.CharField()
    focus_id = serializers.IntegerField(allow_null=True)
    facilitator_id = serializers.IntegerField(allow_null=True)
    function_id = serializers.IntegerField(source="facilitator.function_id", default=None, allow_null=True)
    stand_in_id = serializers.IntegerField(allow_null=True)
    why = serializers.CharField()
    is_taken_over = serializers.BooleanField()
    is_scribe_taken = serializers.BooleanField()
    is_observer_taken = serializers.BooleanField()
    scribe_id = serializers.IntegerField(allow_null=True)
    scribe_why = serializers.CharField()
    observer_id = serializers.IntegerField(allow_null=True)
    observer_why = serializers.CharField()


class PersonTurnsRow(serializers.Serializer):
    """The turns of a person in the past year and in the plan."""

    person_id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.name")
    function_id = serializers.IntegerField(source="person.function_id", allow_null=True)
    turns = serializers.IntegerField()


class FunctionTurnsRow(serializers.Serializer):
    """The turns of a function, and the least and the most of one of its people."""

    function_id = serializers.IntegerField(source="function.pk")
    turns = serializers.IntegerField()
    least = serializers.IntegerField()
    most = serializers.IntegerField()


class RotationRow(serializers.Serializer):
    """The plan of a series, and how evenly its turns are shared."""

    meetings = PlannedTurnRow(many=True)
    people = PersonTurnsRow(many=True, source="shares")
    functions = FunctionTurnsRow(many=True)
    differ_by = serializers.IntegerField(
        help_text="The greatest difference between the turns of two people of one function."
    )


def _visible_series(request: Request) -> QuerySet[MeetingSeries]:
    return MeetingSeries.objects.visible_to(request.user).select_related("subject")


class RotationOfSeries(ApiView):
    """The upcoming meetings of a series with their turns, and the balance."""

    permission = {"GET": "meetings.meeting_view"}
    answers = {"GET": (200, RotationRow)}

    def get(self, request: Request, key: str) -> Response:
        series = get_object_or_404(_visible_series(request), **keys.lookup(key))
        plan = queries.ahead(series, request.user, clock.now())
        return Response(RotationRow(plan).data)


class SwapRow(serializers.Serializer):
    """A request to take a turn, in return for another one or for none."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    meeting_reference = serializers.CharField()
    task = serializers.ChoiceField(TurnTask.choices)
    in_return_reference = serializers.CharField(allow_null=True)
    asked_by_id = serializers.IntegerField()
    asked_id = serializers.IntegerField()
    note = serializers.CharField()
    answer = serializers.CharField()
    state = serializers.ChoiceField(SwapState.choices)
    asked_at = serializers.DateTimeField()


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class NewSwap(Body):
    """A request of the facilitator, the scribe or the observer of a meeting."""

    meeting = Visible("meeting", Meeting.objects.visible_to, by="subject__reference")
    asked = Visible("person", _people, by="email")
    in_return = Visible(
        "meeting",
        Meeting.objects.visible_to,
        by="subject__reference",
        required=False,
        allow_null=True,
        help_text="A meeting in which the asked person has the same task, and which the caller takes.",
    )
    task = serializers.ChoiceField(
        TurnTask.choices,
        required=False,
        help_text="Which turn; needed only if the caller has several in this meeting.",
    )
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class SwapAnswer(Body):
    answer = serializers.CharField(max_length=300, required=False, allow_blank=True)


class _Swaps(Nested):
    kind = "swap"
    serializer_class = SwapRow
    columns = {
        "id": "id",
        "version": "version",
        "meeting_reference": "meeting__subject__reference",
        "task": "task",
        "in_return_reference": "in_return__subject__reference",
        "asked_by_id": "asked_by_id",
        "asked_id": "asked_id",
        "note": "note",
        "answer": "answer",
        "state": "state",
        "asked_at": "asked_at",
    }

    def parents(self, request: Request) -> QuerySet[MeetingSeries]:
        return _visible_series(request)

    def rows(self, request: Request) -> QuerySet:
        return Swap.objects.visible_to(request.user).filter(meeting__series=self.parent(request))

    def objects(self, request: Request) -> QuerySet:
        return swaps.swaps(request.user).filter(meeting__series=self.parent(request))


class Swaps(_Swaps, NestedCollection):
    """The swaps of a series."""

    permission = {"GET": "meetings.meeting_view", "POST": "meetings.swap_ask"}
    bodies = {"POST": NewSwap}
    spec = SWAPS

    def post(self, request: Request, key: str) -> Response:
        series: MeetingSeries = self.parent(request)
        values = read(NewSwap, request)
        meeting = values.pop("meeting")
        if meeting.series_id != series.pk:
            raise serializers.ValidationError({"meeting": ["Choose a meeting of this series."]})
        self.require(request, "meetings.swap_ask", meeting)
        swap = operations.ask(meeting, **values, by=self.by(request), at=clock.now())
        return self.created(request, swap.pk, f"meeting-series/{series.pk}/swaps/{swap.pk}")


class SwapItem(_Swaps, NestedItem):
    """A swap of a series, by id."""

    permission = {"GET": "meetings.meeting_view"}


class _SwapStep(_Swaps, NestedStep):
    """A step of one swap, at the version that If-Match names."""

    permission = {"POST": "meetings.swap_answer"}
    answers = {"POST": (200, SwapRow)}
    is_versioned = True


class AcceptSwap(_SwapStep):
    """Accept a swap: the turns are exchanged."""

    operation = staticmethod(operations.accept)


class DeclineSwap(_SwapStep):
    """Decline a swap."""

    body = SwapAnswer
    operation = staticmethod(operations.decline)


class WithdrawSwap(_SwapStep):
    """Withdraw one's own swap."""

    operation = staticmethod(operations.withdraw)


RESOURCES: list = [
    ("meeting-series/<str:key>/rota", RotationOfSeries),
    ("meeting-series/<str:key>/swaps", Swaps),
    ("meeting-series/<str:key>/swaps/<str:number>", SwapItem),
    ("meeting-series/<str:key>/swaps/<str:number>/accept", AcceptSwap),
    ("meeting-series/<str:key>/swaps/<str:number>/decline", DeclineSwap),
    ("meeting-series/<str:key>/swaps/<str:number>/withdraw", WithdrawSwap),
]
