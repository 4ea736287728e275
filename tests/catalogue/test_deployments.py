"""Deployments: told by a build server, settled on the pages and by API, and marked on charts."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Deployment, Version
from catalogue.operations import change_request
from catalogue.operations import deployment as operations
from catalogue.operations.deployment import DeploymentDetails
from catalogue.queries import deployment as queries
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.operations import token
from people.states import Role
from signals.queries.chart import chart
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def manager():
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def page(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def api(client, manager):
    _, text = token.issue(manager, name="ci", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


def _record(model, version="1", **details):
    return operations.record(model, version=version, details=DeploymentDetails(**details), **BY)


def _window(model, *, is_signed=True):
    change = catalogue.change(
        model,
        kind="deployment",
        window_from=AT - timedelta(hours=1),
        window_until=AT + timedelta(hours=1),
        is_emergency=True,
    )
    return change_request.sign(change, **BY) if is_signed else change


# ------------------------------------------------------------------ operations


def test_a_deployment_registers_its_version_and_finds_its_window():
    model = catalogue.model()
    window = _window(model)

    deployment, is_new = _record(model, " 7 ", environment=" Production ")

    version = Version.objects.get()
    assert is_new and (version.name, version.made_at) == ("7", AT)
    assert (deployment.model_version, deployment.environment) == (version, "production")
    assert deployment.change == window
    assert deployment.is_signed_off and deployment.is_in_window
    assert _record(model, "7")[0].model_version == version


def test_a_deployment_outside_a_window_has_no_sign_off():
    model = catalogue.model()
    _window(model)
    early = _record(model, deployed_at=AT - timedelta(hours=2))[0]
    unsigned = catalogue.change(model)

    named = _record(model, deployed_at=AT - timedelta(hours=2), change=unsigned)[0]

    assert (early.change, early.is_signed_off) == (None, False)
    assert (named.change, named.is_signed_off, named.is_in_window) == (unsigned, False, False)


def test_a_repeated_call_changes_nothing_but_the_outcome():
    model = catalogue.model()
    deployment, _ = _record(model, external_id="run-1")
    events = Event.objects.count()

    assert _record(model, external_id="run-1") == (deployment, False)
    assert Event.objects.count() == events
    _record(model, external_id="run-1", outcome="rolled_back", note="Latency doubled")
    _record(model, external_id="run-1", outcome="rolled_back", note="Latency doubled")

    deployment.refresh_from_db()
    assert (deployment.state, deployment.note) == ("rolled_back", "Latency doubled")
    assert Event.objects.count() == events + 1
    with pytest.raises(Refused, match="version 1 to production") as refused:
        _record(model, "2", external_id="run-1")
    assert refused.value.field == "external_id"
    assert _record(catalogue.model(), external_id="run-1")[1]


@pytest.mark.parametrize(
    ("version", "details", "field"),
    [
        (" ", {}, "version"),
        ("1", {"environment": " "}, "environment"),
        ("1", {"environment": "x" * 61}, "environment"),
        ("1", {"deployed_at": AT + timedelta(hours=1)}, "deployed_at"),
        ("1", {"link": "javascript:alert(1)"}, "link"),
        ("1", {"outcome": "fine"}, "outcome"),
        ("1", {"outcome": "rolled_back"}, "note"),
    ],
)
def test_bad_input_names_the_field_and_writes_nothing(version, details, field):
    with pytest.raises(Refused) as refused:
        _record(catalogue.model(), version, **details)

    assert refused.value.field == field
    assert not Deployment.objects.exists() and not Version.objects.exists()


def test_a_change_request_of_another_model_is_refused():
    model, other = catalogue.model(), catalogue.change()

    with pytest.raises(Refused, match="another model"):
        _record(model, change=other)
    with pytest.raises(Refused, match="another model"):
        operations.change(catalogue.deployment(model), {"change": other}, **BY)


def test_a_kept_deployment_can_be_rolled_back_and_no_more():
    deployment = catalogue.deployment()
    operations.settle(deployment, outcome="kept", **BY)
    operations.settle(deployment, outcome="rolled_back", note="Drift", seen=2, **BY)

    with pytest.raises(IllegalMove):
        operations.settle(deployment, outcome="kept", **BY)
    with pytest.raises(ChangedMeanwhile):
        operations.change(deployment, {"link": "https://ci.example.org/1"}, seen=1, **BY)


def test_a_deployment_is_visible_with_its_model(manager):
    team = people.team("Fraud")
    deployment = catalogue.deployment(catalogue.model(viewers=[team.subject_id]))

    assert not queries.deployments().visible_to(people.user("Sam")).exists()
    assert queries.deployments().visible_to(people.user("Max", teams=[team])).get() == deployment


# ------------------------------------------------------------------ charts


def test_a_chart_marks_the_deployments_of_its_model(page, manager):
    model = catalogue.model("credit")
    series = signals.series(model)
    signals.push(series, 0.5, start=AT - timedelta(days=1))
    bad = catalogue.deployment(model, "7", outcome="rolled_back", note="Drift")
    catalogue.deployment(model, "6", deployed_at=AT - timedelta(days=90))
    catalogue.deployment(catalogue.model("other"), "5")

    shown = chart(manager, series, start=AT - timedelta(days=7), end=AT).deployments

    assert [row.label for row in shown] == ["Version 7 deployed to production, rolled back"]
    assert f"/models/deployments/{bad.pk}/" in page.get(f"/signals/series/{series.pk}/").content.decode()
    dashboard = signals.dashboard("Scores", series, by=manager)
    drawn = page.get(f"/signals/dashboards/{dashboard.pk}/").content.decode()
    assert drawn.count(f'href="/models/deployments/{bad.pk}/"') == 1


# ------------------------------------------------------------------ pages


def test_a_deployment_is_recorded_and_settled_on_pages(page):
    catalogue.version(catalogue.model("credit", name="Credit"), "6")
    form = page.get("/models/credit/deployments/new/").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    sent = {"version": "7", "environment": "production", "once": once}

    assert page.post("/models/credit/deployments/new/", {**sent, "link": "x y"}).status_code == 422
    made = page.post("/models/credit/deployments/new/", sent)

    deployment = Deployment.objects.get()
    address = f"/models/deployments/{deployment.pk}/"
    assert made["Location"] == address
    shown = page.get(address).content.decode()
    assert "Credit 7 in production" in shown and "Without sign-off" in shown
    refused = page.post(f"{address}outcome/", {"outcome": "rolled_back", "version": 1})
    assert refused.status_code == 422 and "Enter why it was rolled back" in refused.content.decode()
    settled = {"outcome": "rolled_back", "note": "Latency doubled", "version": 1}
    assert page.post(f"{address}outcome/", settled).status_code == 303
    assert page.post(f"{address}edit/", {"link": "https://ci.example.org/7", "version": 2}).status_code == 303
    shown = page.get(address).content.decode()
    assert "Latency doubled" in shown and "https://ci.example.org/7" in shown
    assert "Record the outcome" not in shown


def test_the_list_is_filtered(page):
    model = catalogue.model("credit", name="Credit")
    _window(model)
    signed = catalogue.deployment(model, "7")
    other = catalogue.deployment(catalogue.model("ocr", name="Digits"), "8", environment="staging")
    hrefs = {f"/models/deployments/{row.pk}/": row for row in (signed, other)}

    for query, expected in (
        ("", {signed, other}),
        ("?model=credit", {signed}),
        ("?is_signed_off=false", {other}),
        ("?is_signed_off=true", {signed}),
        ("?environment=staging", {other}),
        ("?q=digit", {other}),
        ("?state=kept", set()),
    ):
        text = page.get(f"/models/deployments/{query}").content.decode()
        assert {row for href, row in hrefs.items() if f'href="{href}"' in text} == expected, query


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(page):
    catalogue.deployment()
    page.get("/models/deployments/")

    def asked():
        with CaptureQueriesContext(connection) as queries_:
            assert page.get("/models/deployments/").status_code == 200
        return len(queries_)

    one = asked()
    for _ in range(2):
        model = catalogue.model()
        _window(model)
        catalogue.deployment(model)
    assert asked() == one


# ------------------------------------------------------------------ API


def test_a_build_server_needs_one_call_and_may_repeat_it(api):
    model = catalogue.model("credit")
    window = _window(model)
    body = {"version_name": "7", "external_id": "run-1", "link": "https://ci.example.org/7"}

    made = api("post", "models/credit/deployments", body)
    again = api("post", "models/credit/deployments", body)

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert made.json()["change_reference"] == window.reference
    assert (made.json()["model_version_name"], made.json()["environment"]) == ("7", "production")
    address = made["Location"].removeprefix("/api/v1/")
    assert api("get", address).json() == made.json()
    assert api("post", f"{address}/outcome", {"outcome": "kept"}).status_code == 428
    kept = api("post", f"{address}/outcome", {"outcome": "kept"}, **{"If-Match": made["ETag"]})
    assert kept.json()["state"] == "kept"
    changed = api("patch", address, {"change": None}, **{"If-Match": kept["ETag"]})
    assert changed.json()["change_reference"] is None
    listed = api("get", "models/credit/deployments?state=kept").json()["results"]
    assert listed == [changed.json()]


def test_the_api_names_the_field_at_fault(api):
    catalogue.model("credit")
    for body, field, status in (
        ({}, "version_name", 400),
        ({"version_name": "1", "outcome": "fine"}, "outcome", 400),
        ({"version_name": "1", "outcome": "rolled_back"}, "note", 422),
        ({"version_name": "1", "change": "C-9999"}, "change", 400),
        ({"version_name": "1", "deployed_at": "2100-01-01T00:00:00Z"}, "deployed_at", 422),
    ):
        answer = api("post", "models/credit/deployments", body)
        assert answer.status_code == status, (body, answer.content)
        assert field in answer.content.decode()
    assert not Deployment.objects.exists()


def test_only_who_may_change_the_model_records_a_deployment(client):
    catalogue.model("credit", owner_team=people.team("Lending"))
    client.force_login(people.user("Sam"))

    assert client.post("/models/credit/deployments/new/", {"version": "1"}).status_code == 403
    assert not Deployment.objects.exists()
