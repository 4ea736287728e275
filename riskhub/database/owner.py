"""Work as the owner of the database, for the few acts that the application role has no right to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def as_owner() -> Iterator[None]:
    """Let the default connection be one of the owner inside the block, if the settings name the owner."""
    if "owner" not in connections.settings:
        yield
        return
    before = connections["default"]
    owner = connections.create_connection("owner")
    owner.alias = "default"
    connections["default"] = owner
    try:
        yield
    finally:
        owner.close()
        connections["default"] = before
