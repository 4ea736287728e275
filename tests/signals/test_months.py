"""The partitions of points: made ahead of time, found by late points, and made when one is missing."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from riskhub import schedule
from signals.models import Point
from signals.operations import months
from tests.conftest import AT
from tests.factories import signals as factory

pytestmark = pytest.mark.django_db


def _partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'signals_point'::regclass ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def _partition_of(ts: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM signals_point WHERE ts = %s", [ts])
        return cursor.fetchone()[0]


def test_the_task_makes_the_months_ahead_once(move_clock):
    later = AT + timedelta(days=400)
    move_clock(later)

    schedule.tidy()
    made = _partitions()
    schedule.tidy()

    assert _partitions() == made
    assert made[-1] == "signals_point_early"
    assert f"signals_point_{later + months.AHEAD:%Y_%m}" in made
    assert len(made) > 15


def test_a_late_point_finds_a_partition_however_old_it_is():
    series = factory.series(values=(0.1,))
    early = datetime.fromisoformat("2000-01-01T00:00:00Z")

    factory.push(series, 0.2, start=early)

    assert _partition_of(early) == "signals_point_early"
    assert Point.objects.filter(series=series).count() == 2


def test_a_point_without_partition_makes_the_months_and_is_stored():
    series = factory.series(values=(0.1,))
    later = AT + timedelta(days=800)
    with pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        Point.objects.create(series=series, ts=later, value=0.2)

    stored = factory.push(series, 0.2, 0.3, start=later)

    assert stored.results == ["stored", "stored"]
    assert _partition_of(later) == f"signals_point_{later:%Y_%m}"


def test_the_application_makes_no_months_beyond_ten_years():
    months.make_ahead(at=AT + timedelta(days=36500))

    assert len(_partitions()) < 130
