"""The API of risks: list, get, create, change, and a POST for each step."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.queries import seen_by, tell
from kit import clock
from kit.actor import Actor
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, read
from rest.resource import Collection, Resource
from rest.steps import Step
from risklog.api.risk_bodies import (
    AcceptRiskBody,
    CloseRiskBody,
    MonitorRiskBody,
    NewRisk,
    ReopenRiskBody,
    RestrictRiskBody,
    RiskChange,
    RiskEvidenceBody,
    RiskOfBreachBody,
    RiskOfPatternBody,
    RiskReasonBody,
    TreatRiskBody,
    UndoRiskBody,
)
from risklog.filters.risk import RISKS
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.operations import risk as operations
from risklog.operations import risk_bulk_undo
from risklog.operations.risk_from_pattern import add_from_pattern
from risklog.operations.risk_upsert import upsert
from risklog.queries import risk as queries
from risklog.queries.risk_export import RISK_EXPORT
from risklog.states import STATEMENT, RiskState, Treatment
from signals.states import PATTERN_DAYS


class RiskRow(serializers.Serializer):
    """A risk."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField(help_text="Markdown.")
    cause = serializers.CharField(help_text=STATEMENT["cause"])
    event = serializers.CharField(help_text=STATEMENT["event"])
    effect = serializers.CharField(help_text=STATEMENT["effect"])
    affected = serializers.CharField(help_text=STATEMENT["affected"])
    category_id = serializers.IntegerField()
    category_slug = serializers.CharField(source="category.slug")
    model_id = serializers.IntegerField(allow_null=True, help_text="Also null if you may not see the model.")
    model_slug = serializers.CharField(source="model.slug", default=None, allow_null=True)
    feature = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    team_id = serializers.IntegerField(allow_null=True)
    team_slug = serializers.CharField(source="team.slug", default=None, allow_null=True)
    owner_id = serializers.IntegerField(allow_null=True)
    owner_name = serializers.CharField(source="owner.name", default=None, allow_null=True)
    raised_by_id = serializers.IntegerField(allow_null=True, help_text="Also null if reported anonymously.")
    likelihood = serializers.IntegerField(min_value=1, max_value=5)
    impact = serializers.IntegerField(min_value=1, max_value=5)
    residual_likelihood = serializers.IntegerField(allow_null=True)
    residual_impact = serializers.IntegerField(allow_null=True)
    severity = serializers.IntegerField(
        help_text="1 to 25: residual likelihood x impact if assessed, else likelihood x impact."
    )
    level = serializers.SerializerMethodField(
        help_text="From 1 (lowest) to 5 (highest), from the cell of the matrix in force (/risk-matrix)."
    )
    state = serializers.ChoiceField(RiskState.choices)
    treatment = serializers.ChoiceField([*Treatment.choices, ""])
    review_on = serializers.DateField(allow_null=True, help_text="Date of the next review.")
    confirmations = serializers.IntegerField()
    plan_due_on = serializers.DateField(
        allow_null=True,
        help_text="Date by which it needs a treatment plan: it is above the appetite.",
    )
    accepted_until = serializers.DateField(allow_null=True)
    acceptance_reason = serializers.CharField()
    closing_evidence = serializers.CharField()
    merged_into_id = serializers.IntegerField(
        allow_null=True,
        help_text="The risk that it was closed as a duplicate of. Null if you may not see that.",
    )
    merged_into_reference = serializers.CharField(
        source="merged_into.reference", default=None, allow_null=True
    )
    is_duplicate = serializers.SerializerMethodField()
    breach_group_id = serializers.IntegerField(allow_null=True)
    series_id = serializers.IntegerField(allow_null=True)
    is_restricted = serializers.SerializerMethodField()
    external_id = serializers.CharField(help_text="Its key in another tool, empty without.")
    opened_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_level(self, risk: Risk) -> int:
        return present_matrix().level(*risk.cell)

    def get_is_duplicate(self, risk: Risk) -> bool:
        return risk.merged_into_id is not None

    def get_is_restricted(self, risk: Risk) -> bool:
        return risk.subject.viewers is not None


