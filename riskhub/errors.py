"""Pages for errors: whole pages for browsers, fragments for htmx, problem+json for the API.

The pages from 500 on are rendered without the request: no context processor runs, so nothing asks the
database, which may be what failed.
"""

import logging
import sys
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token
from django_guid import get_guid

from kit import database_trouble
from rest.problems import PROBLEM, described
from rest.unmigrated import FIX, is_unmigrated

log = logging.getLogger(__name__)

# What an API client reads.
_DETAILS = {
    400: "The request cannot be read.",
    403: "You do not have permission to do this.",
    404: "This address does not exist. /api/v1/ lists all addresses.",
    405: "This address does not accept this method.",
    500: "The server had an error and logged it. Send the request again later.",
    503: "The database does not answer. Send the request again in a moment.",
}
_UNMIGRATED = (
    "An administrator must run the migrations of this version. Nothing was saved. Try again in a moment.",
    "Riskhub is not ready yet",
)
RETRY_AFTER = 5  # seconds, after which a browser or tool may ask again


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person reads: the problem as a title, and what to do about it as a text."""

    title: str
    text: str


_EXPLANATIONS = {
    400: Explanation(
        "This request cannot be read",
        "Something in the link or the form is not valid. Go back and try again. "
        "If another tool made the link, check what it sends.",
    ),
    403: Explanation(
        "You do not have permission",
        "Your role does not allow this. The owner of the object or an administrator can do it for you "
        "or give you access.",
    ),
    404: Explanation(
        "Page not found",
        "The page does not exist, was moved, or is not visible to you. Search finds everything you can see.",
    ),
    405: Explanation(
        "This address only accepts a form",
        "Nothing was changed. Open the page that has the form and use its button.",
    ),
    500: Explanation(
        "Something went wrong",
        "The error is on our side and was logged. Your text is still on this page. Try again in a moment.",
    ),
    503: Explanation(
        "Riskhub cannot reach its database",
        "Nothing was saved. Your text is still on this page. Try again in a moment.",
    ),
}


def _answer(request: HttpRequest, status: int, detail: str = "", title: str = "") -> HttpResponse:
    """Answer with a page, with a notice for htmx, or with problem+json.

    detail, title: replace the general explanation and its title where the cause is known.
    """
    if request.path.startswith("/api/"):
        body = described(status, detail or _DETAILS[status])
        if status >= 500:
            body["request_id"] = get_guid()
        return JsonResponse(body, status=status, content_type=PROBLEM)
    explanation = _EXPLANATIONS[status]
    context = {"status": status, "title": title or explanation.title, "text": detail or explanation.text}
    if status >= 500:
        context["request_id"] = get_guid()  # the log has it too
    is_fragment = bool(getattr(request, "htmx", False))
    if status >= 500:
        page = "errors/503.html" if status == 503 else "errors/500.html"
        template = "errors/notice.html" if is_fragment else page
        return HttpResponse(render_to_string(template, context), status=status)
    template = "errors/notice.html" if is_fragment else "errors/page.html"
    return render(request, template, context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Show the text of a BadRequest that a view raised: it names the parameter and the fix.

    The texts of other exceptions are not written for people, so the general explanation is shown.
    """
    return _answer(request, 400, str(exception) if type(exception) is BadRequest else "")


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 404)


def method_not_allowed(request: HttpRequest, allow: str) -> HttpResponse:
    """allow: the methods that the address accepts, as in the header Allow."""
    answer = _answer(request, 405)
    answer["Allow"] = allow
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 with Retry-After if the database does not answer, else 500.

    Django calls this while it handles the exception, so the exception is the current one.
    """
    error = sys.exc_info()[1]
    if is_unmigrated(error):
        log.error("Migrations are waiting: %s. Fix: %s", str(error).partition("\n")[0], FIX)
        answer = _answer(request, 503, *_UNMIGRATED)
    elif database_trouble.is_unavailable(error):
        what, fix = database_trouble.described(error)
        log.error("%s. Fix: %s", what, fix)
        answer = _answer(request, 503)
    else:
        return _answer(request, 500)
    answer["Retry-After"] = str(RETRY_AFTER)
    answer["Cache-Control"] = "no-store"
    return answer


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = "Its token is not valid. Go back, reload the page and submit the form again."
    return _answer(request, 403, detail, title="This form has expired")
