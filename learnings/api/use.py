"""The API of the uses of a learning: list, get, add, withdraw."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from history.models import Subject
from history.queries import seen_by, tell
from kit import clock
from learnings.filters.use import USES
from learnings.models import Learning, LearningUse
from learnings.models.use import MAX_NOTE
from learnings.operations import use as operations
from learnings.queries import learning as learnings
from rest.fields import Body, Visible, read
from rest.nested import Nested, NestedCollection, NestedItem, NestedStep


class LearningUseRow(serializers.Serializer):
    """Somebody used a learning. Where is null for readers who may not see that."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    user_id = serializers.IntegerField()
    user_name = serializers.CharField(source="user.name")
    about_reference = serializers.CharField(source="about.reference", default=None, allow_null=True)
    about_kind = serializers.CharField(source="about.kind", default=None, allow_null=True)
    about_title = serializers.CharField(source="about.title", default=None, allow_null=True)
    note = serializers.CharField()
    used_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class NewLearningUse(Body):
    """Where you used it. All fields may be left out."""

    about = Visible(
        "object",
        Subject.objects.visible_to,
        by="reference",
        required=False,
        allow_null=True,
        help_text="Where: a reference such as R-12.",
    )
    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)


class _Uses(Nested):
    kind = "learning_use"
    serializer_class = LearningUseRow
    columns = {
        "id": "id",
        "version": "version",
        "user_id": "user_id",
        "user_name": "user__name",
        "about_reference": "about__reference",
        "about_kind": "about__kind",
        "about_title": "about__title",
        "note": "note",
        "used_at": "used_at",
        "withdrawn_at": "withdrawn_at",
    }

    def parents(self, request: Request) -> QuerySet[Learning]:
        return learnings.learnings().visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return LearningUse.objects.visible_to(request.user).filter(learning=self.parent(request))

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(**seen_by("about"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return tell(request.user, rows)


class LearningUses(_Uses, NestedCollection):
    """The uses of a learning that count. POST says that you used it."""

    permission = {"GET": "learnings.learning_view", "POST": "learnings.learning_use"}
    bodies = {"POST": NewLearningUse}
    spec = USES

    def rows(self, request: Request) -> QuerySet:
        rows = super().rows(request)
        return rows.filter(withdrawn_at__isnull=True) if request.method in {"GET", "HEAD"} else rows

    def post(self, request: Request, key: str) -> Response:
        learning: Learning = self.parent(request)
        self.require(request, "learnings.learning_use", learning)
        values = read(NewLearningUse, request)
        use = operations.add(learning, **values, by=self.by(request), at=clock.now())
        return self.created(request, use.pk, f"learnings/{learning.reference}/uses/{use.pk}")


class LearningUseItem(_Uses, NestedItem):
    """A use of a learning, by its id."""

    permission = {"GET": "learnings.learning_view"}


class WithdrawUse(_Uses, NestedStep):
    """Withdraw a use, so that it counts no more."""

    permission = {"POST": "learnings.use_withdraw"}
    answers = {"POST": (200, LearningUseRow)}
    operation = staticmethod(operations.withdraw)
    is_versioned = True


RESOURCES: list = [
    ("learnings/<str:key>/uses", LearningUses),
    ("learnings/<str:key>/uses/<str:number>", LearningUseItem),
    ("learnings/<str:key>/uses/<str:number>/withdraw", WithdrawUse),
]
