"""Real engines for every run: PostgreSQL and Valkey from the wheels, the tests as the application role.

The owner migrates a template database once; each worker clones it. A transactional test is cleaned by the
owner, for the application role may not empty history.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: object) -> Iterator[None]:
    """A database of this worker's own, cloned from the template, and anew after each transactional test."""
    from django.db import connections
    from django.test import TransactionTestCase

    name = f"test_{getattr(request.config, 'workerinput', {}).get('workerid', 'main')}_{os.getpid()}"
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        template = _template()
        _clone(template, name)
    _point_at(name)
    TransactionTestCase._fixture_teardown = lambda self: _clone(template, name)  # type: ignore[method-assign]
    yield
    connections.close_all()
    with _owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _owner() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def _point_at(database: str) -> None:
    from django.db import connections

    connections.close_all()
    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database


def _clone(template: str, name: str) -> None:
    from django.db import connections

    connections.close_all()
    with _owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        owner.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )


def _template() -> str:
    """The migrated database the others are cloned from; the first worker makes it, the others wait."""
    from django.core.management import call_command

    files = sorted(Path(__file__).parent.parent.glob("*/migrations/*.py"))
    name = "test_template_" + hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    with _owner() as owner:
        owner.execute("SELECT pg_advisory_lock(42)")
        if not owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            # It takes its name when it is whole, so that a run cut short leaves no trap.
            raw = sql.Identifier(f"{name}_raw")
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(raw))
            owner.execute(sql.SQL("CREATE DATABASE {}").format(raw))
            _point_at(f"{name}_raw")
            call_command("migrate", database="owner", verbosity=0)
            _point_at("postgres")  # lets go of the template, which must have no visitors when it is cloned
            owner.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(raw, sql.Identifier(name)))
    return name


@pytest.fixture
def at() -> datetime:
    """The moment of the story: a Monday at ten, UTC."""
    return AT
