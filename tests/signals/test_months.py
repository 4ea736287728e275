"""The partitions of points: made ahead of time, found by late points, and made when one is missing."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from riskhub import schedule
from signals.models import Point
from signals.operations import months
from tests.factories import signals as factory

pytestmark = pytest.mark.django_db


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'signals_point'::regclass ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def _end() -> datetime:
    """Return the end of the last month. It depends on the day on which the database was made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(c.relpartbound, c.oid)"
            " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'signals_point'::regclass"
        )
        bounds = [bound for (bound,) in cursor.fetchall()]
    return max(datetime.fromisoformat(re.search(r"TO \('([^']+)'\)", bound)[1]) for bound in bounds)


def _partition_of(ts: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM signals_point WHERE ts = %s", [ts])
        return cursor.fetchone()[0]


def test_the_task_makes_the_months_ahead_once(move_clock):
    before, later = _partitions(), _end() + timedelta(days=200)
    move_clock(later)

    schedule.tidy()
    made = _partitions()
    schedule.tidy()

    assert _partitions() == made
    assert f"signals_point_{later + months.AHEAD:%Y_%m}" in made
    assert len(made) >= len(before) + 9


def test_a_late_point_finds_a_partition_however_old_it_is():
    series = factory.series(values=(0.1,))
    early = datetime.fromisoformat("2000-01-01T00:00:00Z")

    factory.push(series, 0.2, start=early)

    assert _partition_of(early) == "signals_point_early"
    assert Point.objects.filter(series=series).count() == 2


def test_a_point_without_partition_makes_the_months_and_is_stored():
    series = factory.series(values=(0.1,))
    later = _end() + timedelta(days=300)
    with pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        Point.objects.create(series=series, ts=later, value=0.2)

    stored = factory.push(series, 0.2, 0.3, start=later)

    assert stored.results == ["stored", "stored"]
    assert _partition_of(later) == f"signals_point_{later:%Y_%m}"


def test_the_application_makes_no_months_beyond_ten_years():
    first = _end()

    months.make_ahead(at=first + timedelta(days=36_500))

    assert _end() < first + timedelta(days=3_700)
