"""Workflows and the versions of their recipes, on the pages and by API."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Workflow, WorkflowVersion
from catalogue.operations import workflow as operations
from catalogue.queries import workflow as queries
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
COLUMNS = [{"name": "income", "type": "number"}, {"name": "age", "type": ""}]


# ------------------------------------------------------------------ operations


def test_another_recipe_is_a_new_version_and_the_former_one_stays():
    workflow = catalogue.workflow(data_schema=COLUMNS, configuration={"depth": 6})

    operations.change(workflow, {"configuration": {"depth": 8}, "reason": "Deeper trees"}, **BY)
    operations.change(workflow, {"purpose": "Quarterly"}, **BY)

    kept = list(workflow.versions.order_by("number").values_list("number", "configuration", "is_current"))
    assert kept == [(1, {"depth": 6}, False), (2, {"depth": 8}, True)]
    assert workflow.versions.get(number=2).data_schema == COLUMNS
    event = Event.objects.filter(verb="catalogue.workflow_changed").earliest("pk")
    assert (event.data["number"], event.data["reason"]) == (2, "Deeper trees")


def test_the_same_recipe_makes_no_version():
    workflow = catalogue.workflow(steps=[{"name": "scale", "details": "by the median"}])

    operations.change(workflow, {"steps": [{"name": " scale", "details": "by the median "}]}, **BY)

    assert workflow.versions.count() == 1
    assert not Event.objects.filter(verb="catalogue.workflow_changed").exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "Evaluation"}, "name"),
        ({"reproduce_days": 0}, "reproduce_days"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"tolerance": 101}, "tolerance"),
        ({"reason": "x" * 501}, "reason"),
        ({"model": None}, "model"),
    ],
)
def test_bad_input_names_the_field(values, field):
    workflow = catalogue.workflow()
    catalogue.workflow(workflow.model, "Evaluation")

    with pytest.raises(Refused) as refused:
        operations.change(workflow, values, **BY)
    assert refused.value.field == field
    assert workflow.versions.count() == 1


def test_a_late_change_of_the_recipe_is_refused():
    workflow = catalogue.workflow()
    operations.change(workflow, {"code": "make train"}, seen=1, **BY)

    with pytest.raises(ChangedMeanwhile):
        operations.change(workflow, {"code": "make all"}, seen=1, **BY)
    assert workflow.versions.count() == 2


def test_a_workflow_is_visible_with_its_model():
    people.organisation()
    team = people.team("Fraud")
    workflow = catalogue.workflow(catalogue.model(viewers=[team.subject_id]))
    outsider, member = people.user("Sam"), people.user("Max", teams=[team])

    assert not queries.workflows(outsider).exists()
    assert not WorkflowVersion.objects.visible_to(outsider).exists()
    assert queries.workflows(member).get() == workflow
    assert WorkflowVersion.objects.visible_to(member).count() == 1


# ------------------------------------------------------------------ pages


@pytest.fixture
def manager():
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


@pytest.fixture
def page(client, manager):
    client.force_login(manager)
    return client


def _new(page, address="/models/workflows/new/"):
    form = page.get(address).content.decode()
    return {"once": form.split('name="once" value="')[1].split('"')[0], "reproduce_days": 90, "tolerance": 1}


def test_a_workflow_is_added_read_and_changed_on_pages(page, manager):
    model = catalogue.model("credit", name="Credit")
    sent = _new(page) | {"model": model.pk, "name": "Training", "data_schema": "income: number\nage"}

    assert page.post("/models/workflows/new/", {**sent, "configuration": "[1]"}).status_code == 422
    made = page.post("/models/workflows/new/", {**sent, "configuration": '{"tree": {"depth": 6}}'})

    workflow = Workflow.objects.get()
    address = f"/models/workflows/{workflow.pk}/"
    assert (made.status_code, made["Location"], workflow.owner) == (303, address, manager)
    assert workflow.versions.get().data_schema == COLUMNS
    shown = page.get(address).content.decode()
    assert "tree.depth" in shown and "income" in shown and "Version 1" in shown
    edited = sent | {"version": 1, "steps": "scale: by the median", "reason": "Outliers", "owner": ""}
    answer = page.post(f"{address}edit/", edited | {"configuration": '{"tree": {"depth": 6}}'})
    assert answer.status_code == 303
    shown = page.get(address).content.decode()
    assert "by the median" in shown and "Outliers" in shown and "Version 2" in shown
    earlier = page.get(f"{address}?number=1").content.decode()
    assert "by the median" not in earlier and "An earlier version" in earlier
    assert page.get(f"{address}?number=3").status_code == 404
    assert page.get(f"{address}?number=x").status_code == 404
    assert "Outliers" in page.get(f"{address}versions/").content.decode()


def test_the_empty_form_of_a_workflow_has_its_defaults(page):
    catalogue.model("credit", name="Credit")

    shown = page.get("/models/workflows/new/?model=credit").content.decode()
    assert "selected>Credit<" in shown and 'value="180"' in shown


def test_a_retired_workflow_is_not_listed(page):
    workflow = catalogue.workflow()
    address = f"/models/workflows/{workflow.pk}/"

    assert page.post(f"{address}retire/", {"version": 1}).status_code == 303
    row = f'id="workflow-{workflow.pk}"'
    assert row not in page.get("/models/workflows/").content.decode()
    assert row in page.get("/models/workflows/?is_retired=true").content.decode()
    assert page.post(f"{address}restore/", {"version": 2}).status_code == 303
    assert row in page.get("/models/workflows/").content.decode()


def test_somebody_outside_the_team_cannot_add_or_change_one(client):
    people.organisation()
    model = catalogue.model("credit", owner_team=people.team("Lending"))
    workflow = catalogue.workflow(model)
    client.force_login(people.user("Sam"))

    sent = _new(client) | {"model": model.pk, "name": "Other"}
    answer = client.post("/models/workflows/new/", sent)
    assert answer.status_code == 422 and "Only its team" in answer.content.decode()
    assert client.post(f"/models/workflows/{workflow.pk}/retire/", {"version": 1}).status_code == 403
    assert Workflow.objects.count() == 1


def test_the_owner_may_change_a_workflow_of_another_team(client):
    people.organisation()
    owner = people.user("Ola")
    model = catalogue.model(owner_team=people.team("Lending"))
    workflow = catalogue.workflow(model, owner=owner)
    client.force_login(owner)

    assert client.post(f"/models/workflows/{workflow.pk}/retire/", {"version": 1}).status_code == 303
    assert Workflow.objects.get().is_retired


def test_a_list_of_three_needs_as_many_queries_as_one_of_one(page):
    model = catalogue.model("credit")

    def asked():
        page.get("/models/workflows/")
        with CaptureQueriesContext(connection) as queries_:
            assert page.get("/models/workflows/").status_code == 200
        return len(queries_)

    catalogue.workflow(model, "A", owner=people.user("Ola"))
    one = asked()
    catalogue.workflow(model, "B", owner=people.user("Max"))
    catalogue.workflow(name="C")
    assert asked() == one


# ------------------------------------------------------------------ API


@pytest.fixture
def api(client, manager):
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


def test_a_workflow_is_added_read_and_changed_by_api(api):
    catalogue.model("credit")
    body = {"model": "credit", "name": "Training", "data_schema": COLUMNS, "configuration": {"depth": 6}}

    made = api("post", "workflows", body)
    assert (made.status_code, made.json()["number"], made.json()["data_schema"]) == (201, 1, COLUMNS)
    address = made["Location"].removeprefix("/api/v1/")
    assert api("get", address).json() == made.json()
    assert api("get", "workflows?model=credit").json()["results"] == [made.json()]
    change = {"configuration": {"depth": 8}, "reason": "Deeper trees"}
    assert api("patch", address, change).status_code == 428
    changed = api("patch", address, change, **{"If-Match": made["ETag"]})
    assert (changed.json()["number"], changed.json()["configuration"]) == (2, {"depth": 8})
    rows = api("get", f"{address}/versions").json()["results"]
    assert [(row["number"], row["reason"], row["is_current"]) for row in rows] == [
        (2, "Deeper trees", True),
        (1, "", False),
    ]
    retired = api("post", f"{address}/retire", {}, **{"If-Match": changed["ETag"]})
    assert retired.json()["is_retired"] is True


def test_the_api_names_the_field_at_fault(api):
    catalogue.model("credit")

    for body, field in (
        ({"name": "Training"}, "model"),
        ({"model": "credit"}, "name"),
        ({"model": "other", "name": "Training"}, "model"),
        ({"model": "credit", "name": "Training", "steps": [{"name": ""}]}, "steps"),
        ({"model": "credit", "name": "Training", "data_schema": [{"name": "a:b"}]}, "data_schema"),
        ({"model": "credit", "name": "Training", "evaluation": "javascript:1"}, "evaluation"),
        ({"model": "credit", "name": "Training", "tolerance": -1}, "tolerance"),
        ({"model": "credit", "name": "Training", "reason": "x"}, "reason"),
    ):
        answer = api("post", "workflows", body)
        assert answer.status_code in {400, 422}
        assert field in answer.content.decode()
    assert not Workflow.objects.exists()
