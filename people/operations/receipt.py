"""The receipt book: what an Idempotency-Key was answered with, kept in the transaction of its effect."""

import hashlib
from datetime import datetime, timedelta

from django.db import connection
from django.http import HttpResponse

from kit.refusals import Busy, Refused
from people.models import Receipt, User

KEPT = timedelta(days=7)
# The headers of the first answer that a repeat must hear again; the rest is made anew by the middleware.
_HEADERS = ("Content-Type", "Location", "ETag")


class Book:
    """rest.resource's ReceiptBook, in PostgreSQL. Both halves run inside the transaction of the effect."""

    def replay(
        self, *, user: User, key: str, path: str, body_hash: bytes, wait: bool = False
    ) -> HttpResponse | None:
        """The stored answer, byte for byte; None when this request is the first under its key.

        Holds the key until the transaction ends. Raises Busy while another request holds it
        (with `wait`, waits for it instead), and Refused when the key stands for another body or address.
        """
        if not _take(user, key, wait=wait):
            raise Busy("A request with this Idempotency-Key is still running. Ask again in a second.")
        earlier = Receipt.objects.filter(user=user, key=key).first()
        if earlier is None:
            return None
        if bytes(earlier.body_hash) != body_hash or earlier.path != path[:200]:
            raise Refused(
                "This Idempotency-Key belongs to another request. Use a new key for a new request.",
                field="Idempotency-Key",
            )
        answer = HttpResponse(bytes(earlier.body), status=earlier.status, headers=earlier.headers)
        answer["Idempotent-Replayed"] = "true"
        return answer

    def keep(
        self, *, user: User, key: str, path: str, body_hash: bytes, answer: HttpResponse, at: datetime
    ) -> None:
        """Store the answer to the first request."""
        Receipt.objects.create(
            user=user,
            key=key,
            path=path[:200],
            body_hash=body_hash,
            status=answer.status_code,
            headers={name: answer[name] for name in _HEADERS if answer.has_header(name)},
            body=answer.content,
            made_at=at,
        )


def forget_old(*, at: datetime) -> int:
    """Drop receipts older than a week: nobody repeats a request that late. Returns how many."""
    return Receipt.objects.filter(made_at__lt=at - KEPT).delete()[0]


def _take(user: User, key: str, *, wait: bool) -> bool:
    digest = hashlib.sha256(f"{user.pk}:{key}".encode()).digest()
    with connection.cursor() as cursor:
        lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        cursor.execute(f"SELECT {lock}(%s)", [int.from_bytes(digest[:8], "big", signed=True)])
        return wait or cursor.fetchone()[0]
