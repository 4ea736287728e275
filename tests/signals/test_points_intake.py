"""POST /api/v1/points stores the items, then answers for each item."""

import gzip
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from signals.models import Correction, Delivery, Point, Series, Source
from tests.conftest import AT
from tests.factories import catalogue
from tests.signals.conftest import ALERTS, POINTS

pytestmark = pytest.mark.django_db


def _point(value=0.1, *, ts="2026-11-20T10:00:00Z", **fields):
    return {"model": "fraud-score", "metric": "psi", "feature": "age", "ts": ts, "value": value, **fields}


def test_a_point_is_stored_once_and_a_corrected_value_keeps_its_history(sender):
    first = sender(POINTS, {"points": [_point(0.1)]})
    again = sender(POINTS, {"points": [_point(0.1)]})
    other = sender(POINTS, {"points": [_point(0.2)]})

    assert [answer.status_code for answer in (first, again, other)] == [202] * 3
    results = [answer.json()["results"] for answer in (first, again, other)]
    assert results == [["stored"], ["duplicate"], ["corrected"]]
    assert Point.objects.get().value == 0.2
    assert (Correction.objects.get().old_value, Correction.objects.get().new_value) == (0.1, 0.2)
    assert Series.objects.get().latest_value == 0.2


def test_a_partly_bad_batch_keeps_the_good_part_and_says_what_is_wrong(sender):
    ahead = (AT + timedelta(days=2)).isoformat()
    bad = [
        (_point(value="NaN"), "value"),
        (_point(value=True), "value"),
        (_point(value=10**400), "value"),
        (_point(ts="1969-12-31T23:59:59Z"), "ts"),
        (_point(ts=1_763_632), "ts"),  # January 1970
        (_point(ts="2100-01-01T00:00:00Z"), "ts"),
        (_point(ts=ahead), "ts"),
        (_point(ts="2026-11-20T10:00:00"), "ts"),
        (_point(model="a\x00b"), "model"),
        (_point(model="a\ud800b"), "model"),
        (_point(metric=""), "metric"),
        (_point(kind="odd"), "kind"),
        (_point(extra=1), "extra"),
        ("text", "point"),
    ]

    answer = sender(POINTS, {"points": [_point(0.3), *(point for point, _ in bad)]})

    assert answer.status_code == 202
    told = answer.json()
    assert told["results"] == ["stored", *["rejected"] * len(bad)]
    assert [(one["index"], one["field"]) for one in told["rejections"]] == [
        (n + 1, f"points[{n + 1}].{field}") for n, (_, field) in enumerate(bad)
    ]
    assert all(one["detail"] for one in told["rejections"])
    assert told["rejected"] == len(bad)
    assert Point.objects.count() == 1
    assert "NaN" in Delivery.objects.get().problem
    assert Delivery.objects.get().body


def test_nan_and_infinity_as_json_lets_them_through_are_refused_by_name(sender):
    body = (
        b'{"points": [{"model":"m","metric":"psi","ts":1763632800,"value":NaN},'
        b'{"model":"m","metric":"psi","ts":1763632800,"value":-Infinity},'
        b'{"model":"m","metric":"psi","ts":1763632800,"value":' + b"9" * 5_000 + b"},"
        b'{"model":"m","metric":"psi","ts":1763632800,"value":1}]}'
    )

    answer = sender(POINTS, body)

    assert answer.status_code == 202
    assert answer.json()["results"] == ["rejected", "rejected", "rejected", "stored"]
    assert [one["detail"].split()[0] for one in answer.json()["rejections"]] == [
        "NaN",
        "Infinity",
        "Infinity",
    ]


def test_t_and_z_may_be_small_as_rfc_3339_has_it(sender):
    answer = sender(
        POINTS, {"points": [_point(ts="2026-11-20t10:00:00z"), _point(ts="2026-11-20T10:00:00Z")]}
    )

    assert answer.json()["results"] == ["stored", "duplicate"]


def test_nothing_stored_is_422_with_the_fields(sender):
    answer = sender(POINTS, {"points": [_point(value=None), _point(ts="soon")]})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["points[0].value", "points[1].ts"]
    assert not Point.objects.exists()
    assert not Series.objects.exists()


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"x", {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b'"' + b"a" * (8 * 1024 * 1024) + b'"', {}, 413),
        (gzip.compress(b"[" + b" " * (9 * 1024 * 1024) + b"]"), {"Content-Encoding": "gzip"}, 413),
        (b"[]", {}, 422),
        (b"null", {}, 422),
        (b"{}", {}, 422),
        (b'{"points": 3}', {}, 422),
        (b'{"points": [], "odd": 1}', {}, 422),
    ],
)
def test_a_bad_body_is_refused_and_kept_for_the_owner(sender, raw, headers, status):
    answer = sender(POINTS, raw, **headers)

    assert answer.status_code == status
    delivery = Delivery.objects.get()
    assert delivery.status == status
    assert delivery.problem
    assert len(delivery.body) <= 64 * 1024
    assert not Series.objects.exists()


