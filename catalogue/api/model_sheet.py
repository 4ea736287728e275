"""The API that imports models, aliases and versions from CSV."""

import io

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalogue.operations import model_sheet as operations
from kit import clock
from kit.refusals import Refused
from lists import sheets
from rest.fields import Body, read
from rest.resource import ApiView


class ModelImportBody(Body):
    csv = serializers.CharField(max_length=2_000_000, help_text=f"Columns: {', '.join(operations.COLUMNS)}.")
    dry_run = serializers.BooleanField(default=False, help_text="true: only say what would happen.")


class ModelImportRow(serializers.Serializer):
    line = serializers.IntegerField()
    model = serializers.CharField()
    version = serializers.CharField()
    result = serializers.CharField(help_text="Such as `new model, new version`, `unchanged` or `refused`.")
    column = serializers.CharField(help_text="Where the problem is.")
    problem = serializers.CharField()


class ModelImportResult(serializers.Serializer):
    """What each row did, or would do. is_imported: false for a dry run, and if a row has a problem."""

    is_imported = serializers.BooleanField()
    rows = ModelImportRow(many=True)


class ModelImport(ApiView):
    """Import models, their aliases and versions: all rows, or none. The same table again changes nothing."""

    permission = {"POST": "catalogue.model_add"}
    bodies = {"POST": ModelImportBody}
    answers = {"POST": (200, ModelImportResult)}
    serializer_class = ModelImportResult

    def post(self, request: Request) -> Response:
        values = read(ModelImportBody, request)
        try:
            sheet = sheets.read(io.BytesIO(values["csv"].encode()), score=operations.known_columns)
        except sheets.Unreadable as error:
            raise Refused(error.message, field="csv") from None
        is_dry = values["dry_run"]
        rows = operations.take(sheet.header, sheet.rows, is_check=is_dry, by=self.by(request), at=clock.now())
        is_imported = not is_dry and not any(row.problem for row in rows)
        return Response(ModelImportResult({"is_imported": is_imported, "rows": rows}).data)


RESOURCES = [("models/import", ModelImport)]
