"""The migration that partitions points: under traffic of the version before, no point is lost or refused."""

import lzma
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from tests.conftest import _clone, _owner, _point_at
from tests.upgrade.test_old_database import DUMP, _owner_of

MONTHS = 30
_STARTS = datetime(2024, 3, 1, tzinfo=UTC)
# What the version before does with points.
_INSERT = """
INSERT INTO signals_point (series_id, ts, value) VALUES (%s, %s, %s) ON CONFLICT (series_id, ts) DO NOTHING
"""
_READ = "SELECT count(*), sum(value) FROM signals_point WHERE series_id = 900000"


@pytest.fixture
def old_database(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The dump of an earlier version with points of MONTHS months of series 900000. Yields its name."""
    own = str(connections["default"].settings_dict["NAME"])
    name = f"{own}_points"
    with django_db_blocker.unblock():
        _clone("template0", name)
        with _owner_of(name) as owner:
            owner.execute(lzma.decompress(DUMP.read_bytes()))
            owner.execute("SET search_path = public")
            owner.execute(
                "INSERT INTO signals_point (series_id, ts, value)"
                " SELECT 900000, %s::timestamptz + n * interval '1 hour', 1 FROM generate_series(0, %s) AS n",
                [_STARTS, MONTHS * 30 * 24 - 1],
            )
            role = sql.Identifier(psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])["user"])
            owner.execute(
                sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(
                    role
                )
            )
        _point_at(name)
        yield name
        _point_at(own)
    with _owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class _Traffic(threading.Thread):
    """Writes and reads points as the application role, each in a transaction, until it is stopped."""

    def __init__(self, database: str, at: datetime) -> None:
        super().__init__()
        self.database, self.at = database, at
        self.is_stopped = threading.Event()
        self.written, self.errors = 0, []

    def run(self) -> None:
        url = os.environ["DATABASE_URL"]
        with psycopg.connect(url, dbname=self.database, autocommit=True, prepare_threshold=1) as connection:
            while not self.is_stopped.is_set():
                try:
                    with connection.transaction():
                        moment = self.at + timedelta(milliseconds=self.written)
                        connection.execute(_INSERT, [900001, moment, 0.5])
                        connection.execute(_READ)
                    self.written += 1
                except psycopg.Error as error:
                    self.errors.append(str(error))


def test_points_stay_and_are_written_and_read_while_their_table_is_partitioned(old_database):
    with _owner_of(old_database) as owner:
        before = owner.execute("SELECT count(*) FROM public.signals_point").fetchone()[0]
        (now,) = owner.execute("SELECT now()").fetchone()
        traffic = _Traffic(old_database, now)
        traffic.start()
        try:
            call_command("migrate", database="owner", verbosity=0)
            at_the_end = traffic.written
            while traffic.written < at_the_end + 20 and not traffic.errors:
                traffic.is_stopped.wait(0.01)
        finally:
            traffic.is_stopped.set()
            traffic.join()

        assert traffic.errors == []
        count = "SELECT count(*) FROM public.{}"
        assert owner.execute(count.format("signals_point")).fetchone()[0] == before + traffic.written
        assert owner.execute(count.format("signals_point_early")).fetchone()[0] == before + traffic.written
        later = now + timedelta(days=80)
        owner.execute(f"SET search_path = public; {_INSERT % (900001, sql.Literal(later).as_string(), 0.5)}")
        assert owner.execute(count.format("signals_point_early")).fetchone()[0] == before + traffic.written
        _assert_reversible(owner, before + traffic.written + 1)


def _assert_reversible(owner: psycopg.Connection, points: int) -> None:
    names = sorted(name for room, name in MigrationLoader(None).disk_migrations if room == "signals")
    (first,) = (number for number, name in enumerate(names) if name.endswith("_bound_of_points"))
    call_command("migrate", "signals", names[first - 1], database="owner", verbosity=0)
    assert owner.execute("SELECT count(*) FROM public.signals_point").fetchone()[0] == points
    kind = owner.execute(
        "SELECT relkind FROM pg_class WHERE oid = 'public.signals_point'::regclass"
    ).fetchone()
    assert kind == ("r",)
