"""The resources of a bulk change: which rows, what changes, what happened to each, and the undo."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.actor import Actor
from lists import bulk
from lists.bulk import MAX_ROWS, BulkResult, PlannedChange
from lists.specification import BadQuery, ListSpec, Reader
from rest.fields import Body, read
from rest.resource import ApiView


class BulkBody(Body):
    """Which rows, and what changes. Give either `ids` or `select`. A noun adds `change`."""

    ids = serializers.ListField(
        child=serializers.CharField(max_length=24),
        required=False,
        allow_empty=False,
        max_length=MAX_ROWS,
        help_text="Ids or references.",
    )
    select = serializers.DictField(
        child=serializers.CharField(max_length=2000),
        required=False,
        help_text="Filters of the list, as in its query. {} selects all rows.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="true: only say what would happen.")


class BulkRow(serializers.Serializer):
    """What happened, or would happen, to one row."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    outcome = serializers.ChoiceField(
        [("changed", "Changed"), ("unchanged", "Unchanged"), ("refused", "Refused")]
    )
    changes = serializers.DictField(help_text="Field -> [old, new]; people and teams by id.")
    reason = serializers.CharField(help_text="Why it was refused.")


class BulkAnswer(serializers.Serializer):
    """The result of a bulk change."""

    dry_run = serializers.BooleanField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    batch = serializers.UUIDField(allow_null=True, help_text="With `at`, the key for the undo.")
    at = serializers.DateTimeField()
    rows = BulkRow(many=True)


class BulkUndoBody(Body):
    batch = serializers.UUIDField()
    at = serializers.DateTimeField(help_text="As the answer of the bulk change has it.")


class BulkUndoAnswer(serializers.Serializer):
    """The result of an undo.

    left: reference -> the fields that somebody has changed since. refused: reference -> why something else
    of the row was not restored.
    """

    restored = serializers.IntegerField()
    left = serializers.DictField()
    refused = serializers.DictField(child=serializers.CharField())


class BulkOfList(ApiView, ABC):
    """POST changes up to 1000 rows of a list in one transaction, or says what would happen.

    spec: the list. noun: of one row, as in "risk".
    """

    spec: ClassVar[ListSpec]
    noun: ClassVar[str]
    answers = {"POST": (200, BulkAnswer)}

    @abstractmethod
    def rows(self, request: Request) -> QuerySet:
        """Return the rows that the writer may see."""

    @abstractmethod
    def run(
        self, rows: QuerySet, change: dict[str, Any], *, by: Actor, at: datetime, is_dry: bool
    ) -> BulkResult:
        """Change the rows, or only plan it. change: the valid body under "change"."""

    def post(self, request: Request) -> Response:
        body = self.bodies["POST"]
        assert body is not None
        values = read(body, request)
        at, is_dry = clock.now(), values["dry_run"]
        rows = self._selected(request, values)
        result = self.run(rows, values["change"], by=self.by(request), at=at, is_dry=is_dry)
        return Response(
            {
                "dry_run": is_dry,
                **{name: result.count(name) for name in ("changed", "unchanged", "refused")},
                "batch": str(result.batch) if result.batch else None,
                "at": at,
                "rows": [_row(row) for row in result.rows],
            }
        )

    def _selected(self, request: Request, values: Mapping[str, Any]) -> QuerySet:
        """Return the selected rows that the writer may see. Raises ValidationError for an unknown one."""
        if ("ids" in values) == ("select" in values):
            raise ValidationError({"ids": ["Give either ids or select."]})
        rows = self.rows(request)
        if "ids" in values:
            found, unknown = bulk.named(rows, values["ids"])
            if unknown:
                raise ValidationError({"ids": [f"There is no {self.noun} “{unknown}”."]})
            return found
        query = {name: [text] for name, text in values["select"].items()}
        try:
            return bulk.matching(self.spec, rows, query, Reader(request.user, clock.today(), clock.now()))
        except BadQuery as error:
            raise ValidationError({f"select.{name}": [text] for name, text in error.errors.items()}) from None


def _row(row: PlannedChange) -> dict[str, Any]:
    return {
        "id": row.obj.pk,
        "reference": row.obj.reference,
        "outcome": row.outcome,
        "changes": {name: [_plain(old), _plain(new)] for name, (old, new) in row.changes.items()},
        "reason": row.refusal,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    return value.isoformat() if isinstance(value, date) else value


class Undone(Protocol):
    """The result of an undo: how many rows it restored, and what it left."""

    left: dict[str, list[str]]
    refused: dict[str, str]

    @property
    def count(self) -> int: ...


class UndoOfBulk(ApiView, ABC):
    """POST restores what your bulk change replaced, where nobody has changed it since."""

    bodies = {"POST": BulkUndoBody}
    answers = {"POST": (200, BulkUndoAnswer)}

    @abstractmethod
    def undo(self, batch: Any, done_at: datetime, *, by: Actor, at: datetime) -> Undone:
        """Undo the bulk change of this batch."""

    def post(self, request: Request) -> Response:
        values = read(BulkUndoBody, request)
        result = self.undo(values["batch"], values["at"], by=self.by(request), at=clock.now())
        return Response({"restored": result.count, "left": result.left, "refused": result.refused})
