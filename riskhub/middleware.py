"""Headers on every answer; what no page can store is refused at the door."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",  # of ours, only a mail lets itself be framed
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Nothing inline, nothing from elsewhere, no nonce."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        answer.setdefault("Content-Security-Policy", POLICY)
        return answer

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """PostgreSQL keeps no NUL character: in an address it is 404, in a query or form a bad request.

    The API answers for its own bodies and parameters, by name (rest.resource, rest.bodies).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        if not request.path_info.startswith("/api/") and (_has_nul(request.GET) or _has_nul(request.POST)):
            raise BadRequest("A NUL character cannot be kept. Leave it out.")
        return get_response(request)

    return middleware


def _has_nul(fields: QueryDict) -> bool:
    return any("\x00" in text for name, values in fields.lists() for text in (name, *values))
