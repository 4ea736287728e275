"""The API's front: parsing, rendering, errors as problem+json.

rest_framework reads these classes while rest.resource is still being imported: nothing here may import that.
"""

import json
import logging
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.settings import api_settings

from kit.refusals import Busy, ChangedMeanwhile, IllegalMove, Refused

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
MAX_BODY = 8 * 1024 * 1024
MAX_DEPTH = 50


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Named(BasePermission):
    """Only resources that name their permissions are served; ApiView.initial asks the registry."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(getattr(view, "permission", None), Mapping)


class Json(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, option=_OPTIONS, default=str)
        except TypeError:
            return orjson.dumps(_fitting(data), option=_OPTIONS, default=str)


def _fitting(data: Any) -> Any:
    """The same with whole numbers of 64 bits at most: jsonb gives the 1e20 of an event back as digits."""
    if isinstance(data, Mapping):
        return {name: _fitting(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_fitting(value) for value in data]
    return float(data) if isinstance(data, int) and data.bit_length() > 63 else data


class JsonBody(BaseParser):
    """JSON, also gzipped; NaN, Infinity and NUL are refused by name."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        request = (parser_context or {})["request"]
        return loads(body_of(request), request.headers.get("Content-Encoding", ""))


def body_of(request: Any) -> bytes:
    """The body as sent. One that says it is too large is refused before it is read."""
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > MAX_BODY):
        raise TooLarge
    return request._request.body


def loads(raw: bytes, encoding: str = "") -> Any:
    """Parse a body. Raises ParseError with the mend, TooLarge, or UnsupportedMediaType for an encoding."""
    encoding = encoding.strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise exceptions.UnsupportedMediaType(
            encoding, f"Send the body plain or as gzip, not as “{encoding[:80]}”."
        )
    if encoding == "gzip":
        raw = unzipped(raw)
    if len(raw) > MAX_BODY:
        raise TooLarge
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise exceptions.ParseError(_why(raw, error)) from None
    if _is_deeper(found, MAX_DEPTH):
        raise exceptions.ParseError(f"The body is nested too deep, more than {MAX_DEPTH} levels.")
    if b"\\u0000" in raw and any("\x00" in text for text in _texts(found)):
        raise exceptions.ParseError("The body has a NUL character, which cannot be stored. Leave it out.")
    return found


def unzipped(raw: bytes) -> bytes:
    """Gunzip, reading no further than a body may be long: a bomb costs MAX_BODY bytes and no more."""
    found, rest = bytearray(), raw
    try:
        while rest:
            reader = zlib.decompressobj(wbits=31)
            found += reader.decompress(rest, MAX_BODY + 1 - len(found))
            if len(found) > MAX_BODY:
                raise TooLarge
            if not reader.eof:
                raise zlib.error
            rest = reader.unused_data
    except zlib.error:
        raise exceptions.ParseError("The body is not complete gzip, as its Content-Encoding says.") from None
    return bytes(found)


def _why(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        return "The body is nested too deep."
    except _NoNumber as constant:
        return f"{constant} is not a JSON number; leave the value out or send null."
    except (ValueError, UnicodeDecodeError):
        pass
    return f"The body is not JSON: {error}"


def _is_deeper(found: Any, most: int) -> bool:
    """Whether a body has more levels than that; what reads it later does so by recursion."""
    level = [found]
    for _ in range(most + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return True


def _texts(found: Any) -> Iterator[str]:
    """Every text and name in a body, however deep it is nested."""
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


class _NoNumber(ValueError):
    """NaN or Infinity, by name."""


def _refuse_constant(name: str) -> None:
    raise _NoNumber(name)


class NotNow(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database does not answer. Send the request again in a moment."
    wait = 4


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {MAX_BODY // 1024 // 1024} MB. Send it in parts."


# How rest_framework says that no parser reads a body of that type; it does not say which one would be read.
_NO_SUCH_TYPE = str(exceptions.UnsupportedMediaType.default_detail).partition("{")[0]
_STATUS: dict[type[Refused], int] = {IllegalMove: 409, Busy: 409, ChangedMeanwhile: 412, Refused: 422}


def problem(error: Exception, context: Any) -> Response | None:
    """Every error as application/problem+json; `errors` names the fields."""
    if isinstance(error, Refused):
        return _refusal(error)
    error = _as_api_exception(error)
    if not isinstance(error, exceptions.APIException):
        return None
    if str(error.detail).startswith(_NO_SUCH_TYPE):
        error.detail = exceptions.ErrorDetail("Send the body with Content-Type: application/json.")
    is_plain = isinstance(error.detail, str)
    body = described(error.status_code, str(error.detail) if is_plain else "Some fields are not valid.")
    answer = Response(body, status=error.status_code, content_type=PROBLEM)
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = list(_fields(error.detail))
    if present := getattr(error, "present", None):  # rest.resource.Stale
        body["present"] = present
        answer["ETag"] = error.tag  # type: ignore[attr-defined]
    if header := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait) + 1)
    return answer


def _as_api_exception(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound("The object does not exist or is not visible to you.")
    if isinstance(error, DjangoPermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, DataError):
        log.warning("The database refused a value: %s", error)
        return exceptions.ValidationError("A value is outside the range that can be stored.")
    if isinstance(error, OperationalError):
        log.warning("The database was not there for a request: %s", error)
        return NotNow()
    return error


def _refusal(error: Refused) -> Response:
    code = next(number for kind, number in _STATUS.items() if isinstance(error, kind))
    body = described(code, error.message)
    if error.field:
        body["errors"] = [{"field": error.field, "detail": error.message}]
    if isinstance(error, ChangedMeanwhile) and (version := getattr(error.present, "version", None)):
        body["present"] = {"id": error.present.pk, "version": version}  # type: ignore[attr-defined]
    answer = Response(body, status=code, content_type=PROBLEM)
    if isinstance(error, Busy):
        answer["Retry-After"] = "1"
    return answer


def described(code: int, detail: str) -> dict[str, Any]:
    """The members that every problem has."""
    return {"type": "about:blank", "title": _title(code), "status": code, "detail": detail}


def _fields(detail: Any, path: str = "") -> Any:
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
    """The path of a part: a member, an element of a list, or the body itself."""
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
