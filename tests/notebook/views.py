"""The pages of notes: the list, a note, writing one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kit.rights import view_needs
from pages import flows
from pages.answers import respond
from pages.flows import form_page
from pages.listing import listing
from tests.notebook import operations
from tests.notebook.filters import SPEC
from tests.notebook.forms import NoteForm
from tests.notebook.models import Note


@require_safe
@view_needs("notebook.note_view")
def note_list(request: HttpRequest) -> HttpResponse:
    shown = listing(request, SPEC, Note.objects.visible_to(request.user).select_related("subject"))
    return respond(request, "notebook/note_list.html", None, {"listing": shown, "page": shown.page})


@require_safe
@view_needs("notebook.note_view")
def note_detail(request: HttpRequest, reference: str) -> HttpResponse:
    rows = Note.objects.visible_to(request.user).select_related("subject", "reader")
    note = get_object_or_404(rows, subject__reference=reference)
    return respond(request, "notebook/note_detail.html", None, {"note": note})


@require_http_methods(["GET", "POST"])
@view_needs("notebook.note_add")
def note_create(request: HttpRequest) -> HttpResponse:
    return flows.create(
        request,
        NoteForm(request.POST or None, user=request.user),
        operation=operations.add,
        address=lambda note: reverse("notebook:note_detail", args=[note.reference]),
        show=form_page(request, "notebook/note_create.html"),
        message="Note added",
    )
