"""The API of post-incident reviews: list, get, change, which risk, improvements, finish."""

from collections import defaultdict
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from actions.states import Type
from history.queries import may_see, seen_by
from incidents.filters.postmortem import POSTMORTEMS
from incidents.models import Observer, Postmortem
from incidents.models.postmortem import MAX_WHY, WAITS
from incidents.operations import postmortem as operations
from incidents.queries import postmortem as queries
from incidents.states import MAX_WHYS, IncidentSeverity, PostmortemState, RiskAnswer
from kit import clock
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.models import Category, Risk


class ObserverRow(serializers.Serializer):
    """A person who observes a review, and why them."""

    user_id = serializers.IntegerField()
    name = serializers.CharField()
    why = serializers.CharField()


class PostmortemRow(serializers.Serializer):
    """A post-incident review. Texts are Markdown."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    incident_reference = serializers.CharField()
    severity = serializers.ChoiceField(IncidentSeverity.choices, help_text="Of the incident.")
    state = serializers.ChoiceField(PostmortemState.choices)
    due_on = serializers.DateField()
    waits = serializers.BooleanField(
        help_text="It is open, but not due, because its incident is not resolved (reopened or withdrawn)."
    )
    factors = serializers.CharField(help_text="The conditions that contributed.")
    whys = serializers.ListField(
        child=serializers.CharField(), help_text="Causes, each asked for the one before, down to the root."
    )
    went_well = serializers.CharField()
    lessons = serializers.CharField()
    risk_answer = serializers.ChoiceField([*RiskAnswer.choices, ""])
    risk_reference = serializers.CharField(
        allow_null=True, help_text="The risk that should have caught it, if you may see it."
    )
    risk_note = serializers.CharField()
    observers = ObserverRow(many=True)
    opened_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    finished_by_id = serializers.IntegerField(allow_null=True)


class PostmortemChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    factors = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    whys = serializers.ListField(
        child=serializers.CharField(max_length=MAX_WHY, allow_blank=True), max_length=MAX_WHYS, required=False
    )
    went_well = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    lessons = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


def _categories(user: User) -> QuerySet[Category]:
    return Category.objects.visible_to(user).filter(is_retired=False)


def _risks(user: User) -> QuerySet[Risk]:
    return Risk.objects.visible_to(user).select_related("subject", "owner", "model")


class RiskAnswerBody(Body):
    """Which risk should have caught the incident.

    `linked` needs `risk`; `rescored` also the new `likelihood` and `impact`, whose product must be above
    the current score; `new` needs `title`, `category`, `likelihood` and `impact`.
    """

    answer = serializers.ChoiceField(RiskAnswer.choices)
    risk = Visible("risk", _risks, by="subject__reference", required=False, allow_null=True)
    likelihood = serializers.IntegerField(min_value=1, max_value=5, required=False)
    impact = serializers.IntegerField(min_value=1, max_value=5, required=False)
    title = serializers.CharField(max_length=200, required=False)
    category = Visible("category", _categories, required=False)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["answer"] == RiskAnswer.NEW:
            missing = [name for name in ("title", "category", "likelihood", "impact") if name not in values]
            if missing:
                raise serializers.ValidationError(dict.fromkeys(missing, "A new risk needs this field."))
        return values


class ImprovementRow(serializers.Serializer):
    """An improvement: an action about the review. /actions has the rest of it."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    title = serializers.CharField()
    owner_id = serializers.IntegerField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)


class NewImprovement(Body):
    title = serializers.CharField(max_length=200)
    owner = Visible(
        "person",
        lambda user: User.objects.active().visible_to(user),
        by="email",
        required=False,
        allow_null=True,
    )
    due_on = serializers.DateField(required=False, allow_null=True)
    type = serializers.ChoiceField(Type.choices, required=False)


_SAME = (
    "id", "version", "state", "due_on", "factors", "whys", "went_well", "lessons", "risk_answer",
    "risk_note", "opened_at", "finished_at", "finished_by_id",
)  # fmt: skip


