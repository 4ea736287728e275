"""The resource that sends the export of a list."""

from abc import ABC, abstractmethod
from typing import ClassVar

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kit import clock
from lists.exporting import Export
from lists.specification import BadQuery, ListSpec, Reader
from rest.resource import ApiView


class ExportOfList(ApiView, ABC):
    """GET streams all rows of a list, with its filters and its order, in the format of ?format=.

    export: what the list exports.
    """

    export: ClassVar[Export]

    @abstractmethod
    def rows(self, request: Request) -> QuerySet:
        """Return the rows that the reader may see."""

    @property
    def spec(self) -> ListSpec:
        return self.export.spec

    def known_parameters(self, request: Request) -> frozenset[str] | None:
        """Leave the parameters to the export, which refuses unknown ones."""
        return None

    def get(self, request: Request) -> StreamingHttpResponse:
        reader = Reader(request.user, clock.today(), clock.now())
        site = request.build_absolute_uri("/").rstrip("/")
        try:
            selection, form = self.export.read(dict(request.query_params.lists()))
            file = self.export.file(self.rows(request), selection, form, reader, site=site)
        except BadQuery as error:
            raise ValidationError({name: [text] for name, text in error.errors.items()}) from None
        answer = StreamingHttpResponse(file.chunks, content_type=file.content_type)
        answer.shown = file.shown  # type: ignore[attr-defined]  # read by the log of auditors
        answer["Content-Disposition"] = content_disposition_header(True, file.name)
        return answer
