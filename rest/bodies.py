"""Reading of request bodies: size, encoding, JSON. The API and the intake of signals share it.

Do not import rest.resource here: rest_framework imports this module while rest.resource is being imported.
"""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

MAX_BODY = 8 * 1024 * 1024
MAX_DEPTH = 50


class TooLarge(exceptions.APIException):
    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {MAX_BODY // 1024 // 1024} MB. Send several smaller bodies."


class JsonBody(BaseParser):
    """Parses JSON, plain or gzipped. Refuses NaN, Infinity and NUL with an error that names them."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return loads(read_body((parser_context or {})["request"]))


def read_body(request: Any) -> bytes:
    """Return the body of a rest_framework request, unzipped, at most MAX_BODY bytes.

    Raises TooLarge (before reading, if Content-Length is too large), UnsupportedMediaType for an encoding
    other than gzip, ParseError for incomplete gzip.
    """
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > MAX_BODY):
        raise TooLarge
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise exceptions.UnsupportedMediaType(
            encoding, f"Send the body uncompressed or as gzip, not as “{encoding[:80]}”."
        )
    try:
        raw = request._request.body
    except RequestDataTooBig:
        raise TooLarge from None
    if len(raw) > MAX_BODY:
        raise TooLarge
    return unzipped(raw) if encoding == "gzip" else raw


def media_type_of(request: Any) -> str:
    """Return the media type of the body in lower case, without parameters; "" if none is sent."""
    return request.headers.get("Content-Type", "").split(";")[0].strip().lower()


def require_json(request: Any) -> None:
    """Raise UnsupportedMediaType unless Content-Type is JSON or missing."""
    media_type = media_type_of(request)
    if media_type not in {"application/json", ""}:
        raise exceptions.UnsupportedMediaType(media_type, f"Send application/json, not “{media_type[:80]}”.")


def unzipped(raw: bytes) -> bytes:
    """Return the gunzipped bytes. Raises TooLarge after MAX_BODY bytes, which limits the memory it needs."""
    body, rest = bytearray(), raw
    try:
        while rest:
            reader = zlib.decompressobj(wbits=31)
            body += reader.decompress(rest, MAX_BODY + 1 - len(body))
            if len(body) > MAX_BODY:
                raise TooLarge
            if not reader.eof:
                raise zlib.error
            rest = reader.unused_data
    except zlib.error:
        raise exceptions.ParseError("The body is not complete gzip, as its Content-Encoding says.") from None
    return bytes(body)


def loads(raw: bytes) -> Any:
    """Parse a body strictly.

    Raises ParseError with the fix: invalid JSON, too many levels, NaN, NUL, the same member twice.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise exceptions.ParseError(_why(raw, error)) from None
    if _is_deeper(body, MAX_DEPTH):
        raise exceptions.ParseError(f"The body is nested too deeply, more than {MAX_DEPTH} levels.")
    json.loads(raw, object_pairs_hook=_refuse_doubled, parse_int=_whole_number)
    if b"\\u0000" in raw and any("\x00" in text for text in _texts(body)):
        raise exceptions.ParseError("The body has a NUL character, which cannot be stored. Leave it out.")
    return body


def loads_leniently(raw: bytes) -> Any:
    """Parse a body of items. NaN, Infinity and NUL pass, so that only the item that has them is refused.

    Raises ParseError for a body that is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(raw, parse_int=_whole_number)
        except RecursionError:
            raise exceptions.ParseError("The body is nested too deeply.") from None
        except (ValueError, UnicodeDecodeError):
            raise exceptions.ParseError(f"The body is not JSON: {error}") from None


def _whole_number(digits: str) -> float:
    """Return a number too long for Python's int as a float, so that its item is refused and not the body."""
    return int(digits) if len(digits) < 1_000 else float(digits)


def _why(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        json.loads(raw, parse_constant=_refuse_constant)
    except RecursionError:
        return "The body is nested too deeply."
    except _NoNumber as constant:
        return f"{constant} is not a JSON number; leave the value out or send null."
    except (ValueError, UnicodeDecodeError):
        pass
    return f"The body is not JSON: {error}"


def _refuse_doubled(members: list[tuple[str, Any]]) -> None:
    """Raise ParseError for an object with the same member twice. Most parsers keep only the last of them."""
    if len(members) == len(names := {name for name, _ in members}):
        return
    doubled = next(name for name in names if sum(name == other for other, _ in members) > 1)
    raise exceptions.ParseError(f"The body has “{doubled[:80]}” twice in one object. Send it once.")


def _is_deeper(body: Any, most: int) -> bool:
    """Return whether a body has more than `most` levels. Later code reads bodies by recursion."""
    level = [body]
    for _ in range(most + 1):
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return False
        level = [inner for value in level for inner in (value.values() if isinstance(value, dict) else value)]
    return True


def _texts(body: Any) -> Iterator[str]:
    """Yield every text and member name of a body, at any depth. No recursion, so depth cannot exhaust it."""
    waiting = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


class _NoNumber(ValueError):
    """The body contains NaN or Infinity. The message is its name."""


def _refuse_constant(name: str) -> None:
    raise _NoNumber(name)
