"""A small register that is backed up, empty databases to restore it into, and what both have."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from django.test import Client
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from people.states import Role
from riskhub import releases
from riskhub.backup import checking, restoring, tables, tools
from riskhub.engine.home import ROOT
from tests.conftest import _clone, _point_at
from tests.factories import actions, notices, people, risks, talk
from tests.moments import AT

KNOWN = releases.known_migrations()
FILE = b"Minutes of the review.\n" * 2000


def fill() -> None:
    """A person, a risk with a file, a mail that waits, an action that becomes due, and a session."""
    people.organisation(time_zone="UTC", is_sample=False)
    ada = people.user("Ada", role=Role.ADMINISTRATOR, email="ada@example.org")
    owner = people.user("Ben", email="ben@example.org")
    risk = risks.risk(owner=owner)
    talk.file(risk.subject, "minutes.txt", FILE)
    notices.parked_kind(owner)
    actions.action(owner=owner, due_on=AT.date() + timedelta(days=3))
    Client().force_login(ada)


def url_of(database: str, variable: str = "DATABASE_OWNER_URL") -> str:
    """Return the connection string of a role for another database of the tests."""
    return make_conninfo(os.environ[variable], dbname=database)


@contextmanager
def connected(blocker: Any, template: str) -> Iterator[None]:
    """Connect this process to a clone of a database over the block."""
    own = connections["default"].settings_dict["NAME"]
    name = f"{template}_clone"
    with blocker.unblock():
        _clone(template, name)
        _point_at(name)
        try:
            yield
        finally:
            _point_at(own)
            with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
                owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the name of an empty database as an operator creates it, and drop it afterwards."""
    name = f"test_restored_{os.getpid()}_{secrets.token_hex(4)}"
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        identifier = sql.Identifier(name)
        role = sql.Identifier(str(conninfo_to_dict(os.environ["DATABASE_URL"])["user"]))
        owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
        owner.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
        owner.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(identifier, role))
        try:
            yield name
        finally:
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def restore(folder: Path, database: str, storage: Path | None, **changed: object) -> object:
    """Restore without the last step, which needs a process of its own: the migrations and the hold."""
    values = {"url": url_of(database), "storage": storage, "known": KNOWN, "finish": lambda found: None}
    return restoring.restore(folder, **(values | changed), say=lambda line: None)  # type: ignore[arg-type]


def is_empty(database: str) -> bool:
    with tools.connect(url_of(database)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"
        ).fetchone()
        return tables.first_object(connection) == "" and row == (0,)


def verify(folder: Path, **changed: object) -> object:
    values = {"known": KNOWN, "url": os.environ["DATABASE_OWNER_URL"]}
    return checking.verify(folder, **(values | changed), say=lambda line: None)  # type: ignore[arg-type]


def environment(database: str, home: Path | None = None) -> dict[str, str]:
    """Return the environment of a process whose register is a database of the tests."""
    return os.environ | {
        "DATABASE_URL": _as_url(url_of(database, "DATABASE_URL")),
        "DATABASE_OWNER_URL": _as_url(url_of(database)),
        "RISKHUB_HOME": str(home or settings.HOME),
    }


def _as_url(conninfo: str) -> str:
    values = conninfo_to_dict(conninfo)
    login = f"{values['user']}:{values['password']}@{values['host']}:{values['port']}"
    return f"postgresql://{login}/{values['dbname']}"


def run(*arguments: str, database: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run manage.py on a database of the tests."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(database, home), capture_output=True, text=True, check=False
    )
