"""Versions of models: registered and changed on the pages and by API."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Version
from catalogue.operations import version as operations
from catalogue.queries import version as queries
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

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
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


# ------------------------------------------------------------------ operations


def test_a_name_is_unique_for_a_model_only():
    first = catalogue.version(name="7")

    with pytest.raises(Refused, match="already has a version “7”") as refused:
        operations.register(first.model, name=" 7 ", **BY)
    assert refused.value.field == "name"
    assert catalogue.version(name="7").model_id != first.model_id


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"stage": "odd"}, "stage"),
        ({"configuration": [1]}, "configuration"),
        ({"configuration": {"a": "x" * 100_001}}, "configuration"),
        ({"configuration": {"a": float("nan")}}, "configuration"),
        ({"configuration": {"a": "\x00"}}, "configuration"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_names_the_field(fields, field):
    with pytest.raises(Refused) as refused:
        operations.register(catalogue.model(), **{"name": "1", **fields}, **BY)
    assert refused.value.field == field
    assert not Version.objects.exists()


def test_versions_form_a_tree():
    first = catalogue.version(name="1")
    second = catalogue.version(first.model, "2", parent=first)
    third = catalogue.version(first.model, "3", parent=second)

    for parent in (first, third):
        with pytest.raises(Refused, match="made from the one") as refused:
            operations.change(first, {"parent": parent}, **BY)
        assert refused.value.field == "parent"
    with pytest.raises(Refused, match="same model"):
        operations.change(first, {"parent": catalogue.version()}, **BY)
    operations.change(third, {"parent": first}, **BY)
    third.refresh_from_db()
    assert third.parent_id == first.pk


def test_a_version_is_visible_with_its_model(manager):
    team = people.team("Fraud")
    model = catalogue.model(viewers=[team.subject_id])
    version = catalogue.version(model)

    assert not queries.versions().visible_to(people.user("Sam")).exists()
    assert queries.versions().visible_to(people.user("Max", teams=[team])).get() == version


def test_a_configuration_is_shown_in_lines():
    found = queries.configuration_lines({"depth": 6, "tree": {"eta": 0.1, "name": "gb"}, "on": True, "e": {}})

    assert found == [("depth", "6"), ("tree.eta", "0.1"), ("tree.name", "gb"), ("on", "true"), ("e", "{}")]


def test_a_late_change_is_refused():
    version = catalogue.version()
    operations.change(version, {"stage": "production"}, seen=1, **BY)

    with pytest.raises(ChangedMeanwhile):
        operations.change(version, {"stage": "archived"}, seen=1, **BY)


# ------------------------------------------------------------------ pages


def test_a_version_is_registered_read_and_changed_on_pages(page):
    model = catalogue.model("credit", name="Credit")
    parent = catalogue.version(model, "6")
    form = page.get("/models/credit/versions/new/").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    sent = {"name": "7", "stage": "staging", "parent": parent.pk, "once": once}

    wrong = page.post("/models/credit/versions/new/", {**sent, "configuration": "{"})
    assert wrong.status_code == 422
    made = page.post("/models/credit/versions/new/", {**sent, "configuration": '{"tree": {"eta": 0.1}}'})

    version = Version.objects.get(name="7")
    assert made["Location"] == f"/models/versions/{version.pk}/"
    assert (version.parent, version.made_at) == (parent, AT)
    shown = page.get(made["Location"]).content.decode()
    assert "Credit 7" in shown and "tree.eta" in shown and f"/models/versions/{parent.pk}/" in shown
    edited = {"stage": "production", "version": 1, "trigger": "Drift of income"}
    assert page.post(f"/models/versions/{version.pk}/edit/", edited).status_code == 303
    version.refresh_from_db()
    assert (version.stage, version.trigger, version.made_at) == ("production", "Drift of income", AT)
    assert f"/models/versions/{version.pk}/" in page.get("/models/credit/").content.decode()


def test_somebody_outside_the_team_cannot_register_one(client):
    catalogue.model("credit", owner_team=people.team("Lending"))
    client.force_login(people.user("Sam"))

    assert client.get("/models/credit/versions/").status_code == 200
    assert client.post("/models/credit/versions/new/", {"name": "1"}).status_code == 403
    assert not Version.objects.exists()


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(page):
    model = catalogue.model("credit")
    parent = catalogue.version(model, "1")
    page.get("/models/credit/versions/")

    def asked():
        with CaptureQueriesContext(connection) as queries_:
            assert page.get("/models/credit/versions/").status_code == 200
        return len(queries_)

    one = asked()
    catalogue.version(model, "2", parent=parent)
    catalogue.version(model, "3", parent=parent)
    assert asked() == one


# ------------------------------------------------------------------ API


def test_a_version_is_registered_read_and_changed_by_api(api):
    catalogue.version(catalogue.model("credit"), "6")
    catalogue.version(catalogue.model("other"), "6")
    body = {"name": "7", "parent_name": "6", "configuration": {"depth": 6}, "made_at": "2026-11-01T08:00:00Z"}

    made = api("post", "models/credit/versions", body)
    assert (made.status_code, made.json()["parent_name"]) == (201, "6")
    address = made["Location"].removeprefix("/api/v1/")
    assert api("get", address).json() == made.json()
    assert [row["name"] for row in api("get", "models/credit/versions").json()["results"]] == ["6", "7"]
    assert api("patch", address, {"stage": "staging"}).status_code == 428
    changed = api("patch", address, {"stage": "staging"}, **{"If-Match": made["ETag"]})
    assert (changed.json()["stage"], changed.json()["configuration"]) == ("staging", {"depth": 6})
    assert api("get", "models/credit/versions?stage=staging").json()["results"] == [changed.json()]


def test_the_api_names_the_field_at_fault(api):
    catalogue.model("credit")

    for body, field in (
        ({}, "name"),
        ({"name": "1", "parent_name": "6"}, "parent_name"),
        ({"name": "1", "stage": "odd"}, "stage"),
        ({"name": "1", "configuration": [1]}, "configuration"),
    ):
        answer = api("post", "models/credit/versions", body)
        assert answer.status_code == (422 if body.get("parent_name") else 400)
        assert field in answer.content.decode()
    assert not Version.objects.exists()


def test_the_version_of_another_model_is_not_found_under_this_one(api):
    catalogue.model("credit")
    version = catalogue.version(catalogue.model("other"), "6")

    assert api("get", f"models/credit/versions/{version.pk}").status_code == 404
    assert api("get", f"models/other/versions/{version.pk}").status_code == 200
