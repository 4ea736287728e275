"""The API of learnings: list and get."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from history.queries import seen_by, tell
from learnings.filters.learning import SPEC
from learnings.models import Learning
from learnings.states import LearningState, LearningVerdict
from rest.resource import Collection, Item, Resource


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
    made_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


class _Learnings(Resource):
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
        "state": "state",
        "author_id": "author_id",
        "author_name": "author__name",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "made_at": "made_at",
        "published_at": "published_at",
    }

    def rows(self, request: Request) -> QuerySet:
        return Learning.objects.visible_to(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Remove what a learning is about if the user may not see that."""
        return tell(request.user, rows)


class Learnings(_Learnings, Collection):
    """Published learnings and drafts. Filter by `state=published` for the feed."""

    permission = {"GET": "learnings.learning_view"}
    spec = SPEC


class LearningItem(_Learnings, Item):
    """A learning, by reference or id."""

    permission = {"GET": "learnings.learning_view"}


RESOURCES: list = [("learnings", Learnings), ("learnings/<str:key>", LearningItem)]
