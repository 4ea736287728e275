"""The book of answers: what came twice is answered once. Installed by the room that keeps it."""

from typing import Any, Protocol

from django.http import HttpResponse


class ReceiptBook(Protocol):
    """Where answers to an Idempotency-Key are kept (people.operations; installed by the roof)."""

    def replay(
        self, *, user: Any, key: str, path: str, body_hash: bytes, wait: bool = False
    ) -> HttpResponse | None: ...
    def keep(
        self, *, user: Any, key: str, path: str, body_hash: bytes, answer: HttpResponse, at: Any
    ) -> None: ...


receipts: list[ReceiptBook] = []
