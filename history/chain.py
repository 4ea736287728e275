"""The hash chain over security-relevant events: it makes tampering evident, but does not prevent it.

Each link hashes its event and the hash of the previous link. One advisory lock orders the writers. With a
SELECT … FOR UPDATE the chain would fork.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from history.models import Event

_LOCK = 0x5249534B  # "RISK"


def link(events: Sequence[Event]) -> None:
    """Set the chain number and the hash of unsaved events. Call it inside their transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = (
        Event.objects.filter(chain_no__isnull=False)
        .order_by("-chain_no")
        .values_list("chain_no", "chain_hash")
        .first()
    )
    number, digest = (last[0] or 0, bytes(last[1] or b"")) if last else (0, b"")
    for event in events:
        number += 1
        digest = _digest(event, number, digest)
        event.chain_no, event.chain_hash = number, digest


def _digest(event: Event, number: int, before: bytes) -> bytes:
    body = json.dumps(
        [
            number,
            event.subject_id,
            event.verb,
            event.schema_version,
            event.at.isoformat(),
            event.actor_id,
            event.via,
            event.token_id,
            event.is_actor_hidden,
            event.data,
        ],
        cls=DjangoJSONEncoder,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(before + body.encode()).digest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check of the chain.

    length: the number of links checked. broken_at: the number of the first link that does not match, None if
    the chain is intact. head: the newest link, "<number>:<hash in hex>", "" for a chain without links.
    """

    length: int
    broken_at: int | None
    head: str = ""


def verify(head: str = "") -> Verdict:
    """Check the whole chain.

    head: the head that an earlier check returned. A chain whose newest links were removed is consistent in
    itself. A head that is stored elsewhere reveals removed or rewritten links: broken_at is the first missing
    number, or the number of the head if that link has another hash.
    Raises ValueError for a text that is not a head.
    """
    kept = _head(head) if head else None
    digest, number = b"", 0
    for event in Event.objects.filter(chain_no__isnull=False).order_by("chain_no").iterator(chunk_size=1000):
        number += 1
        digest = _digest(event, number, digest)
        if event.chain_no != number or bytes(event.chain_hash or b"") != digest:
            return Verdict(number, broken_at=number)
        if kept and number == kept[0] and digest != kept[1]:
            return Verdict(number, broken_at=number)
    if kept and number < kept[0]:
        return Verdict(number, broken_at=number + 1)
    return Verdict(number, broken_at=None, head=f"{number}:{digest.hex()}" if number else "")


def _head(text: str) -> tuple[int, bytes]:
    """Read "<number>:<hash in hex>"."""
    number, _, digest = text.strip().partition(":")
    if not (number.isascii() and number.isdigit() and int(number)):
        raise ValueError(text)
    hashed = bytes.fromhex(digest)
    if len(hashed) != hashlib.sha256().digest_size:
        raise ValueError(text)
    return int(number), hashed
