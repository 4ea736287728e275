"""Real servers for every run: the embedded PostgreSQL and Valkey. Tests run as the application role.

The owner migrates a template database once, and each worker clones it. The owner also cleans up after a
transactional test, because the application role may not delete history.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.moments import AT

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "quartz-raven-maple-42"  # of every person in the sample


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: object) -> Iterator[None]:
    """A database of this worker, cloned from the template, and cloned again after each transactional test."""
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
    """The migrated template database. The first worker creates it, and the others wait."""
    from django.core.management import call_command

    digest = _digest(ROOT.glob("*/migrations/*.py"))
    return _made_once(
        f"test_template_{digest}", None, lambda: call_command("migrate", database="owner", verbosity=0)
    )


def _story() -> str:
    """The template with the six weeks of the sample. It is slow, so it is created once for all workers."""

    def tell() -> None:
        from django.db import transaction

        from riskhub.sample import cast
        from riskhub.sample.story import Story

        with transaction.atomic():
            Story(AT, dict.fromkeys((address for _, address, _, _ in cast.PEOPLE), PASSWORD)).tell()

    rooms = (
        path
        for path in ROOT.glob("*/**/*.py")
        if path.relative_to(ROOT).parts[0] not in {"tests", "bench", "chaos"}
    )
    return _made_once(f"test_story_{_digest(rooms)}_{AT:%Y%m%d%H%M}", _template(), tell)


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


def _made_once(name: str, template: str | None, fill: Callable[[], None]) -> str:
    """Create a database of this name from `template` and fill it.

    The first worker does it, the others wait.
    """
    with _owner() as owner:
        owner.execute("SELECT pg_advisory_lock(42)")
        if not owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            # It gets its name when it is complete, so that an interrupted run leaves no partial database.
            _clone(template or "template1", f"{name}_raw")
            _point_at(f"{name}_raw")
            fill()
            _point_at("postgres")  # disconnect, because a template must have no connections
            owner.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(f"{name}_raw"), sql.Identifier(name)
                )
            )
    return name


@pytest.fixture(scope="module")
def story_database(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Connect this worker to a clone of the sample database for the tests of a module. Yields its name."""
    from django.db import connections

    own = str(connections["default"].settings_dict["NAME"])
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _clone(_story(), f"{own}_story")
        _point_at(f"{own}_story")
    yield f"{own}_story"
    _point_at(own)
    with _owner() as owner:
        owner.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(f"{own}_story"))
        )


@pytest.fixture
def six_weeks(story_database: str, db: None) -> None:
    """The register after six weeks of the sample."""


@pytest.fixture(scope="session", autouse=True)
def undefined_is_false(_fail_for_invalid_template_variable: None) -> None:
    """`{% if breach.alert %}` is false for a breach without an alert, as on the site. Printing it fails."""
    from django.conf import settings

    type(settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"]).__bool__ = lambda self: False


@pytest.fixture
def at() -> datetime:
    """The moment of the test: a Monday at ten, UTC, unless RISKHUB_TEST_AT names another."""
    return AT
