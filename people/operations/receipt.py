"""The receipt book: stores the answer to an Idempotency-Key in the transaction of the write it belongs to."""

import hashlib
from datetime import datetime

from django.db import connection
from django.http import HttpResponse

from kit.refusals import Busy, Refused
from kit.sight import SignedIn
from people.models import Receipt

# The headers that are stored with an answer. The middleware adds the others to every answer.
_HEADERS = ("Content-Type", "Location", "ETag", "Retry-After")


class Book:
    """A kit.receipts.ReceiptBook in PostgreSQL. Call both methods inside the transaction of the write."""

    def replay(
        self, *, user: SignedIn, key: str, path: str, body_hash: bytes, wait: bool = False
    ) -> HttpResponse | None:
        """Return the stored answer, byte for byte; None if this request is the first with its key.

        Locks the key until the transaction ends. Raises Busy while another request has the lock (with `wait`,
        waits for it instead), and Refused if the key was used for another body or address.
        """
        if not _take(user, key, wait=wait):
            raise Busy("A request with this Idempotency-Key is still running. Ask again in a second.")
        earlier = Receipt.objects.filter(user_id=user.pk, key=key).first()
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
        self, *, user: SignedIn, key: str, path: str, body_hash: bytes, answer: HttpResponse, at: datetime
    ) -> None:
        """Store the answer to the first request."""
        Receipt.objects.create(
            user_id=user.pk,
            key=key,
            path=path[:200],
            body_hash=body_hash,
            status=answer.status_code,
            headers={name: answer[name] for name in _HEADERS if answer.has_header(name)},
            body=answer.content,
            made_at=at,
        )


def _take(user: SignedIn, key: str, *, wait: bool) -> bool:
    digest = hashlib.sha256(f"{user.pk}:{key}".encode()).digest()
    with connection.cursor() as cursor:
        lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        cursor.execute(f"SELECT {lock}(%s)", [int.from_bytes(digest[:8], "big", signed=True)])
        return wait or cursor.fetchone()[0]
