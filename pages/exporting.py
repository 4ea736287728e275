"""The page that sends the export of a list."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from lists.exporting import Export
from lists.specification import BadQuery, Reader, Selection
from pages.listing import reader_of

FORMATS = (("csv", "CSV"), ("xlsx", "Excel (XLSX)"), ("json", "JSON"))


def export_addresses(base: str, selection: Selection) -> list[tuple[str, str]]:
    """Return (label, address) of the export of a list in each format: the rows as shown, in their order.

    base: the path of the export.
    """
    query = {"order": selection.order}
    return [(label, f"{base}?{selection.query(**query, format=form)}") for form, label in FORMATS]


def send_export(
    request: HttpRequest, export: Export, rows: Callable[[Selection, Reader], QuerySet[Any]]
) -> StreamingHttpResponse:
    """Stream the rows of the list whose query the address has, in the format of ?format=.

    rows: a function from the selection and the reader to the rows that the list page would filter. Raises
    BadRequest, a 400 page that names parameter and fix.
    """
    reader = reader_of(request)
    try:
        selection, form = export.read({name: texts for name, texts in request.GET.lists() if any(texts)})
        file = export.file(
            rows(selection, reader),
            selection,
            form,
            reader,
            site=request.build_absolute_uri("/").rstrip("/"),
            is_for_spreadsheets=True,
        )
    except BadQuery as error:
        problems = (f"{name}: {message}" for name, message in error.errors.items())
        raise BadRequest(" ".join(problems)) from None
    answer = StreamingHttpResponse(file.chunks, content_type=file.content_type)
    answer.shown = file.shown  # type: ignore[attr-defined]  # read by the log of auditors
    answer["Content-Disposition"] = content_disposition_header(True, file.name)
    return answer
