"""Store, then answer: the frame of every address that takes signals.

202 after the commit when anything was stored or known already, with the fate of each item in its order; 422
when nothing could be; 400, 413, 415 for a body that cannot be read; 503 with Retry-After when the database
did not take it.
Each body leaves a Delivery; one that was not taken whole is kept with it.
"""

import logging
from collections.abc import Mapping, Sequence
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

log = logging.getLogger(__name__)
_TRIES = 4


@dataclass(slots=True)
class BodyResult:
    """What became of a body that could be read.

    fates: one a thing sent, in its order. rejections: where each rejected one stands, its field, the fix.
    """

    fates: Sequence[str]
    rejections: Sequence[Mapping[str, Any]]
    truncated_alerts: int = 0

    def count(self, fate: str) -> int:
        return self.fates.count(fate)

    @property
    def is_any_taken(self) -> bool:
        return not self.fates or self.count(ItemResult.REJECTED) < len(self.fates)


class Receiver(ApiView):
    """adapter: whose bodies these are. take() stores one, in a transaction, and says what became of it."""

    adapter: ClassVar[str]
    limits: ClassVar[Mapping[str, int]]

    def take(self, body: Any, source: Source, *, by: Actor, at: datetime) -> BodyResult:
        raise NotImplementedError

    def slug_of(self, request: Request, body: Any) -> str:
        """The source that the sender names, "" for none."""
        return ""

    def receive(self, request: Request) -> Response:
        by, at, raw = self.by(request), clock.now(), b""
        try:
            require_json(request)
            raw = read_body(request)
            body = loads_leniently(raw)
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
            outcome = BodyResult([ItemResult.REJECTED], [{"field": error.field, "detail": error.message}])
        status = 202 if outcome.is_any_taken else 422
        problem = "; ".join(f"{error['field']}: {error['detail']}" for error in outcome.rejections[:20])
        sources.note_delivery(
            source,
            at=at,
            status=status,
            fates={fate: outcome.count(fate) for fate in ItemResult},
            truncated_alerts=outcome.truncated_alerts,
            problem=problem,
            body=raw if outcome.rejections else b"",
        )
        return self._answer(status, outcome)

    def _answer(self, status: int, outcome: BodyResult) -> Response:
        body: dict[str, Any] = {
            "stored": outcome.count(ItemResult.STORED),
            "duplicates": outcome.count(ItemResult.DUPLICATE),
            "corrected": outcome.count(ItemResult.CORRECTED),
            "rejected": outcome.count(ItemResult.REJECTED),
            "fates": outcome.fates,
            "rejections": outcome.rejections,
            "limits": self.limits,
        }
        if status == 202:
            return Response(body, status=202)
        detail = "Nothing in the body could be stored."
        errors = [{"field": one["field"], "detail": one["detail"]} for one in outcome.rejections[:100]]
        return Response(
            {**described(status, detail), "errors": errors, **body}, status=status, content_type=PROBLEM
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


def _is_passing(error: Exception) -> bool:
    """A deadlock, a serialization failure, a lost race: the same again will do."""
    code = getattr(error.__cause__, "sqlstate", None)
    return code in {"40001", "40P01"} or isinstance(error, IntegrityError)


def _for_the_front(error: Exception) -> Exception:
    """What the API's front answers with 503 and Retry-After: the sender is to send it again."""
    if isinstance(error, InterfaceError | OperationalError) or _is_passing(error):
        return OperationalError(str(error))
    return error
