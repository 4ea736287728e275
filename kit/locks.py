"""Advisory locks of PostgreSQL that one transaction at a time holds, until it ends.

Each purpose has a number of its own, so no transaction waits for one with another purpose.
"""

import hashlib
from enum import IntEnum, unique

from django.db import connection


@unique
class Lock(IntEnum):
    """What a lock protects."""

    SOURCES = 7001  # rows that a payload creates: sources, series and external rules
    CAUSES = 7002  # the breaches of one cause
    EXTERNAL_IDS = 7003  # the risk or the deployment with one external id
    MATRIX = 7004
    DIGESTS = 7005  # the digests of one week
    MODEL_NAMES = 7006  # slugs and aliases of models, which no two models share
    MAILS = 7401  # which mails of one person become one


def wait_for(lock: Lock, key: int | str = 0) -> None:
    """Wait until no other transaction holds this lock with this key, and hold it. Needs a transaction."""
    number = key if isinstance(key, int) else int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [int(lock), number % 2**31])