@pytest.mark.parametrize("named", ["a b", "x" * 61, "\x00", 5, True, []])
def test_a_body_whose_source_cannot_be_is_refused_and_kept(sender, named):
    answer = sender(POINTS, {"source": named, "points": [_point()]})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source")
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.source.slug) == (422, "points")
    assert "fraud-score" in delivery.body
    assert not Series.objects.exists()


def test_bodies_of_which_nothing_is_stored_create_no_source(sender):
    for number in range(3):
        sender(POINTS, {"source": f"wrong-{number}", "points": [_point(value="NaN")]})
        sender(POINTS, {"source": f"empty-{number}", "points": []})
        sender(f"{ALERTS}/unread-{number}", b"{")
        sender(f"{ALERTS}/odd-{number}", {"alerts": {}})

    assert set(Source.objects.values_list("slug", flat=True)) == {"points", "alertmanager"}
    assert Delivery.objects.filter(source__slug="points", status=422, body__contains="NaN").count() == 3
    assert Delivery.objects.filter(source__slug="alertmanager").count() == 6


def test_a_refused_body_of_a_known_source_is_kept_with_it(sender):
    sender(POINTS, {"source": "lab", "points": [_point()]})
    sender(POINTS, {"source": "lab", "points": [_point(value="NaN")]})

    assert list(Delivery.objects.order_by("pk").values_list("source__slug", "status")) == [
        ("lab", 202),
        ("lab", 422),
    ]


def test_a_body_for_a_source_of_another_adapter_is_refused_by_name(sender):
    sender(POINTS, {"source": "lab", "points": [_point()]})

    answer = sender(f"{ALERTS}/lab", {"alerts": []})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "source")
    assert answer.json()["detail"] == "The source “lab” accepts Points by REST. Use another source."


def test_another_media_type_is_415(client, sender):
    answer = client.post(
        POINTS, b"a=1", content_type="text/plain", headers={"Authorization": f"Bearer {sender.token}"}
    )

    assert answer.status_code == 415
    assert answer.json()["detail"] == "Send application/json, not “text/plain”."
    packed = sender(POINTS, b"", **{"Content-Encoding": "br"})
    assert packed.json()["detail"] == "Send the body uncompressed or as gzip, not as “br”."


def test_gzip_and_both_grouped_shapes_are_taken(sender):
    pairs = [[1763632800 + n, 0.1 * n] for n in range(3)]
    short = {"series": {"model": "m", "metric": "psi", "kind": "drift"}, "points": pairs}
    long = {"source": "nightly", "series": [{"model": "m", "metric": "auc", "points": [*pairs, ["x", 1]]}]}

    first = sender(POINTS, gzip.compress(json.dumps(short).encode()), **{"Content-Encoding": "gzip"})
    second = sender(POINTS, long)

    assert first.json()["stored"] == 3
    (rejection,) = second.json()["rejections"]
    assert (rejection["series"], rejection["index"], rejection["field"]) == (0, 3, "series[0].points[3].ts")
    assert set(Source.objects.values_list("slug", "adapter")) == {("points", "points"), ("nightly", "points")}
    assert Source.objects.get(slug="nightly").owner == sender.person
    assert dict(Series.objects.values_list("metric", "kind")) == {"psi": "drift", "auc": "performance"}


def test_twice_in_one_body_is_as_twice_in_two(sender):
    answer = sender(POINTS, {"points": [_point(0.1), _point(0.1), _point(0.2), _point(0.1)]})

    assert answer.json()["results"] == ["stored", "duplicate", "corrected", "corrected"]
    assert Point.objects.get().value == 0.1
    assert Correction.objects.count() == 2


def test_late_points_are_stored_and_do_not_move_the_newest(sender):
    sender(POINTS, {"points": [_point(0.5, ts="2026-11-20T10:00:00Z")]})

    sender(
        POINTS, {"points": [_point(0.1, ts="2026-11-19T10:00:00Z"), _point(0.2, ts="2026-11-18T10:00:00Z")]}
    )

    assert Series.objects.get().latest_value == 0.5
    assert Point.objects.count() == 3


def test_the_number_of_statements_is_the_same_for_any_size(sender):
    catalogue.model("fraud-score")

    def body(size, day):
        return {
            "points": [
                _point(n, feature=f"f{n % 40}", ts=f"2026-10-{day}T{n // 60 % 24:02}:{n % 60:02}:00Z")
                for n in range(size)
            ]
        }

    counts = {}
    for size, day in ((40, 10), (400, 11), (400, 11), (800, 12)):
        with CaptureQueriesContext(connection) as caught:
            answer = sender(POINTS, body(size, day))
        assert answer.status_code == 202
        counts.setdefault(size, len(caught))

    assert counts[400] == counts[800]
    assert counts[800] <= 14
    assert Point.objects.count() == 1240


def test_who_may_not_push_is_refused(client, sender):
    body = json.dumps({"points": [_point()]})

    assert client.post(POINTS, body, content_type="application/json").status_code == 401
    assert client.get(POINTS, headers={"Authorization": f"Bearer {sender.token}"}).status_code == 403
