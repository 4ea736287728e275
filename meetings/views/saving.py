"""How every form here is saved: one operation, then on; or the same page with what was refused."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from kit.actor import Actor
from kit.refusals import ChangedMeanwhile, Refused
from pages.answers import go, toast


def by(request: HttpRequest) -> Actor:
    return Actor(request.user, "page")


def save(
    request: HttpRequest,
    form: Form,
    act: Callable[[dict[str, Any]], str],
    *,
    said: str,
    again: Callable[[Form, int], HttpResponse],
) -> HttpResponse:
    """Run `act` on what the form says; it returns where to go on to. again(form, status): the page anew."""
    if not form.is_valid():
        return again(form, 422)
    try:
        url = act(form.cleaned_data)
    except Refused as refusal:
        return again(form, take_in(form, refusal))
    return toast(request, go(request, url), said)


def take_in(form: Form, refusal: Refused) -> int:
    """Show a refusal on its field. Returns the status: 409 when somebody else was first, else 422.

    On a conflict the writer's text stays in the form, the present row is `form.theirs`, and saving again is
    saving over it knowingly.
    """
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, refusal.message)
    if not isinstance(refusal, ChangedMeanwhile):
        return 422
    form.theirs = refusal.present  # type: ignore[attr-defined]
    if "version" in form.fields:
        data: Any = form.data.copy()  # type: ignore[attr-defined]  # what was posted is a QueryDict
        data[form.add_prefix("version")] = str(refusal.present.version)  # type: ignore[attr-defined]
        form.data = data
    return 409


def act(request: HttpRequest, does: Callable[[], Any], *, back: str, said: str) -> HttpResponse:
    """A button: run it and go back; a refusal is told there."""
    try:
        does()
    except Refused as refusal:
        return toast(request, go(request, back), refusal.message)
    return toast(request, go(request, back), said)


def back_to(request: HttpRequest, otherwise: str) -> str:
    """Where the form says it came from, when that is ours."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}) else otherwise


def version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
