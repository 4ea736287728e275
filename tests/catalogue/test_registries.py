"""Model registries: models, versions and aliases are imported from MLflow, repeatedly, without duplicates."""

import json

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from catalogue import mlflow_answers
from catalogue.models import Model, Registry, RegistryReading, Version
from catalogue.operations import registry as operations
from catalogue.operations import registry_reading
from catalogue.operations import version as versions
from catalogue.queries.model import models_called
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from notices.models import Entry
from people.operations import token
from people.states import Role
from riskhub import schedule
from tests.catalogue.mlflow_server import SavedRegistry
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}


@pytest.fixture
def manager():
    people.organisation()
    return people.user("Mia", email="mia@example.org", role=Role.RISK_MANAGER)


@pytest.fixture
def mlflow(sink):
    return SavedRegistry(sink)


@pytest.fixture
def registry(mlflow, manager):
    return operations.add(name="MLflow", url=mlflow.sink.url, owner=manager, token="s3cret", **BY)


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


def read():
    RegistryReading.objects.update(next_at=Now())
    registry_reading.read_due(at=AT)
    return RegistryReading.objects.get()


def stages(slug):
    rows = Version.objects.filter(model__slug=slug).order_by("name")
    return {row.name: (row.stage, row.aliases) for row in rows}


# ------------------------------------------------------------------ imports


def test_models_versions_and_aliases_are_imported_once(registry, mlflow, manager):
    mlflow.page = 2  # several pages of both lists
    schedule.read_registries()

    slugs = set(Model.objects.values_list("slug", flat=True))
    assert slugs == {"churn-scorer", "tumour-triage", "diabete-progression-v"}
    assert stages("churn-scorer") == {"1": ("candidate", ["challenger"]), "2": ("production", ["champion"])}
    assert stages("tumour-triage")["1"] == ("archived", [])
    version = Version.objects.get(model__slug="tumour-triage", name="3")
    assert version.configuration == {"n_train": "426", "estimator": "GaussianNB"}
    assert (version.code, version.made_at.year) == ("./research/real/give/04-mlflow/make_registry.py", 2026)
    assert {got.headers["Authorization"] for got in mlflow.sink.got} == {"Bearer s3cret"}
    event = Event.objects.get(verb="catalogue.version_registered", subject=version.subject_id)
    assert (event.actor_id, event.via) == (manager.subject_id, "import")

    events, asked = Event.objects.count(), len(mlflow.sink.got)
    assert read().problems == []
    assert Event.objects.count() == events
    assert [got.path for got in mlflow.sink.got[asked:] if "runs/get" in got.path] == []


def test_two_workers_never_read_one_registry_at_once(registry, mlflow, monkeypatch):
    begun, again = registry_reading._import, []

    def ask_again_meanwhile(found, at):
        operations.ask(found, by=SYSTEM, at=at)
        again.append(registry_reading.read_due(at=at).done)
        return begun(found, at)

    monkeypatch.setattr(registry_reading, "_import", ask_again_meanwhile)

    assert registry_reading.read_due(at=AT, seconds=0.01).done == 1
    assert again == [0]
    assert registry_reading._claim() is not None, "it was asked for, so it is read again afterwards"


def test_a_second_reading_writes_only_what_changed_in_the_registry(registry, mlflow):
    read()
    first = Version.objects.get(model__slug="churn-scorer", name="1")
    versions.change(Version.objects.get(model__slug="tumour-triage", name="2"), {"stage": "staging"}, **BY)
    mlflow.set_aliases("churn-scorer", {"champion": "1"})
    mlflow.versions.append({**mlflow.version("churn-scorer", "2"), "version": "3", "tags": []})
    mlflow.versions.append(
        {**mlflow.version("churn-scorer", "2"), "version": "4", "status": "PENDING_REGISTRATION"}
    )
    mlflow.version("churn-scorer", "3")["tags"] = [
        {"key": mlflow_answers.PARENT_TAG, "value": "1"},
        {"key": mlflow_answers.TRIGGER_TAG, "value": "Drift of income"},
    ]
    read()

    assert stages("churn-scorer") == {
        "1": ("production", ["champion"]),
        "2": ("archived", []),
        "3": ("candidate", []),
    }
    third = Version.objects.get(model__slug="churn-scorer", name="3")
    assert (third.parent, third.trigger) == (first, "Drift of income")
    assert stages("tumour-triage")["2"] == ("staging", [])  # a person chose it, and MLflow says nothing new
    mlflow.versions.remove(mlflow.version("churn-scorer", "2"))
    mlflow.models[:] = [row for row in mlflow.models if row["name"] != "tumour-triage"]
    assert "tumour-triage is not in the registry any more" in read().problems[0]
    mlflow.versions.remove(mlflow.version("churn-scorer", "3"))
    read()
    assert stages("churn-scorer")["3"] == ("archived", [])


