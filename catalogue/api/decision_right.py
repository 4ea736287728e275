"""The API of decision rights."""

from typing import Any

from django.db.models import Case, QuerySet, Value, When
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.api.model import OfModels, people
from catalogue.filters.decision_right import DECISION_RIGHTS
from catalogue.models import DecisionRight, Model
from catalogue.operations import decision_right as right_operations
from catalogue.queries import decision_right as right_queries
from catalogue.queries import model as model_queries
from catalogue.states import Holder, RightKind, RightScope
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import Function, Team
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Item, Resource
from rest.steps import Step


class DecisionRightRow(serializers.Serializer):
    """Who decides one kind of question about a model, the models of a team, or all models."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    kind = serializers.ChoiceField(RightKind.choices)
    scope = serializers.ChoiceField(RightScope.choices)
    model_id = serializers.IntegerField(allow_null=True)
    model_slug = serializers.CharField(source="model.slug", default=None, allow_null=True)
    team_id = serializers.IntegerField(allow_null=True)
    team_slug = serializers.CharField(source="team.slug", default=None, allow_null=True)
    who = serializers.ChoiceField(Holder.choices, help_text="Who holds it.")
    person_id = serializers.IntegerField(allow_null=True)
    person_name = serializers.CharField(source="person.name", default=None, allow_null=True)
    person_is_active = serializers.BooleanField(
        source="person.is_active", default=None, allow_null=True, help_text="false: this person has left."
    )
    function_slug = serializers.CharField(source="function.slug", default=None, allow_null=True)
    why = serializers.CharField()
    because_reference = serializers.CharField(
        source="because.reference", default=None, allow_null=True, help_text="The decision behind it."
    )
    is_withdrawn = serializers.BooleanField()


class DecisionRightChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    who = serializers.ChoiceField(Holder.choices, required=False)
    person = Visible("person", people, by="email", required=False, allow_null=True)
    function = Visible("function", Function.objects.visible_to, required=False, allow_null=True)
    why = serializers.CharField(max_length=4000, required=False)
    because = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="Reference of the decision behind it, for example D-12.",
    )


class NewDecisionRight(DecisionRightChange):
    """The body that assigns a right. Without a model and a team it applies to all models."""

    kind = serializers.ChoiceField(RightKind.choices)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    who = serializers.ChoiceField(Holder.choices)
    why = serializers.CharField(max_length=4000)


class WithdrawRightBody(Body):
    why = serializers.CharField(max_length=4000)


class _DecisionRights(Resource):
    kind = "decision_right"
    serializer_class = DecisionRightRow
    columns = {
        "id": "id",
        "version": "version",
        "kind": "kind",
        "model_id": "model_id",
        "model_slug": "model__slug",
        "team_id": "team_id",
        "team_slug": "team__slug",
        "who": "who",
        "person_id": "person_id",
        "person_name": "person__name",
        "person_is_active": "person__is_active",
        "function_slug": "function__slug",
        "why": "why",
        "because_reference": "because__reference",
        "is_withdrawn": "is_withdrawn",
    }

    def rows(self, request: Request) -> QuerySet:
        return DecisionRight.objects.visible_to(request.user)

    def objects(self, request: Request) -> QuerySet:
        return right_queries.decision_rights().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        scope = Case(
            When(model__isnull=False, then=Value(RightScope.MODEL)),
            When(team__isnull=False, then=Value(RightScope.TEAM)),
            default=Value(RightScope.ORGANISATION),
        )
        return super().as_values(rows).annotate(scope=scope, **seen_by("because"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows, "because")


class DecisionRights(_DecisionRights, Collection):
    """List who decides what, withdrawn rights included. POST assigns a right."""

    permission = {"GET": "catalogue.right_view", "POST": "catalogue.right_assign"}
    bodies = {"POST": NewDecisionRight}
    spec = DECISION_RIGHTS

    def post(self, request: Request) -> Response:
        values = read(NewDecisionRight, request)
        right = right_operations.assign(**values, by=self.by(request), at=clock.now())
        return self.created(request, right.pk, f"decision-rights/{right.pk}")


class DecisionRightItem(_DecisionRights, EditableItem):
    """A decision right, by its id."""

    permission = {"GET": "catalogue.right_view", "PATCH": "catalogue.right_assign"}
    body = DecisionRightChange
    operation = staticmethod(right_operations.change)


class WithdrawDecisionRight(_DecisionRights, Step):
    """Withdraw a right, with the reason. Then the right of the next wider scope applies."""

    permission = {"POST": "catalogue.right_assign"}
    body = WithdrawRightBody
    answers = {"POST": (200, DecisionRightRow)}
    operation = staticmethod(right_operations.withdraw)
    is_versioned = True


class DeciderRow(serializers.Serializer):
    """Who decides one kind of question about a model. All but the kind are null if nobody does."""

    kind = serializers.ChoiceField(RightKind.choices)
    scope = serializers.ChoiceField(
        RightScope.choices,
        source="right.scope",
        default=None,
        allow_null=True,
        help_text="Whose right it is.",
    )
    right_id = serializers.IntegerField(source="right.pk", default=None, allow_null=True)
    who = serializers.ChoiceField(Holder.choices, source="right.who", default=None, allow_null=True)
    person_id = serializers.IntegerField(
        source="person.pk", default=None, allow_null=True, help_text="Also the lead, if the lead decides."
    )
    person_name = serializers.CharField(source="person.name", default=None, allow_null=True)
    person_is_active = serializers.BooleanField(
        source="person.is_active", default=None, allow_null=True, help_text="false: this person has left."
    )
    function_slug = serializers.CharField(source="right.function.slug", default=None, allow_null=True)
    why = serializers.CharField(source="right.why", default=None, allow_null=True)


class Deciders(serializers.Serializer):
    """Who decides what about a model."""

    results = DeciderRow(many=True)


class ModelDeciders(OfModels, Item):
    """Get who decides what about a model: its own rights, else those of its team or the organisation."""

    permission = {"GET": "catalogue.right_view"}
    answers = {"GET": (200, Deciders)}

    def objects(self, request: Request) -> QuerySet:
        return model_queries.models().visible_to(request.user)

    def get(self, request: Request, key: str) -> Response:
        deciders = right_queries.deciders_of_model(request.user, self.found(request, key))
        return Response(Deciders({"results": deciders}).data)


RESOURCES = [
    ("models/<str:key>/decision-rights", ModelDeciders),
    ("decision-rights", DecisionRights),
    ("decision-rights/<str:key>", DecisionRightItem),
    ("decision-rights/<str:key>/withdraw", WithdrawDecisionRight),
]
