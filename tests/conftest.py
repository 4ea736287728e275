"""Real servers for every run: the embedded PostgreSQL and Valkey. Tests run as the application role.

The owner migrates a template database once, and each worker clones it. The owner also cleans up after a
transactional test, because the application role may not delete history.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from hypothesis import HealthCheck, settings
from psycopg import sql

from tests.moments import AT

# How fast a machine is decides no test.
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")

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
    from django.core.cache import cache
    from django.db import connections

    cache.clear()  # the rows of the clone have ids that the rows before had, too
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


def _six_weeks_database() -> str:
    """The template with the six weeks of the sample. It is slow, so it is created once for all workers."""

    def create_sample() -> None:
        from django.db import transaction

        from riskhub.sample import people_and_teams
        from riskhub.sample.six_weeks import SixWeeks

        with transaction.atomic():
            addresses = (address for _, address, _, _ in people_and_teams.PEOPLE)
            SixWeeks(AT, dict.fromkeys(addresses, PASSWORD)).create()

    rooms = (path for path in _sources() if path.parts[len(ROOT.parts)] not in {"tests", "bench", "chaos"})
    return _made_once(f"test_six_weeks_{_digest(rooms)}_{AT:%Y%m%d%H%M}", _template(), create_sample)


def _sources() -> Iterator[Path]:
    """Yield all Python files of the project, without those of the virtual environment."""
    for folder in ROOT.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            yield from folder.rglob("*.py")


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:12]


def _made_once(name: str, template: str | None, fill: Callable[[], None]) -> str:
    """Create a database of this name from `template` and fill it.

    The first worker does it, the others wait.
    """
    with _owner() as owner:
        owner.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
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


@contextmanager
def _module_database(make_template: Callable[[], str], blocker: Any) -> Iterator[str]:
    """Connect this worker to a clone of a template, and to its own database again at the end."""
    from django.db import connections

    own = str(connections["default"].settings_dict["NAME"])
    name = f"{own}_module"
    with blocker.unblock():
        _clone(make_template(), name)
        _point_at(name)
    yield name
    _point_at(own)
    with _owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def six_weeks_database(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Connect the tests of a module to a clone of the six weeks. Yields its name."""
    with _module_database(_six_weeks_database, django_db_blocker) as name:
        yield name


@pytest.fixture(scope="module")
def module_database(django_db_setup: None, django_db_blocker: object) -> Iterator[str]:
    """Connect the tests of a module to an empty database that they share. Yields its name.

    Nothing is rolled back or deleted between them, which saves the time of a clone for each.
    """
    with _module_database(_template, django_db_blocker) as name:
        yield name


@pytest.fixture(scope="module")
def prepared(django_db_setup: None, django_db_blocker: object) -> Iterator[Callable[..., Callable[[], Any]]]:
    """Connect the tests of a module to a database that a function filled, once for all workers.

    prepared(name, at, fill), once in a fixture of the module: `fill` runs at the moment `at` and returns what
    the tests need. Returns a function that returns a fresh copy of it (by pickle).
    """
    with ExitStack() as stack:

        def prepare(name: str, at: datetime, fill: Callable[[], Any]) -> Callable[[], Any]:
            result = _filled_once(name, at, fill, django_db_blocker, stack)
            return lambda: pickle.loads(result.read_bytes())  # noqa: S301 - written by this run

        yield prepare


def _filled_once(name: str, at: datetime, fill: Callable[[], Any], blocker: Any, stack: ExitStack) -> Path:
    """Return the file with what `fill` returned, and connect this worker to a clone of what it filled."""
    database = f"test_{name}_{_digest(_sources())}"
    result = Path(os.environ["RISKHUB_HOME"]) / f"{database}.pickle"

    def run() -> None:
        from django.db import transaction

        with time_machine.travel(at, tick=False), transaction.atomic():
            found = fill()
        result.write_bytes(pickle.dumps(found))

    stack.enter_context(_module_database(lambda: _made_once(database, _template(), run), blocker))
    return result


@pytest.fixture(scope="session", autouse=True)
def static_files_are_found_when_asked_for() -> None:
    """Without it WhiteNoise reads all static files for each new test client: a twentieth of the run."""
    from django.conf import settings

    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def riskhub_started_long_ago() -> None:
    """While Riskhub starts, silent processes do not count as ill (riskhub.health_pages)."""
    from riskhub import health_pages

    health_pages._started_at = float("-inf")


@pytest.fixture(scope="session", autouse=True)
def statements_are_planned_once() -> Iterator[None]:
    """Keep all prepared statements. psycopg keeps a hundred, and a run has thousands."""
    from django.db.backends.signals import connection_created

    def keep_all(connection: Any, **_: Any) -> None:
        connection.connection.prepared_max = 10_000

    connection_created.connect(keep_all)
    yield
    connection_created.disconnect(keep_all)


@pytest.fixture
def six_weeks(six_weeks_database: str, db: None) -> None:
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


@pytest.fixture
def sink(settings: Any) -> Iterator[Any]:
    """A web server by plain http, in a network that the setting allows (tests/outgoing/sink.py)."""
    from outgoing.networks import networks
    from tests.outgoing.sink import HttpSink

    settings.OUTGOING_ALLOW = networks(["127.0.0.1"])
    server = HttpSink()
    yield server
    server.stop()
