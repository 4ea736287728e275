"""The API of appetites: list, get, add, change and remove."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.states import Tier
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from people.models import User
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import ApiView, Collection, Resource
from risklog.filters.matrix import APPETITES
from risklog.models import Appetite, Category
from risklog.operations import appetite as operations
from risklog.queries import appetite as queries


class AppetiteRow(serializers.Serializer):
    """The highest score that the organisation carries without a treatment plan. The most specific applies."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    category_id = serializers.IntegerField(allow_null=True, help_text="Null: of every category.")
    category_slug = serializers.CharField(source="category.slug", default=None, allow_null=True)
    tier = serializers.ChoiceField(Tier.choices, allow_null=True, help_text="Of the model. Null: of any.")
    max_score = serializers.IntegerField(min_value=1, max_value=25)
    plan_days = serializers.IntegerField(
        help_text="A risk with a higher score needs a treatment plan within so many days."
    )
    why = serializers.CharField(help_text="The reason. Empty in older ones.")
    because_reference = serializers.CharField(
        source="because.reference", default=None, allow_null=True, help_text="The decision behind it."
    )
    is_retired = serializers.BooleanField(help_text="Whether it was removed.")


def _categories(user: User) -> QuerySet[Category]:
    return Category.objects.visible_to(user).filter(is_retired=False)


def _score(**kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=25, **kwargs)


def _days() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=365, required=False)


def _because() -> Visible:
    return Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="Reference of the decision behind it, for example D-12.",
    )


class AppetiteChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    max_score = _score(required=False)
    plan_days = _days()
    why = serializers.CharField(max_length=4000, required=False)
    because = _because()


class NewAppetite(Body):
    category = Visible("category", _categories, required=False, allow_null=True)
    tier = serializers.ChoiceField(Tier.choices, required=False, allow_null=True)
    max_score = _score()
    plan_days = _days()
    why = serializers.CharField(max_length=4000, help_text="The reason.")
    because = _because()


class AppetiteScope(Body):
    """An appetite that is not saved. Without category and tier it is for all risks."""

    category = Visible("category", _categories, required=False, allow_null=True)
    tier = serializers.ChoiceField(Tier.choices, required=False, allow_null=True)
    max_score = _score()


class AppetiteEffectRow(serializers.Serializer):
    """What an appetite would do to the live risks that are not accepted, as far as you may see them."""

    applies = serializers.IntegerField(help_text="Risks that it would apply to: no more specific one does.")
    above = serializers.IntegerField(help_text="Of these, risks with a score above it.")
    risen = serializers.IntegerField(help_text="Risks above it that are not above the present appetite.")
    fallen = serializers.IntegerField(help_text="Risks above the present appetite that are not above it.")
    without_plan = serializers.IntegerField(help_text="Of risen, risks that would get a date for a plan.")


class _Appetites(Resource):
    kind = "appetite"
    serializer_class = AppetiteRow
    columns = {
        **{name: name for name in AppetiteRow().fields},
        "category_slug": "category__slug",
        "because_reference": "because__reference",
    }

    def rows(self, request: Request) -> QuerySet:
        return Appetite.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("because"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows, "because")

    def objects(self, request: Request) -> QuerySet:
        return self.rows(request).select_related("subject", "category", "because")


class Appetites(_Appetites, Collection):
    """List appetites, removed ones included."""

    permission = {"GET": "risklog.matrix_view", "POST": "risklog.matrix_change"}
    bodies = {"POST": NewAppetite}
    spec = APPETITES

    def post(self, request: Request) -> Response:
        """Add an appetite. Risks above it need a treatment plan from then on."""
        appetite = operations.add(**read(NewAppetite, request), by=self.by(request), at=clock.now())
        return self.created(request, appetite.pk, f"appetites/{appetite.pk}")


class AppetiteItem(_Appetites, EditableItem):
    """Get an appetite by number."""

    permission = {
        "GET": "risklog.matrix_view",
        "PATCH": "risklog.matrix_change",
        "DELETE": "risklog.matrix_change",
    }
    body = AppetiteChange
    bodies = {"DELETE": None}
    operation = staticmethod(operations.change)

    def delete(self, request: Request, key: str) -> Response:
        """Remove an appetite. It stays in the list as retired, with its history."""
        appetite = self.found(request, key)
        seen = self.seen(request, appetite)
        operations.retire(appetite, by=self.by(request), at=clock.now(), seen=seen)
        return Response(status=204)


class AppetiteEffects(ApiView):
    """Ask what an appetite would do before it is added, or changed. Nothing is written."""

    permission = {"POST": "risklog.matrix_change"}
    bodies = {"POST": AppetiteScope}
    answers = {"POST": (200, AppetiteEffectRow)}
    serializer_class = AppetiteEffectRow

    def post(self, request: Request) -> Response:
        effect = queries.effect_of(request.user, **read(AppetiteScope, request))
        return Response(AppetiteEffectRow(effect).data)


RESOURCES: list = [
    ("appetites", Appetites),
    ("appetites/effect", AppetiteEffects),
    ("appetites/<str:key>", AppetiteItem),
]
