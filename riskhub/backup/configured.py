"""What the settings say: the database of the owner and the attached files."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import FileSystemStorage, storages
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo


def owner_url() -> str:
    """Return the connection string of the owner, with the database that Django uses now."""
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"options"}
    values = connections["owner"].settings_dict
    given = {
        "host": values["HOST"],
        "port": values["PORT"],
        "dbname": values["NAME"],
        "user": values["USER"],
        "password": values["PASSWORD"],
    } | {name: value for name, value in values["OPTIONS"].items() if name in known}
    return make_conninfo("", **{name: value for name, value in given.items() if value})


def folder_of_files() -> Path | None:
    """Return the folder of the attached files; None if they are in a bucket."""
    storage = storages["files"]
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Let SIGTERM end the block by an exception, so that nothing partial is left."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
