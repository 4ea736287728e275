"""How long rows are kept, by API: the days of each kind, and what would be deleted now."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from people.models import Organisation
from rest.fields import Body, read
from rest.resource import ApiView, Item
from riskhub.retention.kept import KEPT, LONGEST, days_of, going
from riskhub.retention.operations import set_days


class KeptRow(serializers.Serializer):
    """One kind of rows that are deleted some time."""

    key = serializers.ChoiceField([kind.key for kind in KEPT])
    label = serializers.CharField()  # type: ignore[assignment]  # the name of a field of the answer
    days = serializers.IntegerField(allow_null=True, help_text="Null: kept permanently.")


class OldRow(serializers.Serializer):
    """What would be deleted now of one kind."""

    key = serializers.ChoiceField([kind.key for kind in KEPT])
    rows = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True, help_text="Of all rows of this kind.")


class RetentionRow(serializers.Serializer):
    """How long the organisation keeps rows that are no part of history."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    kinds = KeptRow(many=True)


class RetentionChange(Body):
    """The days of the kinds to change. Kinds that are not sent keep their setting."""

    def get_fields(self) -> dict[str, Any]:
        return {
            kind.key: serializers.IntegerField(
                required=False,
                allow_null=kind.may_stay,
                min_value=kind.least,
                max_value=LONGEST,
                help_text=f"{kind.help}{' Null: permanently.' if kind.may_stay else ''}",
            )
            for kind in KEPT
        }


class Retention(Item):
    """How long rows are kept that are no part of history."""

    kind = "organisation"
    serializer_class = RetentionRow
    permission = {"GET": "people.administrate", "PATCH": "people.administrate"}
    bodies = {"PATCH": RetentionChange}
    columns = {"id": "id", "version": "version", "kinds": "retention"}

    def rows(self, request: Request) -> QuerySet:
        return Organisation.objects.all()

    def lookup(self, key: str) -> dict[str, Any]:
        return {}

    def get(self, request: Request, key: str = "retention") -> Response:
        return self.answer(request, key)

    def finish(self, found: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return [{**row, "kinds": _kinds(row["kinds"])} for row in found]

    def patch(self, request: Request, key: str = "retention") -> Response:
        """Set for how many days kinds of rows are kept. A task deletes what is older, once a day."""
        ours = self.rows(request).select_related("subject").get()
        seen, values = self.seen(request, ours), read(RetentionChange, request)
        set_days(ours, values, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer(request, key)


class RetentionPreview(ApiView):
    """What would be deleted now."""

    permission = {"GET": "people.administrate"}
    answers = {"GET": (200, OldRow(many=True))}

    def get(self, request: Request) -> Response:
        """Count for each kind the rows that are older than their days. Deletes nothing."""
        ours = get_object_or_404(Organisation.objects.all())
        found = going(clock.now(), ours.retention)
        return Response([{"key": row.kept.key, "rows": row.number, "oldest": row.oldest} for row in found])


def _kinds(chosen: Mapping[str, int | None]) -> list[dict[str, Any]]:
    return [{"key": kind.key, "label": kind.label, "days": days_of(kind, chosen)} for kind in KEPT]


RESOURCES: list = [("retention", Retention), ("retention/preview", RetentionPreview)]
