"""The base class of every resource that receives signals: store the payload, then respond.

202 after the commit if any item was stored or known already, with one result per item; 422 if all items were
rejected; 400, 413, 415 for a body that cannot be read; 503 with Retry-After if the database failed.
Each payload is recorded as a Delivery. If anything in it was rejected or cut, the body is kept with it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from kit import clock
from kit.actor import Actor
from kit.refusals import Refused
from rest.bodies import loads_leniently, read_body, require_json
from rest.problems import PROBLEM, described
from rest.resource import ApiView
from signals.mapping.text import Unusable
from signals.models import Source
from signals.operations import source as sources
from signals.states import ItemResult

_MAX_ATTEMPTS = 4


@dataclass(slots=True)
class BodyResult:
    """The result of a body that could be read.

    results: an ItemResult per item, in their order. rejections: index, field, detail of each rejected item.
    cuts: what was cut of items that are kept, in words. is_kept: keep the body although all was accepted.
    """

    results: Sequence[str]
    rejections: Sequence[Mapping[str, Any]]
    truncated_alerts: int = 0
    cuts: Sequence[str] = ()
    is_kept: bool = False

    def count(self, result: str) -> int:
        return self.results.count(result)

    @property
    def is_accepted(self) -> bool:
        """Return True if the body has no items or at least one of them was not rejected."""
        return not self.results or self.is_any_stored

    @property
    def is_any_stored(self) -> bool:
        """Return True if at least one item was not rejected."""
        return self.count(ItemResult.REJECTED) < len(self.results)


class _NothingStored(Exception):
    """Rolls back the source that a body created of which nothing is stored."""

    def __init__(self, result: BodyResult) -> None:
        super().__init__()
        self.result = result


class Receiver(ApiView, ABC):
    """A resource that receives payloads. adapter: an Adapter. limits: what a payload may contain, by name.

    take() stores a payload in the transaction of receive() and returns its result. It raises Unusable if the
    body has another shape.
    """

    adapter: ClassVar[str]
    limits: ClassVar[Mapping[str, int]]

    @abstractmethod
    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult: ...

    def slug_of(self, request: Request, body: Any) -> str:
        """Return the slug of the source that the sender names, "" for none."""
        return ""

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
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                return self._store(request, body, raw, by, at)
            except Refused as refusal:  # the slug of the source is not valid
                self._refuse(refusal, raw, request, by, at)
                raise
            except (DatabaseError, InterfaceError) as error:
                if attempt == _MAX_ATTEMPTS or connection.in_atomic_block or not _is_transient(error):
                    raise _as_unavailable(error) from error
        raise AssertionError("unreachable")

    @transaction.atomic
    def _store(self, request: Request, body: Any, raw: bytes, by: Actor, at: datetime) -> Response:
        slug = self.slug_of(request, body)
        try:
            source, result = self._store_items(slug, body, by, at)
        except _NothingStored as nothing:
            result = nothing.result
            source = sources.for_refused(slug, adapter=self.adapter, by=by, at=at)
        status = 202 if result.is_accepted else 422
        problems = [f"{error['field']}: {error['detail']}" for error in result.rejections[:20]]
        problem = "; ".join([*problems, *result.cuts[:20]])
        sources.note_delivery(
            source,
            at=at,
            status=status,
            counts={name: result.count(name) for name in ItemResult},
            truncated_alerts=result.truncated_alerts,
            problem=problem,
            body=raw if result.rejections or result.cuts or result.is_kept else b"",
        )
        return self._answer(status, result)

    @transaction.atomic
    def _store_items(self, slug: str, body: Any, by: Actor, at: datetime) -> tuple[Source, BodyResult]:
        """Find or create the source and store the body. Raises _NothingStored if nothing is stored."""
        source = sources.named(slug, adapter=self.adapter, by=by, at=at)
        try:
            result = self.take(body, source, by=by, at=at)
        except Unusable as error:
            result = BodyResult([ItemResult.REJECTED], [{"field": error.field, "detail": error.message}])
        if not result.is_any_stored:
            raise _NothingStored(result)
        return source, result

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
        slug = self.slug_of(request, None)
        source = sources.for_refused(slug, adapter=self.adapter, by=by, at=at)
        status, problem = (
            (422, f"{error.field}: {error.message}")
            if isinstance(error, Refused)
            else (error.status_code, str(error.detail))
        )
        sources.note_delivery(source, at=at, status=status, problem=problem, body=raw)


def _is_transient(error: Exception) -> bool:
    """Return True for a deadlock, a serialization failure or a lost race: a retry succeeds."""
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {"40001", "40P01"} or isinstance(error, IntegrityError)


def _as_unavailable(error: Exception) -> Exception:
    """Return an OperationalError, which the API answers with 503 and Retry-After, if a retry may succeed."""
    if isinstance(error, InterfaceError | OperationalError) or _is_transient(error):
        return OperationalError(str(error))
    return error
