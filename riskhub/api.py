"""The API's front: parsing, rendering, errors as problem+json, and the register of resources."""

import gzip
import json
import zlib
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from kit.api import ApiView, Stale, dumps
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused

MAX_BODY = 8 * 1024 * 1024


class Named(BasePermission):
    """Only resources that name their permissions are served; ApiView.initial asks the registry."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(view, ApiView)


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


class JsonBody(BaseParser):
    """JSON, also gzipped; NaN, Infinity and NUL are refused by name."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        request = (parser_context or {})["request"]
        raw = request._request.body if hasattr(request, "_request") else stream.read()
        return loads(raw, request.headers.get("Content-Encoding", ""))


def loads(raw: bytes, encoding: str = "") -> Any:
    """Parse a body. Raises ParseError with the mend, or TooLarge."""
    if encoding == "gzip":
        try:
            raw = gzip.decompress(raw) if len(raw) <= MAX_BODY else raw
        except (OSError, EOFError, zlib.error):
            raise exceptions.ParseError("The body says gzip but is not gzip.") from None
    if len(raw) > MAX_BODY:
        raise TooLarge
    try:
        found = json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        raise exceptions.ParseError("The body is nested too deep.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise exceptions.ParseError(f"The body is not JSON: {error}") from None
    if b"\\u0000" in raw or b"\x00" in raw:
        raise exceptions.ParseError("The body has a NUL character, which cannot be stored. Leave it out.")
    return found


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {MAX_BODY // 1024 // 1024} MB. Send it in parts."


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number; leave the value out or send null.")


_STATUS = {IllegalMove: 409, ChangedMeanwhile: 412, Refused: 422}


def problem(error: Exception, context: Any) -> Response | None:
    """Every error as application/problem+json; `errors` names the fields."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, Refused):
        return _refusal(error)
    if not isinstance(error, exceptions.APIException):
        return None
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(error.status_code),
        "status": error.status_code,
        "detail": error.detail if isinstance(error.detail, str) else "Some fields need mending.",
    }
    if isinstance(error, exceptions.ValidationError):
        body["status"] = error.status_code
        body["errors"] = list(_fields(error.detail))
    if isinstance(error, Stale):
        body["present"] = error.present
    answer = Response(body, status=error.status_code, content_type="application/problem+json")
    if header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait) + 1)
    return answer


def _refusal(error: Refused) -> Response:
    code = next(number for kind, number in _STATUS.items() if isinstance(error, kind))
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(code),
        "status": code,
        "detail": error.message,
    }
    if error.field:
        body["errors"] = [{"field": error.field, "detail": error.message}]
    return Response(body, status=code, content_type="application/problem+json")


def _fields(detail: Any, path: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list):
                yield from _fields(inner, f"{path}[{position}]")
            else:
                yield {"field": path or "body", "detail": str(inner)}
    else:
        yield {"field": path or "body", "detail": str(detail)}


def _title(code: int) -> str:
    return {
        400: "Bad request",
        401: "Not signed in",
        403: "Not allowed",
        404: "Not found",
        405: "No such method here",
        406: "No such format",
        409: "Not from here",
        412: "Changed meanwhile",
        413: "Too large",
        415: "No such format",
        422: "Refused",
        428: "Precondition required",
        429: "Too many requests",
        503: "Not now",
    }.get(code, "Error")
