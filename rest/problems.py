"""Errors as application/problem+json (RFC 9457); `errors` names the fields at fault.

Do not import rest.resource here: rest_framework imports this module while rest.resource is being imported.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.settings import api_settings

from kit import database_trouble
from kit.refusals import Busy, ChangedMeanwhile, IllegalMove, Refused
from rest.bodies import TooLarge
from rest.unmigrated import is_unmigrated

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"


_UNMIGRATED = "Riskhub is not ready yet: the migrations of this version are waiting. Try again in a moment."


class NotNow(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database does not answer. Send the request again in a moment."
    wait = 4


_AS_API_EXCEPTION: tuple[tuple[type[Exception], Callable[[], exceptions.APIException]], ...] = (
    (Http404, lambda: exceptions.NotFound("The object does not exist or is not visible to you.")),
    (RequestDataTooBig, TooLarge),
    (UnreadablePostError, lambda: exceptions.ParseError("The body ended early. Send it again.")),
)
# The start of rest_framework's message for a body that no parser reads. It does not name the right type.
_NO_SUCH_TYPE = str(exceptions.UnsupportedMediaType.default_detail).partition("{")[0]
_STATUS: dict[type[Refused], int] = {IllegalMove: 409, Busy: 409, ChangedMeanwhile: 412, Refused: 422}


def problem(error: Exception, context: Any) -> Response | None:
    """Return the problem answer for an error, None for an error that is not the client's (REST handler)."""
    if isinstance(error, Refused):
        return refusal_answer(error)
    error = _as_api_exception(error)
    if not isinstance(error, exceptions.APIException):
        return None
    if str(error.detail).startswith(_NO_SUCH_TYPE):
        error.detail = exceptions.ErrorDetail(f"Send the body with Content-Type: {_body_type(context)}.")
    is_plain = isinstance(error.detail, str)
    body = described(error.status_code, str(error.detail) if is_plain else "Some fields are not valid.")
    answer = Response(body, status=error.status_code, content_type=PROBLEM)
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = list(_fields(error.detail))
    if present := getattr(error, "present", None):  # rest.resource.Stale
        body["present"] = present
        answer["ETag"] = error.tag  # type: ignore[attr-defined]  # only Stale has `present`, and it has `tag`
    if header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait) + 1)
    return answer


def _body_type(context: Any) -> str:
    """Return the media type that a resource reads: JSON, or a form with files."""
    parsers = getattr(context.get("view"), "parser_classes", ())
    return next((parser.media_type for parser in parsers), "application/json")


def _as_api_exception(error: Exception) -> Exception:
    if isinstance(error, DjangoPermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    for kind, answer in _AS_API_EXCEPTION:
        if isinstance(error, kind):
            return answer()
    if isinstance(error, DataError):
        log.warning("The database refused a value: %s", error)
        return exceptions.ValidationError("A value is outside the range that can be stored.")
    if is_unmigrated(error):
        log.warning("Migrations are waiting: %s", error)
        return NotNow(_UNMIGRATED)
    if database_trouble.is_unavailable(error):
        log.warning("The database was not there for a request: %s", error)
        return NotNow()
    return error


def refusal_answer(error: Refused) -> Response:
    """Return the problem answer for a refusal of an operation."""
    code = next(number for kind, number in _STATUS.items() if isinstance(error, kind))
    body = described(code, error.message)
    if error.field:
        messages = {error.field: error.message, **error.further}
        body["errors"] = [{"field": field, "detail": message} for field, message in messages.items()]
    if isinstance(error, ChangedMeanwhile) and (version := getattr(error.present, "version", None)):
        body["present"] = {"id": error.present.pk, "version": version}
    answer = Response(body, status=code, content_type=PROBLEM)
    if isinstance(error, Busy):
        answer["Retry-After"] = "1"
    return answer


def described(code: int, detail: str) -> dict[str, Any]:
    """Return the members that every problem has."""
    return {"type": "about:blank", "title": _title(code), "status": code, "detail": detail}


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _fields(inner, _below(path, name))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list):
                yield from _fields(inner, f"{path}[{position}]")
            else:
                yield {"field": path or "body", "detail": str(inner)}
    else:
        yield {"field": path or "body", "detail": str(detail)}


def _below(path: str, name: Any) -> str:
    """Return the path of a member, of an element of a list, or of the body itself."""
    if name == api_settings.NON_FIELD_ERRORS_KEY:
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _title(code: int) -> str:
    return {
        400: "Bad request",
        401: "Not authenticated",
        403: "Forbidden",
        404: "Not found",
        405: "Method not allowed",
        406: "Not acceptable",
        409: "Conflict",
        412: "Changed by somebody else",
        413: "Body too large",
        415: "Unsupported media type",
        422: "Refused",
        428: "Precondition required",
        429: "Too many requests",
        500: "Server error",
        503: "Service unavailable",
    }.get(code, "Error")
