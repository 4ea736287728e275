"""The API of acceptances: list those of a risk, propose one, decide on it."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from rest.fields import Body, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from risklog.filters.acceptance import ACCEPTANCES
from risklog.models import Risk
from risklog.operations import acceptance as operations
from risklog.queries import acceptance as queries
from risklog.queries import risk as risks
from risklog.states import AcceptanceState


class AcceptanceRow(serializers.Serializer):
    """A proposal to accept a risk until a date, and what was decided."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(AcceptanceState.choices)
    until = serializers.DateField(help_text="The last date, in the organisation's time zone.")
    reason = serializers.CharField(help_text="Of the proposal.")
    proposed_by_id = serializers.IntegerField(
        allow_null=True, help_text="Null for an imported acceptance, whose sheet names nobody."
    )
    proposed_by_name = serializers.CharField(source="proposed_by.name", default=None, allow_null=True)
    proposed_at = serializers.DateTimeField()
    decided_by_id = serializers.IntegerField(allow_null=True)
    decided_by_name = serializers.CharField(source="decided_by.name", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ProposeBody(Body):
    until = serializers.DateField(help_text="Within the limit that administrators set.")
    reason = serializers.CharField(max_length=5000)


class DecideBody(Body):
    is_accepted = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=5000, required=False, allow_blank=True, help_text="Required to decline."
    )


class WithdrawBody(Body):
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class _Acceptances(Nested):
    kind = "acceptance"
    serializer_class = AcceptanceRow
    columns = {
        **{name: name for name in AcceptanceRow().fields},
        "proposed_by_name": "proposed_by__name",
        "decided_by_name": "decided_by__name",
    }

    def parents(self, request: Request) -> QuerySet[Risk]:
        return risks.for_page(request.user)

    def rows(self, request: Request) -> QuerySet:
        return queries.acceptances(request.user).filter(risk=self.parent(request))


class Acceptances(_Acceptances, NestedCollection):
    """List the acceptances of a risk. POST proposes one; another person decides on it."""

    permission = {"GET": "risklog.risk_view", "POST": "risklog.risk_change"}
    bodies = {"POST": ProposeBody}
    spec = ACCEPTANCES

    def post(self, request: Request, key: str) -> Response:
        risk: Risk = self.parent(request)
        self.require(request, "risklog.risk_change", risk)
        values = read(ProposeBody, request)
        proposal = operations.propose(risk, **values, by=self.by(request), at=clock.now())
        return self.created(request, proposal.pk, f"risks/{risk.reference}/acceptances/{proposal.pk}")


class AcceptanceItem(_Acceptances, NestedItem):
    """Get one acceptance of a risk."""

    permission = {"GET": "risklog.risk_view"}


class DecideAcceptance(_Acceptances, NestedStep):
    """Accept or decline a proposal: a risk manager who neither owns the risk nor proposed it."""

    permission = {"POST": "risklog.acceptance_decide"}
    body = DecideBody
    answers = {"POST": (200, AcceptanceRow)}
    operation = staticmethod(operations.decide)
    is_versioned = True


class WithdrawAcceptance(_Acceptances, NestedStep):
    """Withdraw a proposal before it is decided: its proposer or a risk manager."""

    permission = {"POST": "risklog.acceptance_withdraw"}
    body = WithdrawBody
    answers = {"POST": (200, AcceptanceRow)}
    operation = staticmethod(operations.withdraw_proposal)
    is_versioned = True


RESOURCES: list = [
    ("risks/<str:key>/acceptances", Acceptances),
    ("risks/<str:key>/acceptances/<str:number>", AcceptanceItem),
    ("risks/<str:key>/acceptances/<str:number>/decide", DecideAcceptance),
    ("risks/<str:key>/acceptances/<str:number>/withdraw", WithdrawAcceptance),
]