class _Risks(Resource):
    kind = "risk"
    serializer_class = RiskRow
    columns = {
        **{name: name for name in RiskRow().fields if name != "level"},
        "reference": "subject__reference",
        "category_slug": "category__slug",
        "model_slug": "model__slug",
        "team_slug": "team__slug",
        "owner_name": "owner__name",
        "merged_into_reference": "merged_into__subject__reference",
    }

    visible_rows = Risk.objects

    def as_values(self, rows: QuerySet) -> QuerySet:
        return rows.values(*_DIRECT, **_RENAMED)

    def objects(self, request: Request) -> QuerySet:
        return queries.for_page(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Add the level. Hide the model, and the other risk of a duplicate, if the reader may not see it."""
        matrix = present_matrix()
        for row in rows:
            row["level"] = matrix.level(*queries.cell_of(row))
        tell(request.user, rows, "merged_into")
        return queries.masked(rows, request.user, "model_id", "model_slug")


_RENAMED = {
    **{name: F(path) for name, path in _Risks.columns.items() if name != path},
    "is_restricted": Q(subject__viewers__isnull=False),
    "is_duplicate": Q(merged_into__isnull=False),
    **seen_by("model", "model__subject"),
    **seen_by("merged_into", "merged_into__subject"),
}
_DIRECT = [name for name in _Risks.columns if name not in _RENAMED]


class Risks(_Risks, Collection):
    """List risks, closed ones included.

    POST creates a risk. With the external id of a risk it changes that risk, and answers 200.
    Without If-Match the sender is the source of the values, which replace those of others.
    With If-Match another version is refused.
    """

    takes_if_match = True

    permission = {"GET": "risklog.risk_view", "POST": "risklog.risk_add"}
    bodies = {"POST": NewRisk}
    spec = RISKS

    def post(self, request: Request) -> Response:
        values = read(NewRisk, request)
        teams = values.pop("only_teams", None)
        values["viewers"] = [team.subject_id for team in teams] if teams else None
        by, at = self.by(request), clock.now()
        if values.get("external_id"):
            sent = {name: value for name, value in values.items() if name in {*request.data, "viewers"}}
            risk, is_new = upsert(sent, by=by, at=at, seen=lambda risk: self.seen_if_sent(request, risk))
            if not is_new:
                return self.answer(request, risk.pk)
        else:
            risk = operations.add(**values, by=by, at=at)
        return self.created(request, risk, f"risks/{risk.reference}")


class RiskExport(ExportOfList):
    """Export risks, closed ones included, as a file."""

    permission = {"GET": "risklog.risk_view"}
    export = RISK_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Risk.objects.visible_to(request.user)


class RiskOfBreach(_Risks):
    """Create a risk from a breach and its evidence, or return the live risk of the breach."""

    permission = {"POST": "risklog.risk_add"}
    bodies = {"POST": RiskOfBreachBody}
    answers = {"POST": (201, RiskRow)}

    def post(self, request: Request) -> Response:
        values = read(RiskOfBreachBody, request)
        risk = operations.add_from_breach(
            values["breach"], category=values.get("category"), by=self.by(request), at=clock.now()
        )
        return self.created(request, risk.pk, f"risks/{risk.reference}")


class RiskOfPattern(_Risks):
    """Create a risk from a pattern of `/patterns` and its evidence, or return its live risk."""

    permission = {"POST": "risklog.risk_add"}
    bodies = {"POST": RiskOfPatternBody}
    answers = {"POST": (201, RiskRow)}

    def post(self, request: Request) -> Response:
        values = read(RiskOfPatternBody, request)
        days = values.get("days", PATTERN_DAYS)
        risk, _ = add_from_pattern(values["pattern"], days=days, by=self.by(request), at=clock.now())
        return self.created(request, risk.pk, f"risks/{risk.reference}")


class RiskItem(_Risks, EditableItem):
    """Get a risk by reference or number."""

    permission = {"GET": "risklog.risk_view", "PATCH": "risklog.risk_change"}
    body = RiskChange
    operation = staticmethod(operations.change)


class RiskStepResource(_Risks, Step):
    is_versioned = True
    permission = {"POST": "risklog.risk_change"}
    body: ClassVar[type[Body]] = RiskReasonBody
    answers = {"POST": (200, RiskRow)}


class AssessRisk(RiskStepResource):
    """Start assessing a risk."""

    operation = staticmethod(operations.assess)


class TreatRisk(RiskStepResource):
    """Start treating a risk."""

    body = TreatRiskBody
    operation = staticmethod(operations.treat)


class MonitorRisk(RiskStepResource):
    """Monitor a risk. After treatment the residual risk is required."""

    body = MonitorRiskBody
    operation = staticmethod(operations.monitor)


class AcceptRisk(RiskStepResource):
    """Accept a risk as somebody else proposed it (POST /risks/{key}/acceptances).

    Only a risk manager can who neither owns the risk nor proposed it.
    """

    permission = {"POST": "risklog.risk_accept"}
    body = AcceptRiskBody
    operation = staticmethod(operations.accept)


class CloseRisk(RiskStepResource):
    """Close a risk, with the evidence that it is resolved."""

    permission = {"POST": "risklog.risk_close"}
    body = CloseRiskBody
    operation = staticmethod(operations.close)


class ReopenRisk(RiskStepResource):
    """Reopen a risk."""

    body = ReopenRiskBody
    operation = staticmethod(operations.reopen)


class ReconfirmRisk(RiskStepResource):
    """Reconfirm that a risk still applies: only the date of its next review changes."""

    body = RiskEvidenceBody
    operation = staticmethod(operations.reconfirm)


class UndoRisk(RiskStepResource):
    """Undo your change or step of a risk: restore the values that nobody has changed since."""

    is_versioned, takes_version = False, False
    body = UndoRiskBody

    @staticmethod
    def operation(risk: Risk, *, at: datetime, by: Actor, done_at: datetime) -> None:
        risk_bulk_undo.undo_one(risk, done_at, by=by, at=at)

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"done_at": values["at"]}


class RestrictRisk(RiskStepResource):
    """Restrict a risk and everything below it to teams, or show it to everyone.

    The answer has no body, because the writer may lose sight of the risk.
    """

    body = RestrictRiskBody
    operation = staticmethod(operations.restrict)
    answers = {"POST": (204, None)}

    def answer(self, *args: Any, **kwargs: Any) -> Response:
        return Response(status=204)


RESOURCES: list = [
    ("risks", Risks),
    ("risks/export", RiskExport),
    ("risks/from_breach", RiskOfBreach),
    ("risks/from_pattern", RiskOfPattern),
    ("risks/<str:key>", RiskItem),
    ("risks/<str:key>/assess", AssessRisk),
    ("risks/<str:key>/treat", TreatRisk),
    ("risks/<str:key>/monitor", MonitorRisk),
    ("risks/<str:key>/accept", AcceptRisk),
    ("risks/<str:key>/close", CloseRisk),
    ("risks/<str:key>/reopen", ReopenRisk),
    ("risks/<str:key>/reconfirm", ReconfirmRisk),
    ("risks/<str:key>/undo", UndoRisk),
    ("risks/<str:key>/restrict", RestrictRisk),
]
