"""Restores a backup into an empty database, and its files into an empty storage folder: all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import psycopg

from riskhub.backup import checking, files, manifest, tables, tools
from riskhub.backup.manifest import Manifest
from riskhub.backup.tools import Say
from riskhub.engine.errors import Trouble


def restore(
    folder: Path,
    *,
    url: str,
    storage: Path | None,
    known: Collection[tuple[str, str]],
    finish: Callable[[Manifest], None],
    say: Say = print,
) -> Manifest:
    """Restore a backup.

    url: of the owner of an empty database. storage: the folder of attached files; None for a bucket. known:
    as of check_parts(). finish: brings the restored database up to date; called last. Raises Trouble with one
    line; then database and storage are as empty as before, also after any other exception.
    """
    found = checking.check_parts(folder, known)
    _refuse_unsuited(url, found)
    if storage is not None:
        files.refuse_present(storage)
    beside: Path | None = None
    try:
        if storage is not None and manifest.FILES in found.parts:
            beside = files.unpack(folder / manifest.FILES, storage)
        say(f"Restoring {found.rows:,} rows of {found.at:%d %b %Y %H:%M} UTC ...")
        checking.load(folder, found, url)
        with tools.connect(url) as connection:
            checking.compare(connection, found)
        finish(found)
        if beside is not None and storage is not None:
            files.put_in_place(beside, storage)
    except BaseException:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        _empty_again(url)
        raise
    return found


def _refuse_unsuited(url: str, found: Manifest) -> None:
    """Raise Trouble unless the database is empty, new enough, and of a role that may create tables there."""
    with tools.connect(url) as connection:
        place = tools.database_of(url)
        if first := tables.first_object(connection):
            raise Trouble(
                f"The database {place} is not empty (it has {first}), and a restore never overwrites."
                " Fix: restore into a new database, or with another RISKHUB_HOME."
            )
        major = connection.info.server_version // 10000
        if major < found.server_major:
            raise Trouble(
                f"The backup is of PostgreSQL {found.server_major}, and this server is {major}."
                f" Fix: restore into PostgreSQL {found.server_major} or newer."
            )
        row = connection.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
        if row is None or not row[0]:
            raise Trouble(
                f"The role {connection.info.user} may not create tables in {place}."
                " Fix: set DATABASE_OWNER_URL to the owner of the database."
            )


def _empty_again(url: str) -> None:
    """Remove what was restored. Only called for a database that was empty before."""
    try:
        with tools.connect(url) as connection:
            tables.remove_all(connection)
    except (psycopg.Error, Trouble) as error:
        said = str(error).strip().splitlines()[0]
        raise Trouble(
            f"The restore failed, and the database could not be emptied again: {said}."
            " Fix: drop the database, create it again, and restore again."
        ) from None
