"""The base class of every resource that receives signals: store the payload, then respond.

202 after the commit if any item was stored or known already, with one result per item that was read; 422 if
all of them were rejected; 400, 413, 415 for a body that cannot be read; 503 with Retry-After if the database
failed.
Each payload is recorded as a Delivery. If anything in it was rejected or cut, the body is kept with it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from rest.bodies import loads_leniently, read_body, require_json
from rest.problems import PROBLEM, described
from rest.resource import ApiView
from signals.operations import payload
from signals.operations.payload import BodyResult, SentBody
from signals.states import ItemResult

_MAX_ATTEMPTS = 4
ASKED = ("model", "ts")


class Receiver(ApiView):
    """A resource that receives payloads. adapter: an Adapter. limits: what a payload may contain, by name.

    Tools add parameters of their own to an address. So unknown parameters are ignored, and no alert is lost
    for one. A subclass with written_parameters refuses all others: Points, whose senders are scripts.
    """

    written_parameters: ClassVar[frozenset[str] | None] = None

    adapter: ClassVar[str]
    limits: ClassVar[Mapping[str, int]]

    def slug_of(self, request: Request, body: Any) -> str:
        """Return the slug of the source that the address or the body names, "" for none."""
        return self.kwargs.get("slug") or request.query_params.get("source", "")

    def parser_of(self, request: Request) -> Callable[[bytes], Any]:
        """Return the function that parses the bytes of the body. Raises UnsupportedMediaType."""
        require_json(request)
        return loads_leniently

    def receive(self, request: Request) -> Response:
        """Read, store and answer a payload. Retries a deadlock or a lost race, at most 4 attempts."""
        by, at, raw = self.by(request), clock.now(), b""
        try:
            parse = self.parser_of(request)
            raw = read_body(request)
            body = parse(raw)
        except APIException as error:
            self._refuse(error, raw, request, by, at)
            raise
        sent = SentBody(body, raw, _asked(request))
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                return self._store(request, sent, by, at)
            except Refused as refusal:  # the slug of the source is not valid
                self._refuse(refusal, raw, request, by, at)
                raise
            except (DatabaseError, InterfaceError) as error:
                if attempt == _MAX_ATTEMPTS or connection.in_atomic_block or not _is_transient(error):
                    raise _as_unavailable(error) from error
        raise AssertionError("unreachable")

    def _store(self, request: Request, sent: SentBody, by: Actor, at: datetime) -> Response:
        slug = self.slug_of(request, sent.body)
        result = payload.receive(sent, slug=slug, adapter=self.adapter, by=by, at=at)
        return self._answer(result.status, result)

    def _answer(self, status: int, result: BodyResult) -> Response:
        body: dict[str, Any] = {
            "stored": result.count(ItemResult.STORED),
            "duplicates": result.count(ItemResult.DUPLICATE),
            "corrected": result.count(ItemResult.CORRECTED),
            "rejected": result.count(ItemResult.REJECTED),
            "ignored": result.count(ItemResult.IGNORED),
            "results": result.results,
            "rejections": result.rejections,
            "limits": self.limits,
        }
        if status == 202:
            return Response(body, status=202)
        detail = "Nothing in the body could be stored."
        errors = [{"field": error["field"], "detail": error["detail"]} for error in result.rejections[:100]]
        return Response(
            {**described(status, detail), "errors": errors, **body}, status=status, content_type=PROBLEM
        )

    def _refuse(
        self, error: APIException | Refused, raw: bytes, request: Request, by: Actor, at: datetime
    ) -> None:
        """Record the delivery of a body, or source slug, that could not be read, for its owner to see."""
        status, problem = (
            (422, f"{error.field}: {error.message}")
            if isinstance(error, Refused)
            else (error.status_code, str(error.detail))
        )
        payload.refuse(
            SentBody(None, raw, _asked(request)),
            slug=self.slug_of(request, None),
            adapter=self.adapter,
            status=status,
            problem=problem,
            by=by,
            at=at,
        )


def _asked(request: Request) -> dict[str, str]:
    """Return the parameters of the address that name what a body does not."""
    return {name: text for name in ASKED if (text := request.query_params.get(name, ""))}


def _is_transient(error: Exception) -> bool:
    """Return True for a deadlock, a serialization failure or a lost race: a retry succeeds."""
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {"40001", "40P01"} or isinstance(error, IntegrityError)


def _as_unavailable(error: Exception) -> Exception:
    """Return an OperationalError, which the API answers with 503 and Retry-After, if a retry may succeed."""
    if isinstance(error, InterfaceError | OperationalError) or _is_transient(error):
        return OperationalError(str(error))
    return error
