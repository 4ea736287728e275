"""Store, then answer: the frame of every address that takes signals.

202 after the commit when anything was stored or known already, with the fate of each item in its order; 422
when nothing could be; 400, 413, 415 for a body that cannot be read; 503 with Retry-After when the database
did not take it.
Each body leaves a Delivery; one that was not taken whole is kept with it.
"""

import json
import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from rest.resource import ApiView
from signals.mapping.text import Unusable
from signals.models import Source
from signals.operations import source as sources
from signals.states import Fate

log = logging.getLogger(__name__)
MAX_BODY = 8 * 1024 * 1024
_TRIES = 4


class TooLarge(APIException):
    status_code = 413
    default_detail = f"The body is larger than {MAX_BODY // 1024 // 1024} MB. Send several smaller bodies."


@dataclass(slots=True)
class Outcome:
    """What became of a body that could be read.

    fates: one a thing sent, in its order. rejections: where each rejected one stands, its field, the mend.
    """

    fates: Sequence[str]
    rejections: Sequence[Mapping[str, Any]]
    truncated_alerts: int = 0

    def count(self, fate: str) -> int:
        return self.fates.count(fate)

    @property
    def is_any_taken(self) -> bool:
        return not self.fates or self.count(Fate.REJECTED) < len(self.fates)


class Receiver(ApiView):
    """adapter: whose bodies these are. take() stores one, in a transaction, and says what became of it."""

    adapter: ClassVar[str]
    limits: ClassVar[Mapping[str, int]]

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> Outcome:
        raise NotImplementedError

    def slug_of(self, request: Request, body: Any) -> str:
        """The source that the sender names, "" for none."""
        return ""

    def receive(self, request: Request) -> Response:
        by, at, raw = self.by(request), clock.now(), b""
        try:
            raw = raw_body(request)
            body = loads(raw)
        except APIException as error:
            self._refuse(error, raw, request, by, at)
            raise
        for attempt in range(1, _TRIES + 1):
            try:
                return self._store(request, body, raw, by, at)
            except Refused as refusal:  # no such name for a source
                self._refuse(refusal, raw, request, by, at)
                raise
            except (DatabaseError, InterfaceError) as error:
                if attempt == _TRIES or connection.in_atomic_block or not _is_passing(error):
                    raise _for_the_front(error) from error
        raise AssertionError("unreachable")

    @transaction.atomic
    def _store(self, request: Request, body: Any, raw: bytes, by: Actor, at: datetime) -> Response:
        source = sources.named(self.slug_of(request, body), adapter=self.adapter, by=by, at=at)
        try:
            outcome = self.take(body, source, by=by, at=at)
        except Unusable as error:
            outcome = Outcome([Fate.REJECTED], [{"field": error.field, "detail": error.message}])
        status = 202 if outcome.is_any_taken else 422
        problem = "; ".join(f"{error['field']}: {error['detail']}" for error in outcome.rejections[:20])
        sources.note_delivery(
            source,
            at=at,
            status=status,
            fates={fate: outcome.count(fate) for fate in Fate},
            truncated_alerts=outcome.truncated_alerts,
            problem=problem,
            body=raw if outcome.rejections else b"",
        )
        return self._answer(status, outcome)

    def _answer(self, status: int, outcome: Outcome) -> Response:
        body: dict[str, Any] = {
            "stored": outcome.count(Fate.STORED),
            "duplicates": outcome.count(Fate.DUPLICATE),
            "corrected": outcome.count(Fate.CORRECTED),
            "rejected": outcome.count(Fate.REJECTED),
            "fates": outcome.fates,
            "rejections": outcome.rejections,
            "limits": self.limits,
        }
        if status == 202:
            return Response(body, status=202)
        detail = "Nothing in the body could be stored."
        words = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
        errors = [{"field": one["field"], "detail": one["detail"]} for one in outcome.rejections[:100]]
        return Response(
            {**words, "errors": errors, **body}, status=status, content_type="application/problem+json"
        )

    def _refuse(
        self, error: APIException | Refused, raw: bytes, request: Request, by: Actor, at: datetime
    ) -> None:
        """Keep a body that could not be read, or whose source could not be, for the source's owner to see."""
        try:
            source = sources.named(self.slug_of(request, None), adapter=self.adapter, by=by, at=at)
        except Refused:
            source = sources.named("", adapter=self.adapter, by=by, at=at)
        status, problem = (
            (422, f"{error.field}: {error.message}")
            if isinstance(error, Refused)
            else (error.status_code, str(error.detail))
        )
        sources.note_delivery(source, at=at, status=status, problem=problem, body=raw, fates={})


def raw_body(request: Request) -> bytes:
    """The body as sent, unzipped. Raises TooLarge, UnsupportedMediaType, ParseError."""
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > MAX_BODY):
        raise TooLarge
    media_type = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if media_type not in {"application/json", ""}:
        raise UnsupportedMediaType(media_type, f"Send application/json, not “{media_type[:80]}”.")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise UnsupportedMediaType(
            encoding, f"Send the body uncompressed or as gzip, not as “{encoding[:80]}”."
        )
    try:
        raw = request._request.body
    except RequestDataTooBig:
        raise TooLarge from None
    if len(raw) > MAX_BODY:
        raise TooLarge
    return _unzipped(raw) if encoding == "gzip" else raw


def loads(raw: bytes) -> Any:
    """JSON; NaN, Infinity and NUL are let through, to be refused by name where they stand."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(raw, parse_int=_whole)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except (ValueError, UnicodeDecodeError):
            raise ParseError(f"The body is not JSON: {error}") from None


def _whole(digits: str) -> float:
    """A whole number, also one too long for Python to read: that is refused where it stands, not the body."""
    return int(digits) if len(digits) < 1_000 else float(digits)


def _unzipped(raw: bytes) -> bytes:
    """No further than a body may be long: a bomb costs MAX_BODY bytes and no more."""
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
        raise ParseError("The body is declared as gzip but is not complete gzip data.") from None
    return bytes(found)


def _is_passing(error: Exception) -> bool:
    """A deadlock, a serialization failure, a lost race: the same again will do."""
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {"40001", "40P01"} or isinstance(error, IntegrityError)


def _for_the_front(error: Exception) -> Exception:
    """What the API's front answers with 503 and Retry-After: the sender is to send it again."""
    if isinstance(error, InterfaceError | OperationalError) or _is_passing(error):
        return OperationalError(str(error))
    return error
