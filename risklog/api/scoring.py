"""The API of scoring together: rounds of scoring of a risk, and the scores of people in them."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from lists import filtering
from lists.specification import ListSpec, Order
from people.models import User
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep
from risklog.api.risk import RiskRow, RiskStepResource
from risklog.models import Risk, Score, ScoringRound
from risklog.operations import scoring as operations
from risklog.queries import risk as risks
from risklog.queries import scoring as queries
from risklog.states import ScoringState

_ORDERS = {"id": Order("Oldest", ("id",)), "-id": Order("Newest", ("-id",))}
# No filter reads a figure, because that would tell it before the reveal.
SCORES = ListSpec(
    filters={"round": filtering.key("Round", "round_id", "The id of a round of scoring.")}, orders=_ORDERS
)
SCORING_ROUNDS = ListSpec(
    filters={"state": filtering.choice("State", "state", ScoringState)},
    orders={name: _ORDERS[name] for name in ("-id", "id")},
)


def _figure(**kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=5, **kwargs)


def _people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user).select_related("function", "subject")


class ScoringRoundRow(serializers.Serializer):
    """A round in which people score a risk without seeing what others score."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(ScoringState.choices)
    is_residual = serializers.BooleanField(help_text="Whether they score the residual risk.")
    ends_on = serializers.DateField(help_text="The last day, in the organisation's time zone.")
    started_by_id = serializers.IntegerField(allow_null=True)
    started_by_name = serializers.CharField(source="started_by.name", default=None, allow_null=True)
    started_at = serializers.DateTimeField()
    revealed_by_id = serializers.IntegerField(allow_null=True, help_text="Null if it was revealed by itself.")
    ended_at = serializers.DateTimeField(allow_null=True)
    agreed_likelihood = serializers.IntegerField(allow_null=True)
    agreed_impact = serializers.IntegerField(allow_null=True)
    agreed_by_id = serializers.IntegerField(allow_null=True)
    agreed_at = serializers.DateTimeField(allow_null=True)
    agreed_reason = serializers.CharField()


class ScoreRow(serializers.Serializer):
    """The score of one person. Its figures and its reason are null to others until the round is revealed."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    round_id = serializers.IntegerField()
    person_id = serializers.IntegerField()
    person_name = serializers.CharField()
    function_slug = serializers.CharField(allow_null=True)
    stands_in_for_id = serializers.IntegerField(allow_null=True)
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    likelihood = serializers.IntegerField(allow_null=True)
    impact = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class StartScoringBody(Body):
    people = serializers.ListField(
        child=Visible("person", _people, by="email"),
        required=False,
        max_length=operations.MAX_PEOPLE,
        help_text="People of at least two functions. By default Riskhub proposes them.",
    )
    ends_on = serializers.DateField(help_text=f"Within {operations.MAX_DAYS} days.")
    is_residual = serializers.BooleanField(required=False)


class ScoreBody(Body):
    likelihood = _figure()
    impact = _figure()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class CancelScoringBody(Body):
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class AgreeBody(Body):
    likelihood = _figure()
    impact = _figure()
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class _OfRisk(Nested):
    """A resource below a risk."""

    def parents(self, request: Request) -> QuerySet[Risk]:
        return risks.for_page(request.user)


class _Rounds(_OfRisk):
    kind = "scoring-round"
    serializer_class = ScoringRoundRow
    columns = {
        **{name: name for name in ScoringRoundRow().fields},
        "started_by_name": "started_by__name",
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.rounds(request.user).filter(risk=self.parent(request))


class ScoringRounds(_Rounds, NestedCollection):
    """List the rounds of scoring of a risk. POST starts one and asks people to score."""

    permission = {"GET": "risklog.risk_view", "POST": "risklog.scoring_lead"}
    bodies = {"POST": StartScoringBody}
    spec = SCORING_ROUNDS

    def post(self, request: Request, key: str) -> Response:
        risk: Risk = self.parent(request)
        at = clock.now()
        self.require(request, "risklog.scoring_lead", risk)
        values = read(StartScoringBody, request)
        users = values.pop("people", None)
        if users is None:
            users = list(_people(cast(User, request.user)).filter(pk__in=queries.proposed(risk, at=at)))
        started = operations.start(risk, users=users, **values, by=self.by(request), at=at)
        return self.created(request, started.pk, f"risks/{risk.reference}/scoring-rounds/{started.pk}")


class ScoringRoundItem(_Rounds, NestedItem):
    """Get one round of scoring of a risk."""

    permission = {"GET": "risklog.risk_view"}


class _RoundStep(_Rounds, NestedStep):
    """A step of the open round, at its version."""

    permission = {"POST": "risklog.scoring_lead"}
    answers = {"POST": (200, ScoringRoundRow)}
    is_versioned = True

    def asked_of(self, obj: ScoringRound) -> Risk:
        return obj.risk

    def acted_on(self, obj: ScoringRound) -> Risk:
        return obj.risk


class RevealScoring(_RoundStep):
    """Reveal the scores that were given. No further score can be given then."""

    operation = staticmethod(operations.reveal)


class CancelScoring(_RoundStep):
    """End a round without revealing what was scored."""

    body = CancelScoringBody
    operation = staticmethod(operations.cancel)


class Scores(_OfRisk, NestedCollection):
    """List the scores of a risk. POST gives your own score, or changes it until the reveal."""

    kind = "score"
    serializer_class = ScoreRow
    takes_if_match = True
    permission = {"GET": "risklog.risk_view", "POST": "risklog.score_give"}
    bodies = {"POST": ScoreBody}
    spec = SCORES
    columns = {
        "id": "id",
        "version": "version",
        "round_id": "round_id",
        "person_id": "user_id",
        "person_name": "user__name",
        "function_slug": "function__slug",
        "stands_in_for_id": "stands_in_for_id",
        "asked_at": "asked_at",
        "answered_at": "answered_at",
        **{f"shown_{name}": f"shown_{name}" for name in queries.SEALED},
    }

    def rows(self, request: Request) -> QuerySet:
        return queries.scores(request.user).filter(round__risk=self.parent(request))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Return the rows with the names of the answer: what the reader may know is the figure."""
        for row in found:
            row |= {name: row.pop(f"shown_{name}") for name in queries.SEALED}
        return found

    def post(self, request: Request, key: str) -> Response:
        risk: Risk = self.parent(request)
        values = read(ScoreBody, request)
        own: Score | None = queries.own_open(risk, cast(User, request.user))
        seen = self.seen_if_sent(request, own)
        given = operations.score(risk, **values, by=self.by(request), at=clock.now(), seen=seen)
        return self.created(request, given.pk, f"risks/{risk.reference}/scores?round={given.round_id}")


class TakeScoreOver(RiskStepResource):
    """Take the agreed score of the latest revealed round over into the risk."""

    permission = {"POST": "risklog.scoring_lead"}
    body = AgreeBody
    operation = staticmethod(operations.agree)
    answers = {"POST": (200, RiskRow)}


RESOURCES: list = [
    ("risks/<str:key>/scores", Scores),
    ("risks/<str:key>/scores/agree", TakeScoreOver),
    ("risks/<str:key>/scoring-rounds", ScoringRounds),
    ("risks/<str:key>/scoring-rounds/<str:number>", ScoringRoundItem),
    ("risks/<str:key>/scoring-rounds/<str:number>/reveal", RevealScoring),
    ("risks/<str:key>/scoring-rounds/<str:number>/cancel", CancelScoring),
]