def test_a_promotion_in_the_registry_asks_for_a_validation(registry, mlflow):
    catalogue.model("churn-scorer", tier=1)
    mlflow.set_aliases("churn-scorer", {"challenger": "1"})
    read()
    assert Model.objects.get(slug="churn-scorer").validate_on is None

    mlflow.set_aliases("churn-scorer", {"champion": "1"})
    assert read().problems == []

    assert stages("churn-scorer")["1"] == ("production", ["champion"])
    assert Model.objects.get(slug="churn-scorer").validate_why == "Version 1 is in production."


def test_a_registered_model_and_version_are_found_again(registry, mlflow):
    model = catalogue.model("churn-scorer", name="Churn", purpose="Keeps customers.")
    own = catalogue.version(model, "2", code="our code")
    read()

    assert Model.objects.filter(name="churn-scorer").count() == 0
    own.refresh_from_db()
    assert (own.code, own.stage, own.configuration["estimator"]) == ("our code", "production", "GaussianNB")
    assert model.versions.count() == 2


def test_a_model_that_the_owner_may_not_change_is_left_out(mlflow):
    people.organisation()
    team = people.team("Fraud")
    hidden = catalogue.model("churn-scorer", viewers=[team.subject_id])
    other = catalogue.model("tumour-triage", owner_team=team)
    operations.add(name="MLflow", url=mlflow.sink.url, owner=people.user("Sam"), **BY)

    texts = {problem.partition(": ")[2] for problem in read().problems}
    assert texts == {"The owner of the registry may not change the model of this name."}
    assert not Version.objects.filter(model__in=[hidden, other]).exists()
    assert Model.objects.count() == 3


def test_a_name_that_is_longer_than_a_slug_becomes_an_alias(registry, mlflow):
    name = "a" * 115
    mlflow.models[:] = [{"name": name}]
    read()

    assert models_called([name]) == {name: Model.objects.get(name=name)}
    assert Model.objects.get().slug == name[:110]


def test_two_entries_are_never_one_model(registry, mlflow):
    mlflow.models.append({"name": "Churn Scorer"})
    assert read().problems == [
        "Churn Scorer: Another entry of a registry is imported as this model. Rename one of them."
    ]
    assert Model.objects.count() == 3


def test_a_long_import_goes_on_where_it_stopped(registry, mlflow, monkeypatch):
    monkeypatch.setattr(registry_reading, "_FOR_RUNS", 0)
    assert read().is_partial
    assert Version.objects.count() == 0
    monkeypatch.undo()
    registry.refresh_from_db()
    assert not read().is_partial
    assert Version.objects.count() == 6


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {}, b""), "refused the token with the status 401"),
        ((500, {}, b""), "answered with the status 500 to registered-models/search"),
        ((302, {"Location": "/login"}, b""), "answered with a redirect"),
        ((200, {}, b"<html>"), "does not answer as MLflow does"),
        ((200, {}, b"[1]"), "does not answer as MLflow does"),
        ((200, {}, b'{"next_page_token": "a"}'), "The pages of registered-models/search do not end."),
    ],
)
def test_a_failure_is_shown_and_imports_nothing(registry, mlflow, answer, error, page):
    mlflow.sink.answer = lambda got: answer
    assert error in read().error
    assert not Model.objects.exists()
    assert "The last reading failed" in page.get(f"/models/registries/{registry.pk}/").content.decode()


def test_odd_rows_are_passed_over(registry, mlflow):
    mlflow.models += [{"name": 3.5}, "x", {"name": "new"}, {"name": "n" * 130}, {"name": "\x00"}]
    mlflow.versions += [{"name": "churn-scorer"}, {"name": "churn-scorer", "version": "v" * 121, "tags": 7}]
    problems = read().problems

    assert [problem[:8] for problem in problems] == ["churn-sc", "new: Thi", "nnnnnnnn"]
    assert (Model.objects.count(), Version.objects.count()) == (3, 6)


