"""Pages for what went wrong: whole pages for browsers, fragments for htmx, problem+json for the API."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token

from riskhub.api import PROBLEM, described

_DETAILS = {
    400: "This request cannot be read.",
    403: "This is not yours to do.",
    404: "There is no such address. /api/v1/ lists them all.",
    500: "Something went wrong here, and it was written down. Send it again later.",
}


def _answer(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        body = described(status, detail or _DETAILS[status])
        return JsonResponse(body, status=status, content_type=PROBLEM)
    fragment = "_fragment" if getattr(request, "htmx", False) else ""
    return render(request, f"errors/{status}{fragment}.html", {"detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """A BadRequest that a view raised names the parameter and the fix; others are not for people to read."""
    return _answer(request, 400, str(exception) if type(exception) is BadRequest else "")


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(
        request, 403, "This form had gone stale. Go back, load the page again and send it once more."
    )
