"""The API of the versions of one threshold, each with what it changes."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from rest.nested import NestedCollection
from signals.api.threshold import VersionRow, version_columns, with_declines
from signals.filters.threshold import VERSIONS
from signals.models import Threshold, ThresholdVersion
from signals.queries.difference import set_differences


class DifferenceRow(serializers.Serializer):
    """A field with another value than in the version it is compared with. Null: none."""

    field = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ComparedVersionRow(VersionRow):
    """A version, and how it differs from the last one before it that was in force (compared_with)."""

    compared_with = serializers.IntegerField(allow_null=True)
    differences = DifferenceRow(many=True)


class VersionsOfThreshold(NestedCollection):
    """List the versions of a threshold with their differences."""

    kind = "threshold-version"
    parent_reference = ""
    permission = {"GET": "signals.view"}
    serializer_class = ComparedVersionRow
    columns = version_columns
    spec = VERSIONS

    def parents(self, request: Request) -> QuerySet:
        return Threshold.objects.visible_to(request.user)

    def rows(self, request: Request) -> QuerySet:
        return ThresholdVersion.objects.visible_to(request.user).filter(threshold=self.parent(request))

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        numbers = {row["threshold_id"] for row in found}
        versions: list[Any] = list(ThresholdVersion.objects.filter(threshold__in=numbers).order_by("-number"))
        set_differences(versions)
        by_id = {version.pk: version for version in versions}
        for row in found:
            version = by_id[row["id"]]
            row["compared_with"] = version.compared_with.number if version.compared_with else None
            row["differences"] = [
                {"field": one.field, "before": one.before, "after": one.after} for one in version.differences
            ]
        return with_declines(found)


RESOURCES = [("thresholds/<str:key>/versions", VersionsOfThreshold)]
