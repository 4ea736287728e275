"""The API of categories: list, get and change."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from rest.edits import EditableItem
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step
from risklog.filters.taxonomy import CATEGORIES
from risklog.models import Category
from risklog.operations import taxonomy as operations
from signals.states import SignalKind


class CategoryRow(serializers.Serializer):
    """A category of risks. Signs, questions and mitigations are Markdown."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(SignalKind.choices, help_text="Kind of the signals it covers.")
    definition = serializers.CharField()
    signs = serializers.CharField()
    questions = serializers.CharField()
    mitigations = serializers.CharField()
    is_retired = serializers.BooleanField()
    merged_into_slug = serializers.CharField(
        source="merged_into.slug",
        default=None,
        allow_null=True,
        help_text="The category that took over its risks, if it was merged.",
    )
    why = serializers.CharField(help_text="The reason of the merge.")
    because_reference = serializers.CharField(
        source="because.reference", default=None, allow_null=True, help_text="The decision behind the merge."
    )


def _text() -> serializers.CharField:
    return serializers.CharField(max_length=10_000, required=False, allow_blank=True)


class CategoryChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    name = serializers.CharField(max_length=80, required=False)
    kind = serializers.ChoiceField(SignalKind.choices, required=False)
    definition = serializers.CharField(max_length=10_000, required=False)
    signs = _text()
    questions = _text()
    mitigations = _text()


class NewCategory(CategoryChange):
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(SignalKind.choices)
    definition = serializers.CharField(max_length=10_000)


class _Categories(Resource):
    kind = "category"
    slug = "slug"
    serializer_class = CategoryRow
    columns = {
        **{name: name for name in CategoryRow().fields},
        "merged_into_slug": "merged_into__slug",
        "because_reference": "because__reference",
    }

    visible_rows = Category.objects

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("because"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows, "because")


class Categories(_Categories, Collection):
    """List categories, retired ones included."""

    permission = {"GET": "risklog.category_view", "POST": "risklog.category_change"}
    bodies = {"POST": NewCategory}
    spec = CATEGORIES

    def post(self, request: Request) -> Response:
        category = operations.add(**read(NewCategory, request), by=self.by(request), at=clock.now())
        return self.created(request, category.pk, f"categories/{category.slug}")


class CategoryItem(_Categories, EditableItem):
    """Get a category by slug or number."""

    permission = {"GET": "risklog.category_view", "PATCH": "risklog.category_change"}
    body = CategoryChange
    operation = staticmethod(operations.change)


class MergeCategoryBody(Body):
    into = Visible("category", Category.objects.visible_to, help_text="Not a retired one.")
    why = serializers.CharField(max_length=4000, help_text="The reason.")
    because = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="Reference of the decision behind it, for example D-12.",
    )


class _CategoryStep(_Categories, Step):
    is_versioned = True
    permission = {"POST": "risklog.category_change"}
    answers = {"POST": (200, CategoryRow)}


class MergeCategory(_CategoryStep):
    """Move all risks of a category into another one, and retire it. Filters by its slug find them there."""

    body = MergeCategoryBody
    operation = staticmethod(operations.merge)


class RetireCategory(_CategoryStep):
    """Allow no new risks in a category. Its risks keep it."""

    operation = staticmethod(operations.retire)


class RestoreCategory(_CategoryStep):
    """Allow new risks in a retired category again. Risks that were merged stay where they are."""

    operation = staticmethod(operations.restore)


RESOURCES: list = [
    ("categories", Categories),
    ("categories/<str:key>", CategoryItem),
    ("categories/<str:key>/merge", MergeCategory),
    ("categories/<str:key>/retire", RetireCategory),
    ("categories/<str:key>/restore", RestoreCategory),
]
