"""Every page in the reader's zone; every page behind the sign-in unless it says it is open."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kit.rights import OPEN
from people import queries

SAFE = ("GET", "HEAD")


def readers_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/api/", "/static/", "/livez", "/readyz")):
            return get_response(request)
        # Read once a request, and kept for the shell, which shows its name on every page.
        found = request.organisation = queries.organisation()  # type: ignore[attr-defined]
        # What writes reads it anew: it may be the organisation that changes.
        at_hand = found if request.method in SAFE else None
        with timezone.override(queries.zone_of(request.user, found)), queries.organisation_at_hand(at_hand):
            return get_response(request)

    return middleware


class sign_in_required:
    """Deny by default: a view without a named permission is refused, one that is not open asks to sign in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if hasattr(view, "view_class") or hasattr(view, "cls"):
            return None  # the API checks for itself and answers 401
        name = getattr(view, "permission", None)
        if name == OPEN:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if name is None:
            raise PermissionDenied
        return None
