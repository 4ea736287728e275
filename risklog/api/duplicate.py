"""The API of duplicates: the likely ones of a title, and closing a risk as a duplicate."""

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from catalogue.models import Model
from lists.specification import Filter, ListSpec, Order
from rest.fields import Body, Visible
from rest.resource import Collection
from risklog.api.risk import RiskStepResource
from risklog.models import Risk
from risklog.operations import duplicate as operations
from risklog.queries import duplicate as queries
from risklog.states import RiskState

# risklog.queries.duplicate finds the rows, so the filters add no condition.
LIKELY = ListSpec(
    filters={
        "title": Filter("Title", lambda values, reader: Q(), is_many=False, help="As far as it is written."),
        "model": Filter(
            "Model",
            lambda values, reader: Q(),
            is_many=False,
            help="The slug of a model: leaves out the risks of other models.",
        ),
    },
    orders={"-likeness": Order("Likeliest first", ("-likeness", "-id"))},
    required=("title",),
)


class LikelyRow(serializers.Serializer):
    """A live risk with a similar title."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(RiskState.choices)
    severity = serializers.IntegerField(help_text="1 to 25.")
    likeness = serializers.FloatField(help_text="How alike both titles are, from 0 to 1.")


class MergeRiskBody(Body):
    into = Visible("risk", Risk.objects.visible_to, by="subject__reference", help_text="Such as R-7.")
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)


class LikelyRisks(Collection):
    """List live risks that a title may duplicate, the likeliest first. Send it before you create a risk."""

    permission = {"GET": "risklog.risk_view"}
    serializer_class = LikelyRow
    spec = LIKELY
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "title": "title",
        "state": "state",
        "severity": "severity",
        "likeness": "likeness",
    }

    def rows(self, request: Request) -> QuerySet:
        title, slug = request.query_params.get("title", ""), request.query_params.get("model")
        model = Model.objects.visible_to(request.user).filter(slug=slug).first() if slug else None
        found = queries.like(request.user, title, model=model)
        return found.none() if slug and model is None else found


class MergeRisk(RiskStepResource):
    """Close a risk as a duplicate of another one. Reopening it undoes that."""

    permission = {"POST": "risklog.risk_close"}
    body, bodies = MergeRiskBody, {"POST": MergeRiskBody}
    operation = staticmethod(operations.merge)


# Before the resources of a risk, whose addresses match every word.
RESOURCES: list = [("risks/likely", LikelyRisks), ("risks/<str:key>/merge", MergeRisk)]
