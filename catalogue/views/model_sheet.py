"""The page that imports models from a table: choose a file, read what it would do, import it."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from catalogue.forms.model_sheet import ModelSheetForm
from catalogue.operations import model_sheet as operations
from kit import clock
from kit.refusals import Refused
from kit.rights import view_needs
from pages import uploads
from pages.answers import go, respond, toast
from pages.requests import actor
from people.permissions import SignedInRequest

TEMPLATE = "catalogue/model_import.html"


@require_http_methods(["GET", "POST"])
@view_needs("catalogue.model_add")
def model_import(request: SignedInRequest) -> HttpResponse:
    """Check a table on the first POST, import it on the one with `step=import`."""
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ModelSheetForm(*sent, is_too_large=bool(uploads.too_large(request)))
    context = {"form": form, "columns": operations.COLUMNS}
    if request.method != "POST":
        return respond(request, TEMPLATE, None, context)
    if not form.is_valid():
        return respond(request, TEMPLATE, None, context, status=422)
    is_check, by = request.POST.get("step") != "import", actor(request)
    try:
        rows = operations.take(form.sheet.header, form.sheet.rows, is_check=is_check, by=by, at=clock.now())
    except Refused as refusal:
        return respond(request, TEMPLATE, None, context, status=form.refuse(refusal))
    problems = sum(bool(row.problem) for row in rows)
    if not is_check and not problems:
        count = sum(row.result != "unchanged" for row in rows)
        return toast(
            request,
            go(request, reverse("catalogue:model_list")),
            f"Imported: {count} of {len(rows)} rows changed",
        )
    shown = {"rows": rows, "problems": problems, "text": form.text, "notes": form.sheet.notes}
    return respond(request, TEMPLATE, None, {**context, **shown}, status=422 if problems else 200)
