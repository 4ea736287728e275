"""Checks a backup: its parts, whether this code knows it, and whether it can be restored."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from riskhub.backup import manifest, tables, tools
from riskhub.backup.manifest import Manifest
from riskhub.backup.tools import Say
from riskhub.engine.errors import Trouble
from riskhub.engine.postgres import Cluster

# Only what the owner may do.
_RESTORE = ("--exit-on-error", "--no-owner", "--no-privileges", "--no-comments")
# Since this version there is a time limit of transactions, and pg_restore sets it on every server.
_TIMES_TRANSACTIONS = 17
_HEAD = 8192  # bytes of a script in which pg_restore sets its values


def check_parts(folder: Path, known: Collection[tuple[str, str]]) -> Manifest:
    """Return the manifest of an intact backup that this code knows.

    known: the migrations of this code, as app and name. Raises Trouble with one line if a part is missing,
    truncated or damaged, or if the backup is of a newer Riskhub.
    """
    found = manifest.read(folder)
    for app, name in found.migrations.items():
        if (app, name) not in known:
            commit = f", commit {found.commit[:12]}" if found.commit else ""
            raise Trouble(
                f"{folder} is of a newer Riskhub ({found.riskhub}{commit}): this version does not know the"
                f" migration {app}.{name}. Fix: restore it with that version or a newer one."
            )
    for name, wanted in found.parts.items():
        _check_part(folder / name, wanted)
    return found


def _check_part(path: Path, wanted: manifest.StoredFile) -> None:
    if not path.is_file():
        raise Trouble(f"{path} is missing. Fix: copy the backup again, or use another one.")
    size = path.stat().st_size
    if size != wanted.bytes:
        raise Trouble(
            f"{path} is truncated: it has {size:,} of {wanted.bytes:,} bytes."
            " Fix: copy the backup again, or use another one."
            if size < wanted.bytes
            else f"{path} is damaged: it has {size:,} instead of {wanted.bytes:,} bytes."
            " Fix: copy the backup again, or use another one."
        )
    if manifest.measure(path).sha256 != wanted.sha256:
        raise Trouble(
            f"{path} is damaged: its sha256 is not that of the manifest."
            " Fix: copy the backup again, or use another one."
        )


def verify(folder: Path, *, known: Collection[tuple[str, str]], url: str, say: Say = print) -> Manifest:
    """Check the parts, restore into a temporary database, compare every table with the manifest, drop it.

    url: of the owner. The temporary database is on its server if the owner may create databases there, else
    in an embedded PostgreSQL that is started for this. Raises Trouble with one line.
    """
    found = check_parts(folder, known)
    with _scratch(url, found.server_major) as (place, scratch):
        say(f"Restoring into a temporary database {place} ...")
        load(folder, found, scratch)
        with tools.connect(scratch) as connection:
            compare(connection, found)
    return found


def load(folder: Path, found: Manifest, url: str) -> None:
    """Restore the dump into an empty database, in one transaction. Raises Trouble."""
    programs = tools.for_dump(found.dump_major)
    with tools.connect(url) as connection:
        major = connection.info.server_version // 10000
    dump = str(folder / manifest.DUMP)
    if programs.major >= _TIMES_TRANSACTIONS > major:
        _load_by_psql(programs, dump, url)
        return
    arguments = [
        "--single-transaction",
        *_RESTORE,
        "--no-password",
        f"--dbname={tools.database_of(url)}",
        dump,
    ]
    with tools.running(programs, "pg_restore", arguments, url) as restore:
        restore.wait()


def _load_by_psql(programs: tools.Tools, dump: str, url: str) -> None:
    """Restore into a server that lacks a setting that pg_restore sets: as a script without that line."""
    with tempfile.TemporaryDirectory(prefix="riskhub-restore-") as folder:
        script = Path(folder) / "script.sql"
        with tools.running(programs, "pg_restore", [*_RESTORE, f"--file={script}", dump], url) as restore:
            restore.wait()
        with script.open("r+b") as file:
            place = file.read(_HEAD).find(b"\nSET transaction_timeout")
            if place >= 0:
                file.seek(place + 1)
                file.write(b"--")
        arguments = ["--no-psqlrc", "--quiet", "--no-password", "--single-transaction"]
        arguments += ["--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--file={script}"]
        with tools.running(programs, "psql", arguments, url) as psql:
            psql.wait()


def compare(connection: psycopg.Connection, found: Manifest) -> None:
    """Compare the tables of a restored database with the manifest. Raises Trouble for a difference."""
    names = [name for name in tables.names(connection) if name not in found.left_out]
    problem = tables.difference(found.tables, tables.digests(connection, names))
    if problem:
        raise Trouble(
            f"The restored database differs from the backup: {problem}."
            " Fix: use another backup, and report this as a fault of Riskhub."
        )


@contextmanager
def _scratch(url: str, oldest: int) -> Iterator[tuple[str, str]]:
    """Yield where it is, and the URL of an empty database, which is dropped afterwards."""
    if _may_create(url, oldest):
        name = f"riskhub_verify_{secrets.token_hex(4)}"
        with tools.connect(url, autocommit=True) as server:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
            try:
                yield f"on {conninfo_to_dict(url).get('host') or 'the local socket'}", _renamed(url, name)
            finally:
                server.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
        return
    with tempfile.TemporaryDirectory(prefix="riskhub-verify-") as folder:
        cluster = Cluster(Path(folder) / "postgres", durable=False)
        try:
            yield f"in {folder}", cluster.ensure().owner
        finally:
            cluster.stop("immediate")


def _may_create(url: str, oldest: int) -> bool:
    """Return True if there is a server, new enough, whose role may create databases."""
    try:
        with tools.connect(url) as connection:
            is_new_enough = connection.info.server_version // 10000 >= oldest
            query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            row = connection.execute(query).fetchone()
            return is_new_enough and row is not None and bool(row[0])
    except Trouble:
        return False


def _renamed(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return make_conninfo(url, dbname=database)
