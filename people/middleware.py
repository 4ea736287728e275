"""Middleware: every page uses the time zone of the reader and needs a sign-in, unless it is open."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kit import clock
from kit.rights import OPEN
from people import queries

SAFE = ("GET", "HEAD")


def readers_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", "/static/", "/livez", "/readyz")):
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
            return redirect_to_login(request.get_full_path())
        if name is None:
            raise PermissionDenied
        return None
