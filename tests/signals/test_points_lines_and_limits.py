"""POST /api/v1/points: NDJSON, the limit of new series, and times that cannot be right."""

import gzip
import json

import pytest

from signals.models import Alert, Delivery, Point, Series, Source
from tests.signals.conftest import ALERTS, NOW, POINTS

pytestmark = pytest.mark.django_db

_LINE = {"model": "fraud-score", "metric": "psi", "ts": "2026-11-20T10:00:00Z", "value": 0.1}


@pytest.fixture
def send_lines(client, sender):
    """Return a function that posts lines (objects or bytes) as NDJSON and returns the answer."""

    def post(lines, address=POINTS, **headers):
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        raw = b"\n".join(texts)
        if "Content-Encoding" in headers:
            raw = gzip.compress(raw)
        return client.post(
            address,
            raw,
            content_type="application/x-ndjson",
            headers={"Authorization": f"Bearer {sender.token}", **headers},
        )

    return post


def test_each_line_of_ndjson_is_one_point_with_its_own_answer(send_lines):
    nan = b'{"model": "fraud-score", "metric": "psi", "ts": 1763632800, "value": NaN}'

    answer = send_lines(
        [_LINE, b"{", b"", b'["x"]', nan, _LINE, {**_LINE, "metric": "auc"}, b""],
        f"{POINTS}?source=nightly",
        **{"Content-Encoding": "gzip"},
    )

    assert answer.status_code == 202
    body = answer.json()
    assert body["results"] == ["stored", "rejected", "rejected", "rejected", "duplicate", "stored"]
    assert [(one["index"], one["field"]) for one in body["rejections"]] == [
        (1, "points[1].line"),
        (2, "points[2].point"),
        (3, "points[3].value"),
    ]
    assert body["rejections"][0]["detail"].startswith("The line is not JSON.")
    delivery = Delivery.objects.get()
    assert (delivery.source.slug, delivery.stored, delivery.rejected) == ("nightly", 2, 3)


def test_ndjson_of_which_nothing_is_stored_or_that_is_too_long_is_refused(send_lines):
    empty = send_lines([b"", b" "])
    wrong = send_lines([b"a,b"], f"{POINTS}?source=a%20b")
    long = send_lines([b"1"] * 10_001)

    assert [answer.status_code for answer in (empty, wrong, long)] == [422] * 3
    assert empty.json()["errors"] == [{"field": "points", "detail": "The body contains no points."}]
    assert wrong.json()["errors"][0]["field"] == "source"
    assert "10000 points" in long.json()["errors"][0]["detail"]
    assert not Point.objects.exists()


def test_a_source_creates_no_more_series_than_it_may_and_keeps_writing_to_them(sender, settings):
    settings.MAX_SERIES_OF_SOURCE = 3

    def points(*slices, value=0.1):
        return {"source": "lab", "points": [{**_LINE, "slice": name, "value": value} for name in slices]}

    first = sender(POINTS, points("run-1", "run-2"))
    second = sender(POINTS, points("run-2", "run-3", "run-4", "run-1", "run-5", value=0.2))
    third = sender(POINTS, points("run-6"))
    other = sender(POINTS, {**points("run-7"), "source": "office"})

    assert first.json()["results"] == ["stored", "stored"]
    assert second.json()["results"] == ["corrected", "stored", "rejected", "corrected", "rejected"]
    rejections = second.json()["rejections"]
    assert [one["field"] for one in rejections] == ["points[2].series", "points[4].series"]
    assert rejections[0]["detail"].startswith("The source “lab” has 3 series, so no new one is created.")
    assert (third.status_code, third.json()["rejected"]) == (422, 1)
    assert other.json()["results"] == ["stored"]
    assert set(Series.objects.values_list("slice", flat=True)) == {"run-1", "run-2", "run-3", "run-7"}
    assert Series.objects.get(slice="run-2").latest_value == 0.2
    assert "no new one is created" in Delivery.objects.filter(source__slug="lab").latest("id").problem


def test_an_alert_whose_series_may_not_be_created_is_stored_without_its_value(sender, settings):
    settings.MAX_SERIES_OF_SOURCE = 1

    def alert(name):
        return {
            "status": "firing",
            "labels": {"alertname": name, "model": "fraud-score"},
            "annotations": {"value": "0.4"},
            "startsAt": NOW.isoformat(),
            "fingerprint": name,
        }

    answer = sender(ALERTS, {"status": "firing", "alerts": [alert("DriftHigh"), alert("LatencyHigh")]})

    assert answer.json()["results"] == ["stored", "stored"]
    assert Alert.objects.count() == 2
    assert Series.objects.count() == 1
    assert "The values of 1 series are not stored" in Delivery.objects.get().problem


def test_a_time_that_cannot_be_right_is_refused_with_what_to_check(sender):
    early = {**_LINE, "ts": 1_763_632}  # thousands of seconds
    late = {**_LINE, "ts": 1_763_632_800_000}  # milliseconds
    first = {**_LINE, "ts": "2000-01-01T00:00:00Z"}

    answer = sender(POINTS, {"points": [early, late, first]})

    assert answer.json()["results"] == ["rejected", "rejected", "stored"]
    details = [one["detail"] for one in answer.json()["rejections"]]
    assert "Before the year 2000. Check the clock" in details[0]
    assert "seconds, not milliseconds" in details[1]
    assert Source.objects.get().slug == "points"
