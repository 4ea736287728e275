"""The pages of imports: upload a sheet, say what its columns mean, read the results, import."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kit.rights import view_needs
from lists.specification import Selection
from pages import flows, uploads
from pages.answers import go, respond, toast
from pages.forms import PageForm
from pages.listing import listing, selection_of
from pages.requests import page_of
from people.permissions import SignedInRequest
from risklog.filters.imports import IMPORT_ROWS
from risklog.forms.imports import MappingForm, ReadingForm, UploadForm
from risklog.models import Import
from risklog.operations import import_run as run_operations
from risklog.operations import import_undo as undo_operations
from risklog.operations import imports as operations
from risklog.queries import imports as queries
from risklog.states import ImportState, RowResult


@dataclass(frozen=True, slots=True)
class ResultTab:
    """A tab over the rows. query: the query string that chooses its rows."""

    label: str
    count: int
    query: str
    is_current: bool


_CHECKED = "Checked. Nothing is imported yet."


def address_of(found: Import) -> str:
    return reverse("risklog:import_detail", args=[found.pk])


def _import(request: HttpRequest, pk: int) -> Import:
    return get_object_or_404(queries.of_author(request.user), pk=pk)  # type: ignore[arg-type]  # signed in


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_import")
def import_list(request: SignedInRequest) -> HttpResponse:
    """Show the imports of the reader, with the form that starts one."""
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, is_too_large=bool(uploads.too_large(request)))

    def show(form: UploadForm, status: int) -> HttpResponse:
        page = page_of(queries.of_author(request.user), ("-id",), request)
        context = {"form": form, "page": page, "columns": queries.COLUMNS.values()}
        return respond(request, "risklog/import_list.html", None, context, status=status)

    return flows.create(
        request, form, operation=operations.read, address=address_of, show=show, message="File read"
    )


@require_http_methods(["GET", "POST"])
@view_needs("risklog.risk_import")
def import_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show an import with the results of its rows. POST checks it with the mapping of the form."""
    found = _import(request, pk)

    def show(form: MappingForm, status: int) -> HttpResponse:
        return respond(
            request, "risklog/import_detail.html", None, _context(request, found, form), status=status
        )

    return flows.step(
        request,
        found,
        MappingForm(request.POST if request.method == "POST" else None, found=found),
        permission="risklog.risk_import",
        operation=run_operations.check,
        address=lambda: address_of(found) + ("" if found.is_running else "#results"),
        show=show,
        message=lambda: "The check has started" if found.is_running else _CHECKED,
    )


@require_POST
@view_needs("risklog.risk_import")
def import_read(request: SignedInRequest, pk: int) -> HttpResponse:
    """Read the file of an import in another way: another sheet, or another encoding."""
    found = _import(request, pk)

    def show(form: ReadingForm, status: int) -> HttpResponse:
        context = {**_context(request, _import(request, pk), MappingForm(found=found)), "reading": form}
        return respond(request, "risklog/import_detail.html", None, context, status=status)

    return flows.step(
        request,
        found,
        ReadingForm(request.POST, found=found),
        permission="risklog.risk_import",
        operation=operations.read_again,
        address=address_of(found),
        show=show,
        message="File read again",
    )


def _context(request: SignedInRequest, found: Import, form: MappingForm) -> dict[str, Any]:
    selection = selection_of(request, IMPORT_ROWS)
    shown = listing(request, IMPORT_ROWS, queries.rows_of(found), selection=selection)
    return {
        "found": found,
        "form": form,
        "reading": ReadingForm(found=found) if found.has_choices else None,
        "progress": queries.progress_for(found),
        "left": queries.left_of([{"left": found.left}], request.user)[0],
        "counts": (counts := queries.counts(found)),
        "page": shown.page,
        "lines": queries.lines(shown.page.rows, found.header, request.user) if found.checked_at else (),
        "tabs": _tabs(counts, selection),
    }


def _tabs(counts: queries.Counts, selection: Selection) -> list[ResultTab]:
    return [
        ResultTab("All", counts.total, "", not selection.is_narrowed),
        *(
            ResultTab(
                str(result.label), counts.of(result), f"result={result}", selection.has("result", result)
            )
            for result in RowResult
        ),
    ]


@require_POST
@view_needs("risklog.risk_import")
def import_apply(request: SignedInRequest, pk: int) -> HttpResponse:
    found = _import(request, pk)
    return flows.press(
        request,
        found,
        permission="risklog.risk_import",
        operation=run_operations.apply,
        address=address_of(found),
        message=lambda: "Imported" if found.is_applied else "The import has started",
    )


@require_safe
@view_needs("risklog.risk_import")
def import_progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """Return how far an import is. When it is finished, the browser loads its page again."""
    found = _import(request, pk)
    if progress := queries.progress_for(found):
        return respond(request, "risklog/_import_progress.html", None, {"found": found, "progress": progress})
    gone = go(request, address_of(found))
    return gone if found.problem else toast(request, gone, _done(found))


def _done(found: Import) -> str:
    """Return what a worker has done with an import."""
    if found.state == ImportState.UNDONE:
        return undo_operations.as_text(found)
    return "Imported" if found.state == ImportState.APPLIED else _CHECKED


@require_POST
@view_needs("risklog.risk_import")
def import_cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel what a worker does with an import."""
    found = _import(request, pk)
    return flows.press(
        request,
        found,
        permission="risklog.risk_import",
        operation=run_operations.cancel,
        address=address_of(found),
        message=lambda: "Cancelling. It stops in a moment." if found.is_running else "Cancelled",
    )


@require_POST
@view_needs("risklog.risk_import")
def import_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    """Undo an import that was applied, and tell what stays as it is."""
    found = _import(request, pk)
    return flows.step(
        request,
        found,
        PageForm(request.POST),
        permission="risklog.risk_import",
        operation=run_operations.undo,
        address=address_of(found),
        show=lambda form, status: _refused(request, found, form),
        message=lambda: "The undo has started" if found.is_running else undo_operations.as_text(found),
    )


def _refused(request: SignedInRequest, found: Import, form: PageForm) -> HttpResponse:
    """Lead back to the import with the reason why nothing was undone."""
    errors = [str(error) for error in form.non_field_errors()]
    return toast(request, go(request, address_of(found)), " ".join(errors))


@require_POST
@view_needs("risklog.risk_import")
def import_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    found = _import(request, pk)
    return flows.press(
        request,
        found,
        permission="risklog.risk_import",
        operation=operations.delete,
        address=reverse("risklog:import_list"),
        message="Import deleted. Risks that it created stay.",
    )
