"""The API of minutes: read them as a reader may see them, correct them, and take the follow-ups."""

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from meetings.api.meeting import MeetingStep, _Meetings
from meetings.models import Meeting
from meetings.operations import minutes as operations
from meetings.queries import agenda as agendas
from meetings.queries import minutes as queries
from people.models import User
from rest.fields import Body, read
from rest.resource import Item


class MinutesAction(serializers.Serializer):
    reference = serializers.CharField()
    title = serializers.CharField()
    owner_name = serializers.CharField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    state = serializers.CharField()


class MinutesDecision(serializers.Serializer):
    reference = serializers.CharField()
    text = serializers.CharField()
    reason = serializers.CharField()
    no_action_reason = serializers.CharField()
    about_reference = serializers.CharField(allow_null=True)
    actions = MinutesAction(many=True)


class MinutesRisk(serializers.Serializer):
    """A risk that was recorded in the meeting."""

    reference = serializers.CharField()
    title = serializers.CharField()
    level = serializers.IntegerField(help_text="1 to 5, as it is now.")
    owner_name = serializers.CharField(allow_null=True)
    state = serializers.CharField()


class MinutesItem(serializers.Serializer):
    """An item. A restricted one has only its length."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    is_restricted = serializers.BooleanField()
    reference = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    minutes = serializers.IntegerField(help_text="Planned.")
    minutes_spent = serializers.IntegerField()
    times_carried = serializers.IntegerField(help_text="With this meeting, if it was carried over here.")
    notes = serializers.CharField(help_text="As written, in Markdown.")


class SettledItem(serializers.Serializer):
    """An item that was settled before the meeting. Restricted ones are left out."""

    title = serializers.CharField()
    reference = serializers.CharField(allow_null=True)
    settled_by_name = serializers.CharField(allow_null=True)


class CorrectionRow(serializers.Serializer):
    text = serializers.CharField()
    made_by_name = serializers.CharField()
    made_at = serializers.DateTimeField()


class MinutesHandover(serializers.Serializer):
    to_id = serializers.IntegerField(allow_null=True)
    to_name = serializers.CharField(allow_null=True)
    taken_at = serializers.DateTimeField(allow_null=True)
    follow_ups = MinutesAction(many=True)


class MinutesAnswer(serializers.Serializer):
    """The minutes of a meeting, as you may see them."""

    reference = serializers.CharField()
    version = serializers.IntegerField(help_text="Of the meeting.")
    state = serializers.CharField()
    started_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    present = serializers.ListField(child=serializers.CharField(), help_text="The names of who was present.")
    decisions = MinutesDecision(many=True)
    agreed = MinutesAction(many=True, help_text="Actions without a decision.")
    raised = MinutesRisk(many=True, help_text="Risks that were recorded in the meeting.")
    items = MinutesItem(many=True)
    parked = MinutesItem(many=True, help_text="Of the backlog: parked, or without room. number is 0.")
    settled = SettledItem(many=True, help_text="Agreed before the meeting.")
    corrections = CorrectionRow(many=True)
    handover = MinutesHandover(allow_null=True, help_text="null before the end.")


class CorrectionBody(Body):
    text = serializers.CharField(max_length=operations.MAX_CORRECTION)


class MinutesOfMeeting(_Meetings, Item):
    """The minutes of a meeting that was started. POST adds a visible correction after its end."""

    permission = {"GET": "meetings.meeting_view", "POST": "meetings.meeting_run"}
    bodies = {"POST": CorrectionBody}
    answers = {"GET": (200, MinutesAnswer), "POST": (201, MinutesAnswer)}

    def get(self, request: Request, key: str) -> Response:
        meeting = self.found(request, key)
        if meeting.started_at is None:
            raise Http404
        return Response(_answer(meeting, _sender(request)))

    def post(self, request: Request, key: str) -> Response:
        meeting = self.found(request, key)
        self.require(request, "meetings.meeting_run", meeting)
        values = read(CorrectionBody, request)
        operations.correct(meeting, **values, by=self.by(request), at=clock.now())
        return Response(_answer(meeting, _sender(request)), status=201)


class TakeHandover(MeetingStep):
    """Take the open follow-ups of a closed meeting. You watch them from then on."""

    permission = {"POST": "meetings.meeting_run"}
    operation = staticmethod(operations.take)


def _sender(request: Request) -> User:
    assert isinstance(request.user, User)  # the permission needs a person
    return request.user


def _answer(meeting: Meeting, user: User) -> dict[str, Any]:
    shown, handed = queries.minutes(meeting, user), queries.handover(meeting, user)
    return {
        "reference": meeting.reference,
        "version": meeting.version,
        "state": meeting.state,
        "started_at": shown.held_from,
        "closed_at": shown.held_until,
        "present": [one.user.name for one in shown.attended],
        "decisions": [_decision(one) for one in shown.decided],
        "agreed": [_action(one.action) for one in shown.agreed],
        "raised": [_risk(one) for one in shown.raised],
        "items": [_item(line) for line in shown.lines],
        "parked": [_item(line) for line in shown.parked],
        "settled": [_settled(line) for line in shown.settled],
        "corrections": [
            {"text": one.text, "made_by_name": one.made_by.name, "made_at": one.made_at}
            for one in shown.corrections
        ],
        "handover": _handover(handed) if handed else None,
    }


def _decision(one: queries.DecisionInMinutes) -> dict[str, Any]:
    decision: Any = one.decision
    about = decision.shown_about
    return {
        "reference": decision.reference,
        "text": decision.text,
        "reason": decision.reason,
        "no_action_reason": decision.no_action_reason,
        "about_reference": about.reference if about else None,
        "actions": [_action(action) for action in one.actions],
    }


def _action(action: Any) -> dict[str, Any]:
    return {
        "reference": action.reference,
        "title": action.title,
        "owner_name": action.owner.name if action.owner else None,
        "due_on": action.due_on,
        "state": action.state,
    }


def _risk(one: queries.RiskInMinutes) -> dict[str, Any]:
    risk = one.risk
    return {
        "reference": risk.reference,
        "title": risk.title,
        "level": one.level,
        "owner_name": risk.owner.name if risk.owner else None,
        "state": risk.state,
    }


def _item(line: agendas.Line) -> dict[str, Any]:
    item = line.item
    return {
        "number": line.number,
        "title": line.title,
        "is_restricted": line.is_hidden,
        "reference": line.subject.reference if line.subject else None,
        "state": "" if line.is_hidden else item.state,
        "outcome": "" if line.is_hidden else item.outcome,
        "minutes": item.minutes,
        "minutes_spent": line.spent_minutes,
        "times_carried": line.times_carried,
        "notes": line.notes,
    }


def _settled(line: agendas.Line) -> dict[str, Any]:
    by = line.item.settled_by
    return {
        "title": line.title,
        "reference": line.subject.reference if line.subject else None,
        "settled_by_name": by.name if by else None,
    }


def _handover(handed: queries.OpenFollowUps) -> dict[str, Any]:
    return {
        "to_id": handed.to.pk if handed.to else None,
        "to_name": handed.to.name if handed.to else None,
        "taken_at": handed.taken_at,
        "follow_ups": [_action(action) for action in handed.follow_ups],
    }


RESOURCES: list = [
    ("meetings/<str:key>/minutes", MinutesOfMeeting),
    ("meetings/<str:key>/handover", TakeHandover),
]