def test_the_owner_is_told_after_four_failures_and_of_the_end(registry, mlflow, manager):
    mlflow.status = 503
    for _ in range(6):
        read()
    mlflow.status = 200
    read()
    schedule.act(AT)

    verbs = Entry.objects.filter(user=manager).order_by("pk").values_list("event__verb", flat=True)
    assert list(verbs) == ["catalogue.registry_failed", "catalogue.registry_recovered"]


def test_another_address_never_gets_the_present_token(registry, mlflow):
    operations.change(registry, {"url": f"{mlflow.sink.url}/other"}, **BY)
    assert registry.token == ""
    with pytest.raises(Refused) as refused:
        operations.change(registry, {"url": "http://10.0.0.1"}, **BY)
    assert refused.value.field == "url"


def test_a_user_name_and_password_sign_in(registry, mlflow):
    operations.change(registry, {"username": "riskhub", "token": "pass"}, **BY)
    read()
    assert mlflow.sink.got[0].headers["Authorization"] == "Basic cmlza2h1YjpwYXNz"
    registry.refresh_from_db()
    assert "pass" not in registry.token


# ------------------------------------------------------------------ pages and API


def test_a_registry_is_added_read_and_paused_on_pages(page, mlflow, manager):
    form = page.get("/models/registries/new/").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    sent = {
        "name": "MLflow",
        "url": mlflow.sink.url,
        "owner": manager.pk,
        "every_minutes": 60,
        "production_alias": "champion",
        "token": "s3cret",
        "once": once,
    }
    assert page.post("/models/registries/new/", {**sent, "url": "ftp://x"}).status_code == 422
    made = page.post("/models/registries/new/", sent)
    registry = Registry.objects.get()
    assert made["Location"] == f"/models/registries/{registry.pk}/"
    read()
    shown = page.get(made["Location"]).content.decode()
    assert "Diabète" in shown and "Imported" in shown and "s3cret" not in shown
    assert page.post(f"{made['Location']}read/").status_code == 303
    edited = {**sent, "token": "", "version": 1}  # without is_active
    assert page.post(f"{made['Location']}edit/", edited).status_code == 303
    registry.refresh_from_db()
    assert (registry.is_active, bool(registry.token)) == (False, True)
    assert "Paused" in page.get("/models/registries/").content.decode()
    asked = len(mlflow.sink.got)
    read()
    assert len(mlflow.sink.got) == asked


def test_a_registry_is_added_changed_and_read_by_api(api, mlflow):
    body = {"name": "MLflow", "url": mlflow.sink.url, "token": "s3cret"}
    made = api("post", "registries", body)
    assert (made.status_code, made.json()["owner_name"]) == (201, "Mia")
    assert "s3cret" not in made.content.decode()
    read()
    address = made["Location"].removeprefix("/api/v1/")
    found = api("get", address)
    assert (found.json()["error"], found.json()["problems"]) == ("", [])
    changed = api("patch", address, {"every_minutes": 15}, **{"If-Match": found["ETag"]})
    assert changed.json()["every_minutes"] == 15
    assert api("post", f"{address}/read", {}).status_code == 200
    assert api("get", "registries?is_failing=false").json()["results"] == [api("get", address).json()]
    wrong = api("post", "registries", {**body, "every_minutes": 1})
    assert (wrong.status_code, "every_minutes" in wrong.content.decode()) == (400, True)


def test_only_risk_managers_see_registries(client, registry):
    client.force_login(people.user("Sam"))
    for address in ("/models/registries/", f"/models/registries/{registry.pk}/", "/models/registries/new/"):
        assert client.get(address).status_code == 403


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(page, registry, mlflow, manager):
    page.get("/models/registries/")

    def asked():
        with CaptureQueriesContext(connection) as queries_:
            assert page.get("/models/registries/").status_code == 200
        return len(queries_)

    one = asked()
    for name in ("Second", "Third"):
        operations.add(name=name, url=mlflow.sink.url, by=Actor(manager, "page"), at=AT)
    assert asked() == one
