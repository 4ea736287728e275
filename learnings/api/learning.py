"""The API of learnings: list, get, create and change, and one POST per step."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.models import Model
from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from learnings.filters.learning import SPEC
from learnings.models import Learning
from learnings.operations import learning as operations
from learnings.queries import learning as queries
from learnings.queries import use
from learnings.queries.learning_export import LEARNING_EXPORT
from learnings.states import LearningState, LearningVerdict
from rest.edits import EditableItem
from rest.exporting import ExportOfList
from rest.fields import Body, Visible, read
from rest.resource import Collection, Resource
from rest.steps import Step
from risklog.models import Category


class LearningRow(serializers.Serializer):
    """A learning from an outcome. Texts are Markdown."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    seen = serializers.CharField()
    to_monitor = serializers.CharField()
    to_adjust = serializers.CharField()
    how_to_check = serializers.CharField()
    governance = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    verdict = serializers.ChoiceField([*LearningVerdict.choices, ""])
    verdict_by_id = serializers.IntegerField(allow_null=True)
    verdict_by_name = serializers.CharField(source="verdict_by.name", default=None, allow_null=True)
    verdict_at = serializers.DateTimeField(allow_null=True)
    use_count = serializers.IntegerField(help_text="How many people used it, and where: `uses`.")
    state = serializers.ChoiceField(LearningState.choices)
    author_id = serializers.IntegerField(allow_null=True, help_text="null if the draft has no author.")
    author_name = serializers.CharField(source="author.name", default=None, allow_null=True)
    about_reference = serializers.CharField(
        source="about.reference",
        default=None,
        allow_null=True,
        help_text="The reference of the source, if you may see it.",
    )
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    model_id = serializers.IntegerField(allow_null=True, help_text="Also null if you may not see the model.")
    model_slug = serializers.CharField(source="model.slug", default=None, allow_null=True)
    category_id = serializers.IntegerField(allow_null=True)
    category_slug = serializers.CharField(source="category.slug", default=None, allow_null=True)
    made_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


def _text() -> serializers.CharField:
    return serializers.CharField(max_length=20_000, required=False, allow_blank=True, help_text="Markdown.")


class LearningChange(Body):
    """The fields to change. Fields that are not sent keep their values."""

    title = serializers.CharField(max_length=200, required=False)
    seen = _text()
    to_monitor = _text()
    to_adjust = _text()
    how_to_check = _text()
    governance = _text()
    tags = serializers.ListField(child=serializers.CharField(max_length=60), max_length=20, required=False)
    verdict = serializers.ChoiceField([*LearningVerdict.choices, ""], required=False)
    model = Visible("model", Model.objects.visible_to, required=False, allow_null=True)
    category = Visible("category", Category.objects.visible_to, required=False, allow_null=True)


class NewLearning(LearningChange):
    """The body that creates a draft. Only the title is required."""

    title = serializers.CharField(max_length=200)
    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="The source: a reference such as Q-3. Its readers may see the learning.",
    )


class DiscardReason(Body):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class VerdictBody(Body):
    """Whether it worked. An empty text takes the verdict back."""

    verdict = serializers.ChoiceField([*LearningVerdict.choices, ""])


class OfLearnings(Resource):
    kind = "learning"
    serializer_class = LearningRow
    columns = {
        "id": "id",
        "reference": "subject__reference",
        "version": "version",
        "title": "title",
        "seen": "seen",
        "to_monitor": "to_monitor",
        "to_adjust": "to_adjust",
        "how_to_check": "how_to_check",
        "governance": "governance",
        "tags": "tags",
        "verdict": "verdict",
        "verdict_by_id": "verdict_by_id",
        "verdict_by_name": "verdict_by__name",
        "verdict_at": "verdict_at",
        "use_count": "number_of_uses",
        "state": "state",
        "author_id": "author_id",
        "author_name": "author__name",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "model_id": "model_id",
        "model_slug": "model__slug",
        "category_id": "category_id",
        "category_slug": "category__slug",
        "made_at": "made_at",
        "published_at": "published_at",
    }

    visible_rows = Learning.objects

    def objects(self, request: Request) -> QuerySet:
        return queries.learnings().visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return (
            super()
            .as_values(rows.annotate(number_of_uses=use.COUNT))
            .annotate(**seen_by("about"), **seen_by("model", "model__subject"))
        )

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove what a learning is about, and its model, if the user may not see that."""
        return tell(request.user, rows, "about", "model")


class Learnings(OfLearnings, Collection):
    """Published learnings and drafts. Filter by `state=published` for the feed. POST creates a draft."""

    permission = {"GET": "learnings.learning_view", "POST": "learnings.learning_write"}
    bodies = {"POST": NewLearning}
    spec = SPEC

    def post(self, request: Request) -> Response:
        values = read(NewLearning, request)
        by = self.by(request)
        learning = operations.write(**values, author=by.person, by=by, at=clock.now())
        return self.created(request, learning.pk, f"learnings/{learning.reference}")


class LearningsExport(ExportOfList):
    """All learnings that the filters leave, in their order, as a file."""

    permission = {"GET": "learnings.learning_view"}
    export = LEARNING_EXPORT

    def rows(self, request: Request) -> QuerySet:
        return Learning.objects.visible_to(request.user)


class LearningItem(OfLearnings, EditableItem):
    """A learning, by reference or id."""

    permission = {"GET": "learnings.learning_view", "PATCH": "learnings.learning_change"}
    body = LearningChange
    operation = staticmethod(operations.change)


class _LearningStep(OfLearnings, Step):
    is_versioned = True
    permission = {"POST": "learnings.learning_change"}
    answers = {"POST": (200, LearningRow)}


class TakeLearning(_LearningStep):
    """Become the author of a draft that has none."""

    operation = staticmethod(operations.take)


class PublishLearning(_LearningStep):
    """Publish a draft. It needs a text in `seen`."""

    operation = staticmethod(operations.publish)


class WithdrawLearning(_LearningStep):
    """Move a published learning back to draft."""

    operation = staticmethod(operations.withdraw)


class DiscardLearning(_LearningStep):
    """Discard a draft. It can be restored."""

    body = DiscardReason
    operation = staticmethod(operations.discard)


class RestoreLearning(_LearningStep):
    """Restore a discarded draft."""

    operation = staticmethod(operations.restore)


class JudgeLearning(_LearningStep):
    """Say whether a published learning worked. Every member may."""

    permission = {"POST": "learnings.learning_use"}
    body = VerdictBody
    operation = staticmethod(operations.judge)


RESOURCES: list = [
    ("learnings", Learnings),
    ("learnings/export", LearningsExport),
    ("learnings/<str:key>", LearningItem),
    ("learnings/<str:key>/take", TakeLearning),
    ("learnings/<str:key>/publish", PublishLearning),
    ("learnings/<str:key>/withdraw", WithdrawLearning),
    ("learnings/<str:key>/discard", DiscardLearning),
    ("learnings/<str:key>/restore", RestoreLearning),
    ("learnings/<str:key>/judge", JudgeLearning),
]
