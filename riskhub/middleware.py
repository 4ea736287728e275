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


def refuse_unreadable(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 404 for a path with NUL, which PostgreSQL cannot store, and 400 for a form that ended early.

    The API checks its own bodies and parameters and names them (rest.resource, rest.bodies).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        try:
            if not request.path_info.startswith("/api/"):
                request.POST  # noqa: B018 - reads the form
        except UnreadablePostError:
            raise BadRequest("The form was not sent completely. Send it again.") from None
        return get_response(request)

    return middleware


def clean_texts(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Remove invisible characters (kit.texts) and NUL from posted texts and from the parameters of pages.

    So "required" and length limits apply to the text that will be stored. One-line fields lose their line
    breaks when they are stored (history.cleaning). A name stays, so that a list refuses it. Passwords are not
    changed; their fields refuse NUL. The API refuses NUL in its bodies (rest.bodies) and cleans the texts in
    them (rest.fields).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            request.GET = _cleaned(request.GET)  # type: ignore[assignment]  # the stubs have the immutable type
            if request.method == "POST":
                request.POST = _cleaned(request.POST)  # type: ignore[assignment]  # as above
        return get_response(request)

    return middleware


def _cleaned(fields: QueryDict) -> QueryDict:
    found = QueryDict(mutable=True, encoding=fields.encoding)
    for name, values in fields.lists():
        kept = values if name in _PASSWORDS else [_clean(value) for value in values]
        found.setlist(name, kept)
    found._mutable = False
    return found


def _clean(text: str) -> str:
    return many_lines(text.replace("\x00", ""))
