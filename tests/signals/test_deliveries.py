"""What a source sent: by the API, taken again, and tried without storing anything."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Event
from kit.actor import SYSTEM
from people.models import User
from people.operations import token
from people.states import Role
from signals.models import Alert, Breach, Delivery, Point, Series, Source
from signals.operations import source as sources
from signals.states import Adapter
from tests.conftest import AT
from tests.factories import catalogue, people, signals
from tests.signals.conftest import ALERTS, NOW, POINTS

pytestmark = pytest.mark.django_db
ODD = [{"model": "m", "metric": "x", "ts": "2026-11-23T09:00:00Z", "value": value} for value in (1, "one")]
GENERIC = {
    "makes": "points",
    "items": "results",
    "model": "/model",
    "metric": "name",
    "feature": "column",
    "value": "stats/value",
    "ts": "/finished_at",
}


@pytest.fixture
def manager():
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def api(client, manager):
    """Return a function that calls the API as the risk manager."""
    _, text = token.issue(manager, name="write", scope="write", by=SYSTEM, at=AT)

    def call(method: str, address: str, body=None):
        raw = json.dumps(body) if body is not None else ""
        return client.generic(
            method, f"/api/v1/{address}", raw, "application/json", headers={"Authorization": f"Bearer {text}"}
        )

    return call


# ---------------------------------------------------------- the list


def test_deliveries_are_listed_newest_first_and_by_result(sender, api):
    sender(POINTS, {"source": "nightly", "points": ODD[:1]})
    sender(POINTS, {"source": "nightly", "points": ODD})
    sender(POINTS, {"source": "nightly", "points": ODD[1:]})

    rows = api("GET", "sources/nightly/deliveries").json()["results"]

    assert [(row["status"], row["stored"], row["rejected"]) for row in rows] == [
        (422, 0, 1),
        (202, 0, 1),
        (202, 1, 0),
    ]
    partly = api("GET", "sources/nightly/deliveries?result=partly").json()["results"]
    assert [row["id"] for row in partly] == [rows[1]["id"]]
    detail = api("GET", f"sources/nightly/deliveries/{rows[1]['id']}").json()
    assert json.loads(detail["body"])["points"] == ODD


def test_the_list_asks_as_much_for_one_delivery_as_for_three(api):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api("GET", "sources/nightly/deliveries").status_code == 200
        return len(queries)

    source = signals.source("nightly")
    sources.note_delivery(source, at=AT, status=202)
    statements()  # the first request with a token notes its use
    few = statements()
    for _ in range(2):
        sources.note_delivery(source, at=AT, status=202)

    assert statements() == few


def test_only_the_owner_and_risk_managers_read_deliveries_by_the_api(sender, client):
    sender(POINTS, {"source": "nightly", "points": ODD})
    number = Delivery.objects.get().pk
    _, text = token.issue(people.user(), name="write", scope="write", by=SYSTEM, at=AT)
    headers = {"Authorization": f"Bearer {text}"}

    for address in ("deliveries", f"deliveries/{number}"):
        assert client.get(f"/api/v1/sources/nightly/{address}", headers=headers).status_code == 403


def test_a_delivery_of_another_source_is_not_found(api):
    other = sources.note_delivery(signals.source("other"), at=AT, status=202)
    signals.source("nightly")

    assert api("GET", f"sources/nightly/deliveries/{other.pk}").status_code == 404
    answer = api("POST", "sources/nightly/replay", {"delivery": other.pk})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "delivery")


# ---------------------------------------------------------- samples


def test_one_accepted_body_an_hour_is_kept_as_a_sample(sender, move_clock):
    for minute in (0, 30, 61):
        move_clock(NOW + timedelta(minutes=minute))
        sender(POINTS, {"source": "nightly", "points": [ODD[0] | {"value": minute}]})

    bodies = Delivery.objects.order_by("pk").values_list("body", flat=True)
    assert [bool(body) for body in bodies] == [True, False, True]


# ---------------------------------------------------------- replay


def test_a_body_is_taken_again_with_the_corrected_mapping(sender, api):
    alert = signals.sent_alert("age") | {
        "labels": {"alertname": "Drift", "app": "fraud-score", "severity": "odd"}
    }
    sender(f"{ALERTS}/prod", {"alerts": [alert, {"status": "odd"}]})
    source = Source.objects.get()
    sources.change(source, {"mapping": {"model": ["app"]}}, by=SYSTEM, at=NOW)
    received = source.last_received_at

    answer = api("POST", "sources/prod/replay", {"delivery": Delivery.objects.get().pk})

    assert answer.status_code == 200
    assert (answer.json()["duplicates"], answer.json()["rejected"]) == (1, 1)
    assert Delivery.objects.count() == 2
    source.refresh_from_db()
    assert source.last_received_at == received  # the tool did not send again


def test_a_report_is_taken_again_with_the_model_of_its_address(sender, api):
    metric = {"metric_name": "RowCount()", "value": 100.0}
    sender(
        "/api/v1/intake/evidently/lab?model=fraud-score",
        {"metrics": [metric, {"metric_name": "X", "value": "odd"}]},
    )
    point = Point.objects.get()

    answer = api("POST", "sources/lab/replay", {"delivery": Delivery.objects.get().pk})

    assert (answer.json()["duplicates"], answer.json()["asked"]) == (1, {"model": "fraud-score"})
    assert Point.objects.get() == point


@pytest.mark.parametrize(
    ("body", "problem"), [(b"", "not kept"), (b"{", "not JSON"), (b" " * 70_000, "cut to 64 kB")]
)
def test_a_body_that_is_not_kept_whole_is_not_taken_again(api, body, problem):
    kept = sources.note_delivery(signals.source("nightly"), at=AT, status=400, body=body)

    answer = api("POST", "sources/nightly/replay", {"delivery": kept.pk})

    assert answer.status_code == 422
    assert problem in answer.json()["errors"][0]["detail"]


def test_points_in_lines_are_taken_again(sender, api, client):
    lines = b"\n".join([json.dumps(ODD[0]).encode(), b"{"])
    headers = {"Authorization": f"Bearer {sender.token}"}
    client.post(f"{POINTS}?source=nightly", lines, content_type="application/x-ndjson", headers=headers)

    answer = api("POST", "sources/nightly/replay", {"delivery": Delivery.objects.get().pk}).json()

    assert (answer["duplicates"], answer["rejected"]) == (1, 1)


def test_a_replay_of_which_nothing_is_stored_says_why(api):
    body = json.dumps({"points": ODD[1:]}).encode()
    kept = sources.note_delivery(signals.source("nightly"), at=AT, status=422, body=body)

    answer = api("POST", "sources/nightly/replay", {"delivery": kept.pk}).json()

    assert (answer["status"], answer["replay_of_id"]) == (422, kept.pk)
    assert "points[0].value" in answer["problem"]


def test_the_page_replays_with_a_press(client, manager):
    body = json.dumps({"points": ODD}).encode()
    source = signals.source("nightly")
    kept = sources.note_delivery(source, at=NOW, status=202, body=body)
    client.force_login(manager)
    page = f"/signals/sources/{source.pk}/"
    address = f"{page}deliveries/{kept.pk}/replay/"
    assert address in client.get(page).content.decode()

    answer = client.post(address, {"version": source.version}, follow=True)

    assert "Replayed: 1 stored, 1 rejected" in answer.content.decode()
    assert Point.objects.count() == 1


# ---------------------------------------------------------- trying


def test_a_tried_payload_is_told_and_leaves_nothing(api):
    signals.source("prod", adapter=Adapter.ALERTMANAGER)
    catalogue.model("fraud-score")
    before = Event.objects.count()

    body = {"alerts": [signals.sent_alert("age"), signals.sent_alert(severity="info"), {"status": "odd"}]}
    told = api("POST", "sources/prod/test", {"body": body}).json()

    assert told["results"] == {"stored": 1, "duplicate": 0, "corrected": 0, "rejected": 1, "ignored": 1}
    first, ignored, rejected = told["items"]
    assert (first["model_name"], first["is_registered"], first["feature"]) == ("fraud-score", True, "age")
    assert (first["level"], ignored["level"]) == ("Warning", "")
    assert (rejected["result"], rejected["field"]) == ("rejected", "alerts[2].status")
    assert Event.objects.count() == before
    assert not (Alert.objects.exists() or Breach.objects.exists() or Delivery.objects.exists())


def test_each_rejected_item_of_a_tried_payload_has_its_own_reason(api, settings):
    settings.MAX_SERIES_OF_SOURCE = 0
    signals.source("nightly")

    told = api("POST", "sources/nightly/test", {"body": {"points": ODD}}).json()

    assert [item["field"] for item in told["items"]] == ["points[0].series", "points[1].value"]


def test_a_model_that_the_reader_may_not_see_counts_as_not_registered(api):
    secret = catalogue.model("fraud-score", viewers=[people.team("Fraud").subject_id])
    signals.source("nightly")

    told = api("POST", "sources/nightly/test", {"body": {"points": [ODD[0] | {"model": secret.slug}]}}).json()

    assert not told["items"][0]["is_registered"]


def test_a_body_of_another_shape_says_what_is_wrong(api):
    signals.source("prod", adapter=Adapter.ALERTMANAGER)

    told = api("POST", "sources/prod/test", {"body": {"points": []}}).json()

    assert told["status"] == 422
    assert "list of alerts is missing" in told["problems"][0]


@pytest.mark.parametrize("adapter", Adapter.values)
def test_the_sample_of_each_format_is_accepted(client, manager, adapter):
    source = signals.source("lab", adapter=adapter)
    if adapter == Adapter.GENERIC:
        sources.change(source, {"mapping": GENERIC}, by=SYSTEM, at=AT)
    client.force_login(manager)
    page = f"/signals/sources/{source.pk}/test/"

    form = client.get(page).context["form"]
    tried = client.post(page, {"body": form["body"].value()})

    assert tried.status_code == 200
    assert tried.context["tried"].results["stored"] >= 1
    assert "credit-pd" in tried.content.decode()
    assert not Series.objects.exists()


def test_a_text_that_is_no_json_is_reported_with_its_line(client, manager):
    source = signals.source("lab")
    client.force_login(manager)

    answer = client.post(f"/signals/sources/{source.pk}/test/", {"body": '{\n"points": ]'})

    assert answer.status_code == 422
    assert "Line 2" in answer.content.decode()


def test_a_member_who_does_not_own_a_source_does_not_try_it(client):
    source = signals.source("lab")
    client.force_login(people.user())

    assert User.objects.count() == 1
    assert client.get(f"/signals/sources/{source.pk}/test/").status_code == 403
