"""Storage of answers to idempotent requests: a repeated request gets the stored answer of the first."""

from datetime import datetime
from typing import Protocol

from django.http import HttpResponse

from kit.sight import SignedIn


class ReceiptBook(Protocol):
    """Stores the answers to requests with an Idempotency-Key (people.operations.receipt)."""

    def replay(
        self, *, user: SignedIn, key: str, path: str, body_hash: bytes, wait: bool = False
    ) -> HttpResponse | None: ...
    def keep(
        self, *, user: SignedIn, key: str, path: str, body_hash: bytes, answer: HttpResponse, at: datetime
    ) -> None: ...


# riskhub installs exactly one book at start.
receipts: list[ReceiptBook] = []
