"""The API of revealing who escalated something anonymously: ask, confirm, decline, and the requests."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from people.models import User
from rest.resource import Item
from rest.steps import Step
from risklog.api.escalation import EscalationRow, ReasonBody
from risklog.models import Escalation
from risklog.operations import reveal as operations
from risklog.queries import escalation as escalations
from risklog.queries import reveal as queries
from risklog.states import RevealState


class RevealRow(serializers.Serializer):
    """A request of one administrator, which another one confirms or declines."""

    state = serializers.ChoiceField(RevealState.choices)
    reason = serializers.CharField()
    asked_by_id = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="When it lapses.")
    decided_by_id = serializers.IntegerField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class RevealedPerson(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class RevealsRow(serializers.Serializer):
    """Requests to reveal who escalated something anonymously, newest first."""

    is_unnamed = serializers.BooleanField(help_text="Whether somebody escalated it anonymously.")
    requests = RevealRow(many=True)
    escalated_by = RevealedPerson(
        many=True, help_text="Empty, except for the two administrators of a confirmed request."
    )


class _Reveals(Item):
    kind = "escalation"
    serializer_class = EscalationRow
    columns = {"id": "id", "version": "version", "reference": "subject__reference"}

    def rows(self, request: Request) -> QuerySet:
        return Escalation.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return escalations.escalations(request.user)

    def answer(self, request: Request, key: Any, status: int = 200, body: Any = None) -> Response:
        """Return the requests about the escalation, with the ETag of the escalation."""
        escalation = self.found(request, str(key))
        found = queries.of_escalation(escalation)
        row = {
            "is_unnamed": queries.is_unnamed(escalation),
            "requests": found,
            "escalated_by": queries.names_for(cast(User, request.user), found),
        }
        tag = super().answer(request, escalation.pk)["ETag"]
        return Response(RevealsRow(row).data, status=status, headers={"ETag": tag})


class EscalationReveals(_Reveals):
    """Get the requests to reveal who escalated it anonymously."""

    permission = {"GET": "risklog.escalation_reveal"}
    answers = {"GET": (200, RevealsRow)}


class _RevealStep(_Reveals, Step):
    permission = {"POST": "risklog.escalation_reveal"}
    answers = {"POST": (200, RevealsRow)}
    is_versioned = True


class AskReveal(_RevealStep):
    """Ask to reveal who escalated it. Another administrator decides within two days."""

    body = ReasonBody
    operation = staticmethod(operations.ask)


class ConfirmReveal(_RevealStep):
    """Confirm the request of another administrator. Both then see the name, and the person is told."""

    body = None
    operation = staticmethod(operations.confirm)


class DeclineReveal(_RevealStep):
    """Decline a request, with the reason."""

    body = ReasonBody
    operation = staticmethod(operations.decline)


RESOURCES: list = [
    ("escalations/<str:key>/reveals", EscalationReveals),
    ("escalations/<str:key>/reveals/ask", AskReveal),
    ("escalations/<str:key>/reveals/confirm", ConfirmReveal),
    ("escalations/<str:key>/reveals/decline", DeclineReveal),
]
