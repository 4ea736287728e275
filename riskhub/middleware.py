"""Headers on every response, pages for refused methods, and the refusal or cleaning of input."""

from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, UnreadablePostError

from kit.texts import many_lines
from riskhub import errors

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",  # only the page of a mail may be framed
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


_PASSWORDS = frozenset({"password", "again", "current"})  # the fields of people/forms.py


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set the content security policy: no inline code, nothing from other sites, no nonce."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        answer.setdefault("Content-Security-Policy", POLICY)
        return answer

    return middleware


def explain_refused_method(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give an empty 405 a page: a browser that opens the address of a form by GET would show nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        is_empty = answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not answer.content
        return errors.method_not_allowed(request, answer["Allow"]) if is_empty else answer

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse NUL, which PostgreSQL cannot store: 404 for it in a path, 400 for it in a query or a form.

    400 also for a form whose connection broke. The API checks its own bodies and parameters and names them
    (rest.resource, rest.bodies).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        try:
            is_page = not request.path_info.startswith("/api/")
            has_nul = is_page and (_has_nul(request.GET) or _has_nul(request.POST))
        except UnreadablePostError:
            raise BadRequest("The form was not sent completely. Send it again.") from None
        if has_nul:
            raise BadRequest("A NUL character cannot be stored. Remove it.")
        return get_response(request)

    return middleware


def clean_posted_texts(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Remove invisible characters (kit.texts) from posted texts, before a form or view checks them.

    So "required" and length limits apply to the text that will be stored. One-line fields lose their line
    breaks when they are stored (history.cleaning). Passwords are not changed. The API cleans its own bodies
    (rest.resource).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and not request.path_info.startswith("/api/"):
            request.POST = _cleaned(request.POST)  # type: ignore[assignment]  # the stubs have the immutable type
        return get_response(request)

    return middleware


def _cleaned(fields: QueryDict) -> QueryDict:
    found = fields.copy()
    for name, values in fields.lists():
        if name not in _PASSWORDS:
            found.setlist(name, [many_lines(value) for value in values])
    found._mutable = False
    return found


def _has_nul(fields: QueryDict) -> bool:
    return any("\x00" in text for name, values in fields.lists() for text in (name, *values))
