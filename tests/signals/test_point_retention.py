"""Retention of points deletes old ones, and never those around a breach of their series."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from riskhub.retention import deleting
from riskhub.retention.kept import going
from riskhub.retention.operations import set_days
from signals.models import PackedPoints, Series, SeriesValue
from signals.operations import packing
from tests.conftest import AT
from tests.factories import people
from tests.factories import signals as factory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def two_hundred_days():
    """Keep points for 200 days."""
    set_days(people.organisation(), {"points": 200}, by=SYSTEM, at=AT)


def _ages(series: Series) -> list[int]:
    """Return the ages of the values of a series in days before AT, the oldest first."""
    rows = SeriesValue.objects.filter(series=series).order_by("ts").values_list("ts", flat=True)
    return [(AT - ts).days for ts in rows]


def _of_days(*values: float, feature: str = "age") -> Series:
    """Return a series with one value a day, the last one at AT, and a rule that 0.9 crosses."""
    start = AT - DAY * (len(values) - 1)
    names = {"model": "fraud-score", "metric": "psi", "feature": feature}
    factory.store({"series": [{**names, "points": [[start.isoformat(), values[0]]]}]}, at=start)
    series = Series.objects.select_related("subject").get(feature=feature)
    factory.agreed(series, warning=0.5)
    factory.push(series, *values[1:], start=start + DAY, step=DAY)
    return series


def _going() -> int:
    return next(one.number for one in going(AT, deleting.settings()) if one.kept.key == "points")


def test_points_stay_unless_the_organisation_says_how_long():
    series = _of_days(*[0.1] * 400)
    packing.pack(AT)

    assert "points" not in deleting.run(AT)
    assert len(_ages(series)) == 400


def test_old_points_go_and_those_around_a_breach_stay(two_hundred_days):
    series = _of_days(*[0.1] * 40, *[0.9] * 10, *[0.1] * 251)  # crosses from day 260 to day 250 before AT
    other = _of_days(*[0.1] * 301, feature="income")
    packing.pack(AT)
    packs = PackedPoints.objects.count()

    assert _going() == 100 + 100 - 25
    assert deleting.run(AT)["points"] == 100 + 100 - 25

    assert _ages(series) == [*range(267, 242, -1), *range(200, -1, -1)]
    assert _ages(other) == list(range(200, -1, -1))
    assert PackedPoints.objects.count() == packs
    assert (_going(), deleting.run(AT)["points"]) == (0, 0)


def test_all_points_after_the_start_of_an_open_breach_stay(two_hundred_days):
    series = _of_days(*[0.1] * 20, *[0.9] * 281)
    packing.pack(AT)

    assert deleting.run(AT)["points"] == 13
    assert _ages(series) == list(range(287, -1, -1))


def test_points_that_are_not_packed_yet_stay(two_hundred_days):
    series = _of_days(*[0.1] * 301)

    assert deleting.run(AT)["points"] == 0
    assert len(_ages(series)) == 301
