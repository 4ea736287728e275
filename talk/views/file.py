"""The pages of files: attaching, showing, downloading, removing them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from kit import clock
from kit.kinds import url_of
from kit.refusals import Refused
from kit.rights import may, view_needs
from pages import downloads, flows
from pages.answers import respond
from pages.flows import form_page
from pages.requests import actor
from people.permissions import SignedInRequest
from talk.forms import NewFileForm
from talk.models import File
from talk.operations import file as operations
from talk.queries import file as queries

# Step -> (permission, operation, message, the step that reverses it).
STEPS: dict[str, tuple[str, Any, str, str]] = {
    "remove": ("talk.file_remove", operations.remove, "File removed", "restore"),
    "restore": ("talk.file_restore", operations.restore, "File restored", "remove"),
}


def _file(request: HttpRequest, pk: int) -> File:
    return get_object_or_404(queries.files().visible_to(request.user), pk=pk)


@require_POST
@view_needs("talk.file_add")
def file_add(request: SignedInRequest) -> HttpResponse:
    """Attach a file, once for each rendered form. A script gets JSON (static/js/attachments.js)."""
    form = NewFileForm(request.POST, request.FILES, user=request.user, request=request)
    if request.headers.get("Accept") == "application/json":
        return _added_by_script(request, form)
    return flows.create(
        request,
        form,
        operation=operations.add,
        address=lambda file: f"{url_of(file.about)}#files",
        show=form_page(request, "talk/file_add.html"),
        message=lambda file: f"{file.name} attached",
    )


def _added_by_script(request: HttpRequest, form: NewFileForm) -> JsonResponse:
    """Attach a file, and return its Markdown for the comment that is being written; 422 with the error."""
    try:
        if form.is_valid():
            file = operations.add(**form.values(), by=actor(request), at=clock.now())
            return JsonResponse({"name": file.name, "markdown": file.markdown}, status=201)
    except Refused as refusal:
        form.refuse(refusal)
    return JsonResponse({"error": form.first_error}, status=422)


@require_safe
@view_needs("talk.file_view")
def file(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a file: its preview, if it is an image, its type, size and checksum."""
    found = _file(request, pk)
    context = {
        "file": found,
        "about_url": url_of(found.about),
        "may_step": may(request.user, STEPS["remove" if found.is_attached else "restore"][0], found),
    }
    return respond(request, "talk/file_detail.html", None, context)


@require_safe
@view_needs("talk.file_view")
def file_content(request: SignedInRequest, pk: int, name: str) -> HttpResponseBase:
    """Download the content of an attached file."""
    found = _file(request, pk)
    opened = queries.content(found)
    if opened is None:
        raise Http404
    return downloads.download(request, opened, **found.download)


@require_POST
@view_needs("talk.file_remove")
def file_step(request: SignedInRequest, pk: int, step: str) -> HttpResponse:
    """Remove a file, or take that back."""
    found = _file(request, int(pk))
    permission, operation, message, undo_step = STEPS[step]
    return flows.press(
        request,
        found,
        permission=permission,
        operation=operation,
        address=reverse("talk:file", args=[found.pk]),
        message=message,
        undo=reverse("talk:file_step", args=[found.pk, undo_step]),
    )
