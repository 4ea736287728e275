"""The API of sponsors: what waits for them, their answers, and the hours that they allot."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from actions.models import Action
from kit import clock
from leaders.filters import ALLOTMENTS, PROPOSED, RAISED
from leaders.models import MAX_HOURS, Allotment
from leaders.operations import allotment, answer
from leaders.queries.waiting import acceptances_for, raised_to
from leaders.states import SponsorAnswer
from people.models import Team
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class RaisedRow(serializers.Serializer):
    """A blocked action that waits for an answer of its sponsor."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    blocker = serializers.CharField()
    blocked_by = serializers.CharField()
    raised_at = serializers.DateTimeField(allow_null=True)
    state = serializers.CharField()


class SponsorAnswerBody(Body):
    answer = serializers.ChoiceField(SponsorAnswer.choices)
    text = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Required unless it goes on."
    )


class _Raised(Resource):
    kind = "action"
    serializer_class = RaisedRow
    columns = {
        **{name: name for name in RaisedRow().fields if name != "reference"},
        "reference": "subject__reference",
    }

    def rows(self, request: Request) -> QuerySet:
        return Action.objects.visible_to(request.user).filter(raised_to__isnull=False)

    def objects(self, request: Request) -> QuerySet:
        rows = Action.objects.visible_to(request.user).filter(raised_at__isnull=False)
        return rows.select_related("subject", "owner", "raised_to")


class RaisedToMe(_Raised, Collection):
    """The blocked actions that wait for your answer, because they were raised to you as the sponsor."""

    permission = {"GET": "leaders.executive_view"}
    spec = RAISED

    def rows(self, request: Request) -> QuerySet:
        return raised_to(self.by(request).person).select_related(None).order_by()


class AnswerRaised(_Raised, Step):
    """Answer a blocked action: it goes on, stays blocked for now, or is dropped."""

    is_versioned = True
    permission = {"POST": "leaders.answer"}
    body = SponsorAnswerBody
    answers = {"POST": (200, RaisedRow)}
    operation = staticmethod(answer.give)

    def rows(self, request: Request) -> QuerySet:
        return Action.objects.visible_to(request.user)


class ProposedAcceptanceRow(serializers.Serializer):
    """A proposed acceptance of a risk that waits for a decision."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    risk_reference = serializers.CharField()
    risk_title = serializers.CharField()
    until = serializers.DateField()
    reason = serializers.CharField()
    proposed_by_id = serializers.IntegerField(allow_null=True)
    proposed_at = serializers.DateTimeField()


class AcceptancesForMe(Collection):
    """The proposed acceptances on which you may decide, by `/risks/{reference}/acceptances/{id}/decide`."""

    kind = "acceptance"
    serializer_class = ProposedAcceptanceRow
    permission = {"GET": "leaders.executive_view"}
    spec = PROPOSED
    columns: dict[str, Any] = {
        **{name: name for name in ProposedAcceptanceRow().fields},
        "risk_reference": "risk__subject__reference",
        "risk_title": "risk__title",
    }

    def rows(self, request: Request) -> QuerySet:
        return acceptances_for(request.user).select_related(None).order_by()


class AllotmentRow(serializers.Serializer):
    """How many hours a month a sponsor allots to risk work."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    sponsor_id = serializers.IntegerField()
    team_slug = serializers.CharField(allow_null=True, help_text="null: of the whole organisation.")
    hours = serializers.IntegerField()
    set_at = serializers.DateTimeField()


class AllotmentBody(Body):
    hours = serializers.IntegerField(min_value=0, max_value=MAX_HOURS)
    team = Visible(
        "team",
        Team.objects.visible_to,
        required=False,
        allow_null=True,
        help_text="A slug. Without a team the hours are for the whole organisation.",
    )


class Allotments(Collection):
    """The hours a month that sponsors allot to risk work. POST sets your own."""

    kind = "allotment"
    serializer_class = AllotmentRow
    permission = {"GET": "leaders.allotment_view", "POST": "leaders.allotment_set"}
    bodies = {"POST": AllotmentBody}
    spec = ALLOTMENTS
    columns: dict[str, Any] = {
        **{name: name for name in AllotmentRow().fields if name != "team_slug"},
        "team_slug": "team__slug",
    }

    def rows(self, request: Request) -> QuerySet:
        return Allotment.objects.visible_to(request.user)

    def post(self, request: Request) -> Response:
        found = allotment.put(**read(AllotmentBody, request), by=self.by(request), at=clock.now())
        return self.created(request, found.pk, "allotments")


RESOURCES: list = [
    ("executive/raised", RaisedToMe),
    ("executive/raised/<str:key>/answer", AnswerRaised),
    ("executive/acceptances", AcceptancesForMe),
    ("allotments", Allotments),
]
