"""Writes a backup: the dump, the digests and the list of files come from one snapshot."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel

from kit import clock
from riskhub.backup import files, manifest, tables, tools
from riskhub.backup.manifest import Manifest
from riskhub.backup.tools import Say
from riskhub.engine.errors import Trouble
from riskhub.engine.home import private_folder

_PARTIAL = ".partial-"
_FILES = (
    "SELECT stored_as, size, sha256 FROM talk_file WHERE state <> 'deleted' ORDER BY stored_as COLLATE \"C\""
)
_HEADS = 'SELECT app, max(name COLLATE "C") FROM django_migrations GROUP BY app ORDER BY app'


def write(folder: Path, *, url: str, storage: Path | None, command: str, say: Say = print) -> Path:
    """Write a backup of the database into a new folder in `folder` and return it.

    url: of the owner. storage: the folder of the attached files; None if they are in a bucket. command: what
    is noted in the manifest. Raises Trouble with one line; then nothing is left.
    """
    with _alone_in(folder), tools.connect(url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        _refuse_unmigrated(connection)
        programs = tools.for_server(connection.info.server_version // 10000)
        snapshot = str(_one(connection, "SELECT pg_export_snapshot()"))
        # Read after the snapshot: what the register did before this moment may be in the backup.
        ahead = _one(connection, "SELECT coalesce(max(ahead_by), '0') FROM people_organisation")
        at = clock.now() + ahead
        complete = folder / f"riskhub-{at:%Y%m%dT%H%M%SZ}"
        if complete.exists():
            raise Trouble(f"{complete} exists already. Fix: wait a second, then repeat the command.")
        partial = private_folder(folder / f"{_PARTIAL}{complete.name}")
        try:
            found = _contents(connection, partial, programs, snapshot, url=url, at=at, command=command)
            count, missing = _files(connection, partial, storage)
            _seal(partial, complete, found, count, missing)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    _say_result(complete, say)
    return complete


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Lock the folder of the backups over the block, and remove what an interrupted backup left there.

    Raises Trouble if another backup is being written, or if the folder cannot be used.
    """
    try:
        if not folder.is_dir():
            private_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise Trouble(f"{folder} cannot be written ({error.strerror}). Fix: name another folder.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob(f"{_PARTIAL}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    except BlockingIOError:
        raise Trouble(f"Another backup is being written to {folder}. Fix: wait until it ends.") from None
    except OSError as error:
        raise Trouble(
            f"The backup was not written ({error}). Fix: check the free space and the permissions of"
            f" {folder}."
        ) from None
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise Trouble(f"The backup was not written: {said}. Fix: repeat the command.") from None
    finally:
        os.close(descriptor)


def _refuse_unmigrated(connection: psycopg.Connection) -> None:
    if _one(connection, "SELECT to_regclass('public.notices_sendingswitch')") is None:
        raise Trouble(
            "This database has no register of this version of Riskhub. Fix: run `migrate` first, or correct"
            " DATABASE_OWNER_URL."
        )


def _contents(
    connection: psycopg.Connection,
    partial: Path,
    programs: tools.Tools,
    snapshot: str,
    *,
    url: str,
    at: datetime,
    command: str,
) -> Manifest:
    """Write the dump, and compute the digests of the same snapshot meanwhile."""
    arguments = [
        *("--format=custom", f"--snapshot={snapshot}", "--lock-wait-timeout=60s", "--no-password"),
        *(f"--exclude-table-data=public.{name}" for name in tables.LEFT_OUT),
        f"--file={partial / manifest.DUMP}",
    ]
    with tools.running(programs, "pg_dump", arguments, url) as dump:
        wanted = [name for name in tables.names(connection) if name not in tables.LEFT_OUT]
        found = tables.digests(connection, wanted, after_each=dump.refuse_failed)
        dump.wait()
    return Manifest(
        at=at,
        command=command,
        riskhub=manifest.riskhub_version(),
        commit=manifest.riskhub_commit(),
        postgresql=str(_one(connection, "SHOW server_version")).split()[0],
        pg_dump=programs.version,
        migrations=dict(connection.execute(_HEADS).fetchall()),
        tables=found,
        left_out=list(tables.LEFT_OUT),
        files=None,
        files_missing=0,
    )


def _files(connection: psycopg.Connection, partial: Path, storage: Path | None) -> tuple[int | None, int]:
    """Pack the files that the snapshot names, after the dump. Returns their number, and how many are missing.

    A content is deleted 30 days after its removal at the earliest, so it is still there after the dump.
    """
    if storage is None:
        return None, 0
    with connection.cursor(name="files") as cursor:
        cursor.execute(_FILES)
        return files.pack(partial / manifest.FILES, storage, cursor)


def _seal(partial: Path, complete: Path, found: Manifest, count: int | None, missing: int) -> None:
    """Write the manifest, wait until all is on the disk, and give the folder its name."""
    parts = {}
    for name in (manifest.DUMP, manifest.FILES):
        path = partial / name
        if path.exists():
            path.chmod(0o600)
            parts[name] = manifest.measure(path)
            _to_disk(path)
    values = vars(found) | {"files": count, "files_missing": missing, "parts": parts}
    Manifest(**values).write(partial)
    _to_disk(partial)
    partial.rename(complete)
    _to_disk(complete.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _say_result(complete: Path, say: Say) -> None:
    found = manifest.read(complete)
    size = sum(part.bytes for part in found.parts.values()) / 1024 / 1024
    say(f"{complete}: {found.rows:,} rows in {len(found.tables)} tables, {size:,.1f} MB.")
    if found.files is None:
        say("Attached files are in a bucket and not in this backup. The bucket needs a backup of its own.")
    else:
        say(f"Attached files: {found.files:,}.")
    if found.files_missing:
        say(f"WARNING: {found.files_missing:,} attached files are missing in the storage, or damaged there.")
    say("Not in it: SECRET_KEY (keep it with your other secrets) and sessions (people sign in again).")
    say(f"Check it by a restore: manage.py verify_backup {complete}")


def _one(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]  # constants of this module
    return row[0] if row else None
