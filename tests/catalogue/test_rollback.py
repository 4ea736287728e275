"""Rollback procedures, their rehearsals, and the readiness of models for a deployment."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Model, RollbackProcedure
from catalogue.operations import model as models
from catalogue.operations import rollback as operations
from catalogue.queries import rollback as queries
from catalogue.readiness import ReadinessFacts, readiness
from catalogue.states import RightKind
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from meetings.models import AgendaItem, Meeting
from meetings.operations import agenda
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, meetings, people

BY = {"by": SYSTEM, "at": AT}
TODAY = AT.date()
READY = {
    "has_owner_team": True,
    "has_signer": True,
    "has_procedure": True,
    "has_procedure_owner": True,
    "rehearsed_on": TODAY - timedelta(days=182),
    "is_last_rolled_back": False,
}


@pytest.fixture
def manager():
    people.organisation()
    return people.user("Mia", role=Role.RISK_MANAGER)


# ------------------------------------------------------------------ the checks


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, []),
        ({"has_owner_team": False}, ["Owner team"]),
        ({"has_signer": False}, ["Sign-off"]),
        ({"has_procedure_owner": False}, ["Rollback owner"]),
        ({"rehearsed_on": TODAY - timedelta(days=183)}, ["Recent rehearsal"]),
        ({"rehearsed_on": None, "has_procedure": False}, ["Rollback procedure", "Recent rehearsal"]),
        ({"is_last_rolled_back": True}, ["Last deployment kept"]),
    ],
)
def test_readiness_names_what_is_missing(facts, missing):
    found = readiness(ReadinessFacts(**{**READY, **facts}), today=TODAY)

    assert [check.name for check in found.missing] == missing
    assert found.is_ready == (not missing)


# ------------------------------------------------------------------ operations


@pytest.mark.django_db
def test_a_model_has_one_procedure_with_rehearsals():
    procedure = catalogue.rollback()

    with pytest.raises(Refused, match="already has") as refused:
        operations.add(procedure.model, steps="Again", **BY)
    assert refused.value.field == "steps"
    operations.rehearse(procedure, on=TODAY, note="12 minutes", **BY)
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=1)):
        with pytest.raises(Refused) as refused:
            operations.rehearse(procedure, on=day, **BY)
        assert refused.value.field == "on"
    with pytest.raises(ChangedMeanwhile):
        operations.change(procedure, {"steps": "Other"}, seen=1, **BY)
    with pytest.raises(Refused, match="Enter the steps"):
        operations.change(procedure, {"steps": " "}, **BY)
    procedure.refresh_from_db()
    assert (procedure.rehearsed_on, procedure.rehearsal_note) == (TODAY, "12 minutes")


@pytest.mark.django_db
def test_a_procedure_is_visible_with_its_model():
    team = people.team("Fraud")
    procedure = catalogue.rollback(catalogue.model(viewers=[team.subject_id]))

    assert not queries.procedures().visible_to(people.user("Sam")).exists()
    assert queries.procedures().visible_to(people.user("Max", teams=[team])).get() == procedure


# ------------------------------------------------------------------ pages and agenda


@pytest.mark.django_db
def test_a_procedure_is_written_and_rehearsed_on_pages(client, manager):
    client.force_login(manager)
    catalogue.model("credit", name="Credit")
    form = client.get("/models/credit/rollback/new/").content.decode()
    once = form.split('name="once" value="')[1].split('"')[0]
    made = client.post("/models/credit/rollback/new/", {"steps": "Deploy 6", "once": once})

    address = made["Location"]
    assert address == f"/models/rollback/{RollbackProcedure.objects.get().pk}/"
    assert "Deploy 6" in client.get(address).content.decode()
    late = {"on": (TODAY + timedelta(days=2)).isoformat(), "version": 1}
    assert client.post(f"{address}rehearse/", late).status_code == 422
    assert client.post(f"{address}rehearse/", {"on": TODAY.isoformat(), "version": 1}).status_code == 303
    edited = {"steps": "Deploy 7", "owner": manager.pk, "version": 2}
    assert client.post(f"{address}edit/", edited).status_code == 303
    shown = client.get(address).content.decode()
    assert "Deploy 7" in shown and "Mia" in shown


@pytest.mark.django_db
def test_the_list_of_readiness_needs_as_many_queries_for_three_models_as_for_one(client, manager):
    client.force_login(manager)
    ready = catalogue.model("ready", name="Ready one", owner_team=people.team())
    catalogue.right(RightKind.DEPLOYMENT)
    operations.rehearse(catalogue.rollback(ready, owner=manager), on=TODAY, **BY)
    client.get("/models/readiness/")

    def asked():
        with CaptureQueriesContext(connection) as captured:
            text = client.get("/models/readiness/").content.decode()
        return len(captured), text

    one, text = asked()
    assert "Not ready" not in text
    catalogue.model(name="Bare", stage="development")
    catalogue.rollback(catalogue.model(owner_team=people.team()))
    catalogue.model(name="Gone", stage="retired")
    three, text = asked()
    assert three == one
    assert text.count("Not ready") == 2 and "Gone" not in text


@pytest.mark.django_db
def test_meetings_with_the_deployment_focus_name_the_models_that_are_not_ready():
    team = people.team()
    series = meetings.series(team)
    catalogue.model(name="Bare", owner_team=team)
    catalogue.model(name="Secret", owner_team=team, viewers=[team.subject_id])
    catalogue.model(name="Elsewhere", owner_team=people.team())
    planned = Meeting.objects.filter(series=series).select_related("subject", "series", "focus")

    for meeting in planned.order_by("starts_at")[:3]:
        agenda.build(meeting, at=AT)
        agenda.build(meeting, at=AT)

    item = AgendaItem.objects.get(title="Deployment readiness")
    assert item.why == "1 of 1 not ready: Bare"
    assert "deployment" in item.meeting.focus.kinds
    models.move_stage(Model.objects.select_related("subject").get(name="Bare"), "retired", by=SYSTEM, at=AT)
    agenda.build(item.meeting, at=AT)
    item.refresh_from_db()
    assert (item.state, item.why) == ("done", "Nothing to report any more")


# ------------------------------------------------------------------ API


@pytest.mark.django_db
def test_the_api_adds_changes_and_rehearses(client, manager):
    catalogue.model("credit")
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        headers = {"Authorization": f"Bearer {text}", **headers}
        return getattr(client, method)(f"/api/v1/{address}", **sent, headers=headers)

    address = "models/credit/rollbacks"
    assert call("post", address, {}).status_code == 400
    made = call("post", address, {"steps": "Deploy 6", "owner": manager.email})
    assert (made.status_code, made.json()["owner_name"]) == (201, "Mia")
    again = call("post", address, {"steps": "Deploy 6"})
    assert (again.status_code, "steps" in again.content.decode()) == (422, True)
    item = made["Location"].removeprefix("/api/v1/")
    changed = call("patch", item, {"steps": "Deploy 7"}, **{"If-Match": made["ETag"]})
    late = call("post", f"{item}/rehearsals", {"on": "2100-01-01"}, **{"If-Match": changed["ETag"]})
    assert late.status_code == 422 and '"on"' in late.content.decode()
    done = call("post", f"{item}/rehearsals", {"on": str(TODAY)}, **{"If-Match": changed["ETag"]})
    assert (done.json()["steps"], done.json()["rehearsed_on"]) == ("Deploy 7", str(TODAY))
    assert call("get", address).json()["results"] == [done.json()]
