"""Imports by API: send a sheet, read what would happen with each row, apply it."""

import json
from dataclasses import asdict
from typing import Any

from django.db.models import F, QuerySet
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.refusals import IllegalMove
from lists.sheets import ENCODINGS
from pages import uploads
from rest.bodies import TooLarge
from rest.fields import Body, Visible, read, refuse_fields
from rest.nested import NestedCollection
from rest.problems import refusal_answer
from rest.resource import Collection, Item, Resource
from rest.steps import Step
from risklog.columns import COLUMNS, DateOrder
from risklog.filters.imports import IMPORT_ROWS, IMPORTS
from risklog.models import Category, Import
from risklog.operations import import_run
from risklog.operations import imports as operations
from risklog.queries import imports as queries
from risklog.states import RUNNING_IMPORTS, ImportState, ImportTask, RowResult


class ProgressRead(serializers.Serializer):
    """What a worker does, and how far it is: rows done of rows in all."""

    task = serializers.ChoiceField(ImportTask.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ImportRead(serializers.Serializer):
    """An import of yours. Its rows are below /imports/{id}/rows."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    file_name = serializers.CharField()
    state = serializers.ChoiceField(ImportState.choices)
    header = serializers.ListField(child=serializers.CharField())
    mapping = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        help_text="For each column its field, empty for one that is left out.",
    )
    notes = serializers.ListField(child=serializers.CharField(), help_text="How the file was read.")
    date_order = serializers.ChoiceField(DateOrder.choices)
    category_id = serializers.IntegerField(allow_null=True, help_text="For rows without a category.")
    creates_categories = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    checked_at = serializers.DateTimeField(allow_null=True)
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    sheet = serializers.CharField(help_text="The sheet that was read. Empty for text.")
    sheets = serializers.ListField(child=serializers.CharField(), help_text="The visible sheets of the file.")
    encoding = serializers.CharField(help_text="Of a text that is not Unicode: as it was read. Else empty.")
    problem = serializers.CharField(
        help_text="Why a worker did not finish its task. Nothing of it is kept then. Else empty."
    )
    cancel_asked_at = serializers.DateTimeField(
        allow_null=True, help_text="When you cancelled the present or the last task of a worker."
    )
    restored = serializers.IntegerField(
        allow_null=True, help_text="Risks whose values its undo restored. Null before the undo."
    )
    closed = serializers.IntegerField(
        allow_null=True, help_text="Created risks that its undo closed. Null before the undo."
    )
    left = serializers.DictField(
        child=serializers.CharField(), help_text="Reference of a risk that its undo left as it is -> why."
    )
    progress = ProgressRead(
        allow_null=True,
        help_text="While its state is “checking”, “applying” or “undoing”. Nothing is written before all is.",
    )
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Rows by result: new, changed, unchanged, refused, unchecked.",
    )


class ImportRowRead(serializers.Serializer):
    """A row of a sheet and what happens with it."""

    id = serializers.IntegerField()
    line = serializers.IntegerField(help_text="Its line in the file, from 1.")
    result = serializers.ChoiceField(RowResult.choices, allow_null=True)
    changes = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True)),
        help_text="[field, old value, new value] of each value that is written.",
    )
    problems = serializers.ListField(
        child=serializers.ListField(), help_text="[column from 0 or null, message] of each refused cell."
    )
    remarks = serializers.ListField(child=serializers.CharField())
    risk_reference = serializers.CharField(allow_null=True)


class NewImport(Body):
    """A multipart form with the file. The answer is checked: a dry run.

    A worker checks a sheet of more than 200 rows. Its state is “checking” then.
    """

    file = serializers.FileField(allow_empty_file=True, help_text="CSV, XLSX, XLS or ODS, up to 25 MB.")
    kind = serializers.ChoiceField([("risks", "Risks")], default="risks")
    mapping = serializers.CharField(
        required=False,
        help_text='JSON: {"header of the column": "field"}. Without it the fields are guessed. '
        f"Fields: {', '.join(COLUMNS)}.",
    )
    sheet = serializers.CharField(
        required=False, max_length=200, help_text="The sheet to read. Without it the first one with rows."
    )
    encoding = serializers.ChoiceField(
        list(ENCODINGS.items()),
        required=False,
        help_text="Of a text that is not Unicode. Without it a guess.",
    )
    date_order = serializers.ChoiceField(DateOrder.choices, default=DateOrder.AUTO)
    category = Visible(
        "category", lambda user: Category.objects.visible_to(user).filter(is_retired=False), required=False
    )
    creates_categories = serializers.BooleanField(default=False)
    dry_run = serializers.BooleanField(
        default=True,
        help_text="False: apply it, unless a row is refused. Then its state stays “checked”. "
        f"A worker checks and applies more than {import_run.AT_ONCE} rows: its state is “applying” then.",
    )

    def validate_mapping(self, text: str) -> dict[str, str]:
        try:
            mapping = json.loads(text)
        except ValueError:
            mapping = None
        if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping.values()):
            raise serializers.ValidationError('Send JSON: {"header of the column": "field"}.')
        return mapping


# Seconds after which a client reads again how far an import is.
_RETRY_AFTER = "1"


class _Imports(Resource):
    kind = "import"
    serializer_class = ImportRead
    columns = {name: name for name in ImportRead().fields if name not in {"counts", "progress"}}

    def rows(self, request: Request) -> QuerySet:
        return queries.of_author(request.user)

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        ids = [row["id"] for row in rows]
        numbers, progress = queries.counts_of(ids), queries.progress_of(ids)
        for row, left in zip(rows, queries.left_of(rows, request.user), strict=True):
            row["counts"], row["left"] = asdict(numbers[row["id"]]), left
            one = progress.get(row["id"]) if row["state"] in RUNNING_IMPORTS else None
            row["progress"] = {"task": one.task, "done": one.done, "total": one.total} if one else None
        return rows

    def answer_of(self, request: Request, found: Import) -> Response:
        """Return 200 with the result, or 202 with the address that has the progress while a worker has it."""
        if not found.is_running:
            return self.answer(request, found.pk)
        answer = self.answer(request, found.pk, 202)
        answer["Location"], answer["Retry-After"] = f"/api/v1/imports/{found.pk}", _RETRY_AFTER
        return answer


class Imports(_Imports, Collection):
    """List your imports of the last 30 days. POST sends a sheet and checks it."""

    permission = {"GET": "risklog.risk_import", "POST": "risklog.risk_import"}
    bodies = {"POST": NewImport}
    spec = IMPORTS
    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        if not request.FILES and uploads.too_large(request._request):
            raise TooLarge(f"The file is larger than {uploads.limit_text()}. Save the sheet as CSV.")
        values = read(NewImport, request)
        values.pop("kind")
        file = values.pop("file")
        found = operations.take(file, name=file.name, **values, by=self.by(request), at=clock.now())
        answer = self.created(request, found.pk, f"imports/{found.pk}")
        if found.is_running:
            answer["Retry-After"] = _RETRY_AFTER
        return answer


class ImportItem(_Imports, Item):
    """Get an import of yours.

    While a worker has a task of it, only `progress` changes. The answer has no ETag then, and is never 304.
    """

    permission = {"GET": "risklog.risk_import"}

    def get(self, request: Request, key: str) -> Response:
        row = self.one(request, key)
        if row["state"] in RUNNING_IMPORTS:
            return Response(row, headers={"Retry-After": _RETRY_AFTER})
        return self.answer(request, key, body=row)


class ApplyImport(_Imports, Step):
    """Create and change the risks of all rows, or of none: 422 if a row is refused.

    409 if something changed since the check. The rows then have their new results. A worker applies an
    import of more than 200 rows: the answer is 202, and the import becomes “applied”, or “checked” again
    with a `problem`.
    """

    permission = {"POST": "risklog.risk_import"}
    answers = {"POST": (200, ImportRead)}
    accepted = f"A worker applies its rows, because they are more than {import_run.AT_ONCE}."
    is_versioned = True

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        seen = self.seen(request, found)
        refuse_fields(request)
        try:
            import_run.apply(found, by=self.by(request), at=clock.now(), seen=seen)
        except IllegalMove as refusal:
            # An answer keeps what was stored; an exception would roll it back (rest.idempotency).
            return refusal_answer(refusal)
        return self.answer_of(request, found)


class UndoImport(_Imports, Step):
    """Restore the values that an import changed, and close the risks that it created.

    What somebody has changed since stays as it is, and is named in `left`. Created categories and tags stay.
    A worker undoes an import that wrote more than 200 rows: the answer is 202, and the import becomes
    “undone”, or “applied” again with a `problem`.
    """

    permission = {"POST": "risklog.risk_import"}
    answers = {"POST": (200, ImportRead)}
    accepted = f"A worker undoes its rows, because they are more than {import_run.AT_ONCE}."
    is_versioned = True

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        seen = self.seen(request, found)
        refuse_fields(request)
        import_run.undo(found, by=self.by(request), at=clock.now(), seen=seen)
        return self.answer_of(request, found)


class CancelImport(_Imports, Step):
    """Cancel what a worker does with an import: its check, its import or its undo. Nothing of it is kept.

    If a worker is at it, it stops at its next part: the answer is 202. 409 if the work is complete: an import
    that is applied can be undone instead.
    """

    permission = {"POST": "risklog.risk_import"}
    answers = {"POST": (200, ImportRead)}
    accepted = "The worker stops at its next part."

    def post(self, request: Request, key: str) -> Response:
        found = self.found(request, key)
        refuse_fields(request)
        import_run.cancel(found, by=self.by(request), at=clock.now())
        return self.answer_of(request, found)


class ImportRows(NestedCollection):
    """List the rows of an import, with what happens or would happen with each."""

    permission = {"GET": "risklog.risk_import"}
    parent_reference = ""
    serializer_class = ImportRowRead
    spec = IMPORT_ROWS
    columns = {
        **{name: name for name in ImportRowRead().fields if name != "risk_reference"},
        "risk_reference": "risk__subject__reference",
    }

    def parents(self, request: Request) -> QuerySet[Import]:
        return queries.of_author(request.user)

    def as_values(self, rows: QuerySet) -> QuerySet:
        return super().as_values(rows).annotate(risk_id=F("risk_id"))

    def finish(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """Hide what a row says of a risk that the reader may not see (any more). One query."""
        hidden = queries.hidden_risks((row["risk_id"] for row in rows), request.user)
        for row in rows:
            if row.pop("risk_id") in hidden:
                row |= {"risk_reference": None, "changes": [], "remarks": []}
                row |= {"result": RowResult.REFUSED, "problems": [[None, queries.HIDDEN]]}
        return rows

    def rows(self, request: Request) -> QuerySet:
        return queries.rows_of(self.parent(request))


RESOURCES: list = [
    ("imports", Imports),
    ("imports/<str:key>", ImportItem),
    ("imports/<str:key>/apply", ApplyImport),
    ("imports/<str:key>/undo", UndoImport),
    ("imports/<str:key>/cancel", CancelImport),
    ("imports/<str:key>/rows", ImportRows),
]
