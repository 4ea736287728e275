"""The API of the learnings that are like a risk."""

from typing import Any, cast

from django.db.models import Case, CharField, IntegerField, QuerySet, Value, When
from rest_framework import serializers
from rest_framework.request import Request

from learnings.api.learning import LearningRow, OfLearnings
from learnings.queries import like as queries
from lists.specification import ListSpec, Order
from people.models import User
from rest.nested import NestedCollection
from risklog.models import Risk


class LikeLearningRow(LearningRow):
    """A published learning that may help with a risk."""

    rank = serializers.IntegerField(help_text="0 is the most alike.")
    why = serializers.CharField(help_text="Such as “same model, drift”.")


class LearningsLikeRisk(NestedCollection, OfLearnings):
    """The published learnings that are like a risk and not about it, the most alike first; at most 5."""

    permission = {"GET": "learnings.learning_view"}
    serializer_class = LikeLearningRow
    columns = {**OfLearnings.columns, "rank": "rank", "why": "like_why"}
    spec = ListSpec(filters={}, orders={"rank": Order("Most alike first", ("rank", "id"))})

    def parents(self, request: Request) -> QuerySet[Risk]:
        rows = Risk.objects.visible_to(request.user)
        return rows.select_related("subject", "category", "model", "breach_group__subject")

    def rows(self, request: Request) -> QuerySet:
        found = queries.of_risk(cast(User, request.user), self.parent(request)) or []
        whys = [When(pk=one.pk, then=Value(one.like_why)) for one in found]
        ranks = [When(pk=one.pk, then=Value(place)) for place, one in enumerate(found)]
        rows = super().rows(request).filter(pk__in=[one.pk for one in found])
        return rows.annotate(
            like_why=Case(*whys, default=Value(""), output_field=CharField()),
            rank=Case(*ranks, default=Value(0), output_field=IntegerField()),
        )


RESOURCES: list[tuple[str, Any]] = [("risks/<str:key>/learnings", LearningsLikeRisk)]
