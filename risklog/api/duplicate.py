"""The API of duplicates: the likely ones of a title, and closing a risk as a duplicate."""

from typing import Any, cast

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from kit import clock
from lists.specification import Filter, ListSpec, Order
from people.models import User
from rest.fields import Body, Visible, read
from rest.resource import Collection
from risklog.api.risk import RiskRow, RiskStepResource
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


def _visible_risks(user: User) -> QuerySet:
    return Risk.objects.visible_to(user).select_related("subject")


class LikelyRow(serializers.Serializer):
    """A live risk with a similar title."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(RiskState.choices)
    severity = serializers.IntegerField(help_text="1 to 25.")
    likeness = serializers.FloatField(help_text="How alike both titles are, from 0 to 1.")


class MergeRiskBody(Body):
    into = Visible("risk", _visible_risks, by="subject__reference", help_text="Such as R-7.")
    reason = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    dry_run = serializers.BooleanField(
        required=False, help_text="Write nothing, and answer the risk as it is, with the effect of the merge."
    )


class MergeEffect(serializers.Serializer):
    """What closing a risk as a duplicate does, as far as you may know it."""

    comments = serializers.IntegerField(help_text="Comments that stay on the duplicate.")
    files = serializers.IntegerField(help_text="Files that stay on the duplicate.")
    actions = serializers.IntegerField(help_text="Unfinished actions that stay on the duplicate.")
    watchers = serializers.IntegerField(help_text="People who will watch the other risk, too.")
    withdrawn_reviews = serializers.ListField(
        child=serializers.CharField(), help_text="References of the open reviews about it."
    )
    is_escalated = serializers.BooleanField(help_text="Its escalation is resolved.")
    has_acceptance = serializers.BooleanField(help_text="An acceptance, or a proposal of one, ends.")
    is_scored = serializers.BooleanField(help_text="An open round of scoring is cancelled.")
    open_breaches = serializers.ListField(
        child=serializers.CharField(),
        help_text="References of the open breaches of its metric, which the other risk does not have.",
    )
    is_narrower = serializers.BooleanField(help_text="Some readers of it may not see the other risk.")


class MergedRiskRow(RiskRow):
    """A risk, with the effect of its merge."""

    merge_effect = MergeEffect(allow_null=True, default=None, help_text="Of a dry run, else null.")


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
    """Close a risk as a duplicate of another one. Reopening it undoes that.

    With dry_run, only answer what that would do.
    """

    permission = {"POST": "risklog.risk_close"}
    body = MergeRiskBody
    answers = {"POST": (200, MergedRiskRow)}

    def post(self, request: Request, key: str) -> Response:
        risk = self.found(request, key)
        self.require(request, self.permission["POST"], risk)
        seen, values = self.seen(request, risk), read(MergeRiskBody, request)
        effect = None
        if values.pop("dry_run", False):
            operations.check(risk, values["into"])
            preview = queries.preview(cast(User, request.user), risk, values["into"])
            effect = MergeEffect(_as_effect(preview)).data
        else:
            operations.merge(risk, **values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, risk.pk, body={**self.one(request, str(risk.pk)), "merge_effect": effect})


def _as_effect(preview: queries.MergePreview) -> dict[str, Any]:
    same = ("comments", "files", "actions", "watchers", "is_escalated", "has_acceptance", "is_scored")
    return {
        **{name: getattr(preview, name) for name in same},
        "withdrawn_reviews": [review.reference for review in preview.reviews],
        "open_breaches": [breach.group.reference for breach in preview.breaches],
        "is_narrower": preview.is_narrower,
    }


# Before the resources of a risk, whose addresses match every word.
RESOURCES: list = [("risks/likely", LikelyRisks), ("risks/<str:key>/merge", MergeRisk)]
