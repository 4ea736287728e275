"""Old points are packed, and everything reads and corrects them as before."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from signals.models import Correction, PackedPoints, Point, Series, SeriesValue
from signals.operations import packing
from signals.queries.points import window
from tests.conftest import AT
from tests.factories import signals as factory
from tests.signals.conftest import POINTS

pytestmark = pytest.mark.django_db

# All values of factory.series() before AT are older than packing.AFTER then.
LATER = AT + packing.AFTER + timedelta(hours=1)


def _values(series: Series) -> list[tuple[datetime, float]]:
    return list(SeriesValue.objects.filter(series=series).order_by("ts").values_list("ts", "value"))


def _packs(series: Series) -> list[list[float]]:
    return list(
        PackedPoints.objects.filter(series=series).order_by("last_ts").values_list("values", flat=True)
    )


def test_old_points_are_packed_and_newer_ones_are_not():
    series = factory.series(values=[n / 1000 for n in range(1200)])
    factory.push(series, 5.0, 6.0, start=LATER - timedelta(days=1))
    before = _values(series)

    packed = packing.pack(LATER)

    assert packed == 1200
    assert [len(pack) for pack in _packs(series)] == [500, 500, 200]
    assert Point.objects.filter(series=series).count() == 2
    assert _values(series) == before
    series.refresh_from_db()
    assert series.packed_until == AT
    assert packing.pack(LATER) == 0


def test_later_packs_fill_the_last_one_and_do_not_overlap():
    series = factory.series(values=[0.1] * 100)
    packing.pack(LATER)
    factory.push(series, *[0.2] * 100)

    packing.pack(LATER + timedelta(days=30))

    assert _packs(series) == [[0.1] * 100 + [0.2] * 100]


def test_points_of_many_series_are_packed_in_batches(monkeypatch):
    monkeypatch.setattr(packing, "_SERIES_AT_ONCE", 2)
    monkeypatch.setattr(packing, "_POINTS_AT_ONCE", 30)
    several = [factory.series(feature=f"f{n}", values=[n + k / 100 for k in range(70)]) for n in range(5)]
    before = [_values(series) for series in several]

    assert packing.pack(LATER) == 350

    assert [_values(series) for series in several] == before
    assert [len(_packs(series)[0]) for series in several] == [70] * 5


def test_a_late_point_a_duplicate_and_a_correction_of_packed_points(sender):
    series = factory.series(values=[0.1, 0.2, 0.3, 0.4])
    packing.pack(LATER)
    times = [AT - timedelta(hours=3 - n) for n in range(4)]
    between = times[1] + timedelta(minutes=30)

    def point(ts, value):
        names = {"model": series.model_name, "metric": series.metric, "feature": series.feature}
        return {**names, "ts": ts.isoformat(), "value": value}

    answer = sender(
        POINTS,
        {"points": [point(times[0], 0.1), point(times[1], 7.5), point(between, 0.25), point(times[3], 0.9)]},
    )

    assert answer.json()["results"] == ["duplicate", "corrected", "stored", "corrected"]
    assert [value for _, value in _values(series)] == [0.1, 7.5, 0.25, 0.3, 0.9]
    assert _packs(series) == [[0.1, 7.5, 0.3, 0.9]]
    assert set(Correction.objects.values_list("old_value", "new_value")) == {(0.2, 7.5), (0.4, 0.9)}
    series.refresh_from_db()
    assert series.latest_value == 0.9
    again = sender(POINTS, {"points": [point(times[1], 7.5), point(between, 0.25)]})
    assert again.json()["results"] == ["duplicate", "duplicate"]

    packing.pack(LATER)

    assert _packs(series) == [[0.1, 7.5, 0.25, 0.3, 0.9]]
    assert not Point.objects.exists()


def test_a_chart_reads_packed_and_other_points_alike():
    series = factory.series(values=[n / 100 for n in range(2000)])
    factory.push(series, 9.0, start=LATER)
    start, end = AT - timedelta(days=60), LATER + timedelta(hours=1)
    before = window([series.pk], start, end)

    packing.pack(LATER)

    assert window([series.pk], start, end) == before
    narrow = window([series.pk], AT - timedelta(hours=3), AT)
    assert [value for _, value in narrow[series.pk]] == [19.96, 19.97, 19.98]


def test_a_rule_with_a_history_reads_packed_points():
    series = factory.series(values=[0.3, 0.3])
    factory.agreed(series, warning=0.2, kind="count", needed=3, among=3)
    packing.pack(LATER)

    stored = factory.push(series, 0.3, start=LATER)

    assert len(stored.breaches) == 1


def test_a_month_is_emptied_when_its_points_are_packed():
    factory.series(values=[0.1])
    partition = "SELECT max(tableoid::regclass::text), max(pg_relation_size(tableoid)) FROM signals_point"
    with connection.cursor() as cursor:
        cursor.execute(partition)
        name, size = cursor.fetchone()
        assert size > 0
        packing.pack(LATER)
        assert packing.empty_months(AT - timedelta(days=40)) == 0
        # Other tests leave space in other months, and the day of the run decides in which month AT is.
        assert packing.empty_months(AT + timedelta(days=365_000)) >= 1
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [name])
        assert cursor.fetchone() == (0,)
    assert SeriesValue.objects.count() == 1
