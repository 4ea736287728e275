"""Middleware: every page uses the time zone of the reader and needs a sign-in, unless it is open."""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from history.models import Subject
from kit import clock, references
from kit.actor import Actor
from kit.rights import OPEN
from pages.answers import is_fragment, vary
from people import queries
from people.authentication import demanded, sessions
from people.models import User
from people.operations import auditor

SAFE = ("GET", "HEAD")
# They answer while the database does not, and show no object.
_WITHOUT_READER = ("/static/", "/livez", "/readyz", "/healthz/", "/metrics")
_IN_MEMORY = 1_000_000  # bytes of a streamed answer that are kept in memory; the rest is on disk


def readers_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", *_WITHOUT_READER)):
            with clock.ahead_by(timedelta(0)):  # rest.resource moves it once the sender is known
                return get_response(request)
        # Read once for each request. riskhub/shell.py shows its name on every page.
        organisation = queries.organisation()
        request.organisation = organisation  # type: ignore[attr-defined]  # our own attribute
        # A write reads the organisation again, because it may change it.
        known = organisation if request.method in SAFE else None
        with (
            clock.ahead_by(organisation.ahead_by if organisation else timedelta(0)),
            timezone.override(queries.zone_of(request.user, organisation)),
            queries.known_organisation(known),
        ):
            return get_response(request)

    return middleware


class sign_in_required:
    """Denies by default: refuses a view without a permission; redirects to the sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if hasattr(view, "view_class") or hasattr(view, "cls"):
            return None  # the API checks permissions itself and answers 401
        name = getattr(view, "permission", None)
        if name == OPEN:
            return None
        if not request.user.is_authenticated:
            return _signed_out(request)
        if name is None:
            raise PermissionDenied
        sessions.note_seen(request)
        return _without_factor(request)


def _without_factor(request: HttpRequest) -> HttpResponse | None:
    """Lead a person whose role needs a second factor to the page where they add one."""
    here = request.resolver_match.view_name if request.resolver_match else ""
    if here in demanded.ALLOWED or not demanded.is_missing(request):
        return None
    if is_fragment(request):
        return vary(HttpResponse(demanded.ADVICE, status=403))
    return HttpResponseRedirect(reverse("people:security"), status=303)


def _signed_out(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in. A part of a page that htmx requests gets a notice with the link instead.

    htmx would follow the redirect and put the page of the sign-in where the part belongs.
    """
    if not is_fragment(request):
        return redirect_to_login(_page_of(request))
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by HtmxMiddleware
    context = {"next": htmx.current_url_abs_path or "/"}
    return vary(render(request, "errors/signed_out.html", context, status=401))


def _page_of(request: HttpRequest) -> str:
    """Return the address of the page: of a form that was sent, the page it was on.

    The address that a form is sent to often answers no GET, which is what follows a sign-in.
    """
    if request.method in SAFE:
        return request.get_full_path()
    sent_from = urlsplit(request.headers.get("Referer", ""))
    if sent_from.netloc != request.get_host():
        return "/"
    return f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path or "/"


def log_auditors(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Log what auditors read. An answer that cannot be logged is not sent. A write is no reading."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(_WITHOUT_READER):
            return response
        reader = request.user  # the API sets the owner of the token
        is_read = request.method in SAFE and response.status_code < 300
        if is_read and isinstance(reader, User) and reader.is_auditing:
            auditor.note_reading(
                reader,
                request.get_full_path(),
                _restricted(response),
                by=Actor(reader, "page"),
                at=clock.now(),
            )
        return response

    return middleware


def _restricted(response: HttpResponse) -> list[str]:
    """Return the references of the restricted objects that an answer shows.

    A streamed file says itself which references it has (`shown`). It is made before it is sent.
    """
    if response.streaming:
        _make(response)
        shown: set[str] = getattr(response, "shown", set())
    else:
        shown = references.found_in(response.content.decode(errors="replace"))
    rows = Subject.objects.filter(reference__in=shown, viewers__isnull=False).order_by("reference")
    return [reference for reference in rows.values_list("reference", flat=True) if reference]


def _make(response: Any) -> None:
    """Make the whole content of a streamed answer, which then is sent from there."""
    made = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    made.writelines(response.streaming_content)
    made.seek(0)
    response.streaming_content = iter(lambda: made.read(65536), b"")
    response._resource_closers.append(made.close)