class _Postmortems(Resource):
    kind = "postmortem"
    serializer_class = PostmortemRow
    columns = {
        "incident_reference": "incident__subject__reference",
        "severity": "incident__severity",
        "risk_reference": "risk__subject__reference",
        **{name: name for name in _SAME},
    }

    def rows(self, request: Request) -> QuerySet:
        return Postmortem.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return queries.postmortems().visible_to(request.user)

    def lookup(self, key: str) -> dict[str, Any]:
        """Return the lookup for a key: the id, or the reference of the incident."""
        is_reference = key[:1].isalpha()
        return {"incident__subject__reference": key.upper()} if is_reference else super().lookup(key)

    def as_values(self, rows: QuerySet) -> QuerySet:
        waits = ExpressionWrapper(WAITS, output_field=BooleanField())
        return super().as_values(rows).annotate(waits=waits, **seen_by("risk", "risk__subject"))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Return the rows with their observers, without risks that the reader may not see."""
        observers: dict[int, list[dict[str, Any]]] = defaultdict(list)
        ids = [row["id"] for row in found]
        chosen = Observer.objects.active().filter(postmortem__in=ids).order_by("id")
        for pk, user, name, why in chosen.values_list("postmortem_id", "user_id", "user__name", "why"):
            observers[pk].append({"user_id": user, "name": name, "why": why})
        rows = []
        for row in found:
            shown = {name: row[name] for name in self.columns}
            if not may_see(request.user, row, "risk"):
                shown |= {"risk_reference": None, "risk_note": ""}
            rows.append({**shown, "waits": row["waits"], "observers": observers[row["id"]]})
        return rows


class Postmortems(_Postmortems, Collection):
    """Post-incident reviews. One opens when its incident is resolved."""

    permission = {"GET": "incidents.incident_view"}
    spec = POSTMORTEMS


class PostmortemItem(_Postmortems, EditableItem):
    """A post-incident review, by its id or the reference of the incident."""

    permission = {"GET": "incidents.incident_view", "PATCH": "incidents.postmortem_change"}
    body = PostmortemChange
    operation = staticmethod(operations.change)


class _PostmortemStep(_Postmortems, Step):
    is_versioned = True
    permission = {"POST": "incidents.postmortem_change"}
    answers = {"POST": (200, PostmortemRow)}


class AnswerRisk(_PostmortemStep):
    """Answer which risk should have caught the incident: linked, rescored or new."""

    body = RiskAnswerBody
    operation = staticmethod(operations.answer_risk)

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        risk = values.get("risk")
        if values["answer"] == RiskAnswer.NEW:
            self.require(request, "risklog.risk_add", None)
            parts = [values.pop(name) for name in ("title", "category", "likelihood", "impact")]
            return {**values, "new": operations.LackingRisk(*parts)}
        if values["answer"] == RiskAnswer.RESCORED and risk is not None:
            self.require(request, "risklog.risk_change", risk)
        return {name: value for name, value in values.items() if name not in ("title", "category")}


class FinishPostmortem(_PostmortemStep):
    """Finish a review, and with it the incident. It needs factors, causes, lessons and the risk."""

    operation = staticmethod(operations.finish)


class Improvements(_Postmortems, Item):
    """Add an improvement: an action about the review, which has at most three."""

    permission = {"POST": "incidents.postmortem_change"}
    bodies = {"POST": NewImprovement}
    answers = {"POST": (201, ImprovementRow)}

    def post(self, request: Request, key: str) -> Response:
        postmortem = self.found(request, key)
        self.require(request, "incidents.postmortem_change", postmortem)
        values = read(NewImprovement, request)
        action = operations.add_action(postmortem, **values, by=self.by(request), at=clock.now())
        row = queries.improvements(postmortem).get(pk=action.pk)
        answer = Response(ImprovementRow(row).data, status=201)
        answer["Location"] = f"/api/v1/actions/{action.reference}"
        return answer


RESOURCES: list = [
    ("post-incident-reviews", Postmortems),
    ("post-incident-reviews/<str:key>", PostmortemItem),
    ("post-incident-reviews/<str:key>/risk", AnswerRisk),
    ("post-incident-reviews/<str:key>/actions", Improvements),
    ("post-incident-reviews/<str:key>/finish", FinishPostmortem),
]
