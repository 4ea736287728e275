"""The API of models: list, get, register and change, and the move to another stage."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.filters.model import SPEC, TIER_ORDER
from catalogue.models import Model
from catalogue.operations import model as operations
from catalogue.queries import model as queries
from catalogue.states import (
    AffectedPeople,
    DataClass,
    Harm,
    PrivacyConstraint,
    Regulation,
    Stage,
    Tier,
    Use,
)
from kit import clock
from people.models import Team, User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step


class ModelRow(serializers.Serializer):
    """A registered model."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField(help_text="The name in other tools: the label `model` of an alert.")
    name = serializers.CharField()
    purpose = serializers.CharField()
    stage = serializers.ChoiceField(Stage.choices)
    tier = serializers.ChoiceField(Tier.choices, allow_null=True)
    owner_team_id = serializers.IntegerField(allow_null=True)
    owner_team_slug = serializers.CharField(source="owner_team.slug", default=None, allow_null=True)
    developer_id = serializers.IntegerField(allow_null=True)
    developer_name = serializers.CharField(source="developer.name", default=None, allow_null=True)
    link = serializers.CharField()
    restrictions = serializers.CharField(help_text="What it must not be used for.")
    validator_id = serializers.IntegerField(allow_null=True)
    validator_name = serializers.CharField(source="validator.name", default=None, allow_null=True)
    reach = serializers.ChoiceField(AffectedPeople.choices, allow_null=True)
    harm = serializers.ChoiceField(Harm.choices, allow_null=True)
    use = serializers.ChoiceField(Use.choices, allow_null=True)
    is_regulated = serializers.BooleanField()
    tier_reason = serializers.CharField(help_text="Why the tier is another one than the answers give.")
    data_class = serializers.ChoiceField(DataClass.choices, allow_blank=True)
    has_personal_data = serializers.BooleanField(allow_null=True)
    privacy = serializers.ListField(child=serializers.ChoiceField(PrivacyConstraint.choices))
    regulation = serializers.ChoiceField(Regulation.choices)
    inputs = serializers.ListField(child=serializers.CharField(), help_text="Its data sources.")
    links = serializers.ListField(child=serializers.CharField())
    retired_at = serializers.DateTimeField(allow_null=True)
    validate_on = serializers.DateField(allow_null=True, help_text="When its next validation is due.")
    validate_why = serializers.CharField(help_text="What triggers its next validation.")
    upstream = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="The slugs of the models whose output it takes.",
    )


def people(user: User) -> QuerySet[User]:
    return User.objects.active().visible_to(user)


class ModelChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=120, required=False)
    purpose = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    owner_team = Visible("team", Team.objects.visible_to, required=False, allow_null=True)
    developer = Visible("person", people, by="email", required=False, allow_null=True)
    tier = serializers.ChoiceField(Tier.choices, required=False, allow_null=True)
    link = serializers.URLField(max_length=200, required=False, allow_blank=True)
    restrictions = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    validator = Visible(
        "person",
        people,
        by="email",
        required=False,
        allow_null=True,
        help_text="Somebody other than the developer.",
    )
    data_class = serializers.ChoiceField(DataClass.choices, required=False, allow_blank=True)
    has_personal_data = serializers.BooleanField(required=False, allow_null=True)
    privacy = serializers.ListField(
        child=serializers.ChoiceField(PrivacyConstraint.choices), required=False, max_length=10
    )
    regulation = serializers.ChoiceField(Regulation.choices, required=False)
    inputs = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=100
    )
    links = serializers.ListField(child=serializers.URLField(max_length=500), required=False, max_length=20)
    validate_on = serializers.DateField(required=False, allow_null=True)
    validate_why = serializers.CharField(max_length=500, required=False, allow_blank=True)
    upstream = serializers.ListField(
        child=Visible("model", Model.objects.visible_to),
        required=False,
        max_length=100,
        help_text="All models whose output it takes, by slug.",
    )


class TierAnswers(Body):
    """The answers that give a tier, each from 1 to 4, and a reason if the tier is another one."""

    reach = serializers.ChoiceField(AffectedPeople.choices)
    harm = serializers.ChoiceField(Harm.choices)
    use = serializers.ChoiceField(Use.choices)
    is_regulated = serializers.BooleanField(required=False)
    tier = serializers.ChoiceField(Tier.choices, required=False, allow_null=True)
    tier_reason = serializers.CharField(max_length=2_000, required=False, allow_blank=True)


class NewModel(ModelChange):
    """The body that registers a model. Only the name is required."""

    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=120, required=False)
    stage = serializers.ChoiceField(Stage.choices, required=False)


class StageMove(Body):
    stage = serializers.ChoiceField(Stage.choices)


# The columns that are called as their fields.
_PLAIN = (
    "reach",
    "harm",
    "use",
    "is_regulated",
    "tier_reason",
    "data_class",
    "has_personal_data",
    "privacy",
    "regulation",
    "inputs",
    "links",
    "retired_at",
    "validate_on",
    "validate_why",
)


class OfModels(Resource):
    kind = "model"
    slug = "slug"
    serializer_class = ModelRow
    columns = {
        "id": "id",
        "version": "version",
        "slug": "slug",
        "name": "name",
        "purpose": "purpose",
        "stage": "stage",
        "tier": "tier",
        "owner_team_id": "owner_team_id",
        "owner_team_slug": "owner_team__slug",
        "developer_id": "developer_id",
        "developer_name": "developer__name",
        "link": "link",
        "restrictions": "restrictions",
        "validator_id": "validator_id",
        "validator_name": "validator__name",
        **dict(zip(_PLAIN, _PLAIN, strict=True)),
    }

    def rows(self, request: Request) -> QuerySet:
        return Model.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(upstream=queries.upstream_slugs(self.request.user))


class Models(OfModels, Collection):
    """Models of the catalogue."""

    permission = {"GET": "catalogue.view", "POST": "catalogue.model_add"}
    bodies = {"POST": NewModel}
    spec = SPEC

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(tier_order=TIER_ORDER)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        for row in rows:
            del row["tier_order"]
        return rows

    def post(self, request: Request) -> Response:
        values = read(NewModel, request)
        model = operations.add(**values, by=self.by(request), at=clock.now())
        return self.created(request, model.pk, f"models/{model.slug}")


class ModelItem(OfModels, EditableItem):
    """A model, by slug or id."""

    permission = {"GET": "catalogue.view", "PATCH": "catalogue.model_change"}
    body = ModelChange
    operation = staticmethod(operations.change)


class ModelStage(OfModels, Step):
    """Change the stage of a model."""

    permission = {"POST": "catalogue.model_change"}
    body = StageMove
    answers = {"POST": (200, ModelRow)}
    operation = staticmethod(operations.move_stage)
    is_versioned = True

    def arguments(self, values: dict[str, Any], request: Request) -> dict[str, Any]:
        return {"to": values["stage"]}


class ModelTier(OfModels, Step):
    """Set the tier of a model by the answers to a few questions: exposure times purpose."""

    permission = {"POST": "catalogue.model_change"}
    body = TierAnswers
    answers = {"POST": (200, ModelRow)}
    operation = staticmethod(operations.rate)
    is_versioned = True


RESOURCES = [
    ("models", Models),
    ("models/<str:key>", ModelItem),
    ("models/<str:key>/stage", ModelStage),
    ("models/<str:key>/tier", ModelTier),
]
