"""Malformed input never causes a 5xx, and rejected items leave no row."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.models import Alert, Breach, Delivery, Point, Series, Threshold
from tests.signals.conftest import ALERTS, POINTS

pytestmark = pytest.mark.django_db

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\x00", "a\x00b", "\ud800", "x" * 130, "x" * 5000, "fraud", "NaN", "0001-01-01T00:00:00Z"]
    ),
)
numbers = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from([10**400, -0.0, 1e308, 1763632800, float("nan")]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
moments = st.one_of(
    anything,
    st.sampled_from(
        [
            "2026-11-23T10:00:00Z",
            "2026-11-23T10:00:00.123456789Z",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-11-23",
        ]
    ),
)


def some(**fields):
    """Objects with some of these fields, each valid or arbitrary."""
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(good, anything) for name, good in fields.items()}
    )


names = st.sampled_from(["fraud", "churn", "x" * 120])
points = some(
    model=names,
    metric=names,
    feature=names,
    slice=names,
    kind=st.just("drift"),
    unit=st.just("ms"),
    ts=moments,
    value=numbers,
    odd=st.just(1),
)
grouped = some(
    model=names, metric=names, points=st.lists(st.one_of(st.tuples(moments, numbers), anything), max_size=3)
)
point_bodies = st.one_of(
    anything,
    some(points=st.lists(st.one_of(points, anything), max_size=4), series=st.lists(grouped, max_size=3)),
    st.builds(
        lambda body, one: {"series": one, "points": body}, st.lists(st.tuples(moments, numbers)), grouped
    ),
)
labels = st.dictionaries(
    st.sampled_from(["alertname", "model", "feature", "severity", "category", "x"]),
    st.one_of(texts, numbers, names),
)
alerts = some(
    status=st.sampled_from(["firing", "resolved"]),
    labels=labels,
    annotations=st.dictionaries(st.sampled_from(["value", "threshold", "summary"]), st.one_of(texts, names)),
    startsAt=moments,
    endsAt=moments,
    fingerprint=st.one_of(texts, names),
    generatorURL=st.sampled_from(["http://x", "javascript:alert(1)"]),
)
whole = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "labels": labels,
        "startsAt": moments,
        "endsAt": moments,
    }
)
alert_bodies = st.one_of(
    anything,
    some(
        alerts=st.lists(st.one_of(alerts, whole, anything), max_size=5),
        truncatedAlerts=st.integers(-1, 10**10),
    ),
)
often = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _send(sender, address, body):
    answer = sender(address, json.dumps(body).encode())
    assert answer.status_code in {202, 400, 422}, (answer.status_code, body)
    found = answer.json()
    assert Delivery.objects.latest("id").status == answer.status_code
    if answer.status_code == 202:
        counts = [found[name] for name in ("stored", "duplicates", "corrected", "rejected")]
        assert len(found["results"]) == sum(counts)
        assert len(found["rejections"]) == found["rejected"]
    return answer.status_code


@often
@given(point_bodies)
def test_points(sender, body):
    before = (Point.objects.count(), Series.objects.count())

    if _send(sender, POINTS, body) != 202:
        assert (Point.objects.count(), Series.objects.count()) == before


@often
@given(alert_bodies)
def test_alerts(sender, body):
    before = (Alert.objects.count(), Breach.objects.count(), Threshold.objects.count())

    if _send(sender, ALERTS, body) != 202:
        assert (Alert.objects.count(), Breach.objects.count(), Threshold.objects.count()) == before
    assert Alert.objects.count() == Breach.objects.count()


@often
@given(st.binary(max_size=200), st.sampled_from(["", "gzip"]))
def test_bytes(sender, raw, encoding):
    for address in (POINTS, ALERTS):
        assert sender(address, raw, **{"Content-Encoding": encoding}).status_code in {202, 400, 422}


@pytest.mark.parametrize(
    "body",
    [
        rb'{"\ud800": 1}',
        rb'{"a\u0000": 1}',
        rb'{"points": [{"model": "m", "metric": "x", "ts": 1763632800, "value": 1, "\udfff": 1}]}',
    ],
)
def test_a_field_whose_very_name_cannot_be_stored_is_refused_by_name(sender, body):
    answer = sender(POINTS, body)

    assert answer.status_code == 422
    assert "\ufffd" in answer.json()["errors"][0]["field"]
    assert "\ufffd" in Delivery.objects.get().problem
