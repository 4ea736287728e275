"""Runs of workflows: recorded, finished, compared and repeated, on the pages and by API."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalogue.models import Run
from catalogue.operations import model as models
from catalogue.operations import run as operations
from catalogue.operations import workflow as workflows
from catalogue.queries import run as queries
from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from notices.models import Entry
from people.operations import token
from people.states import Role
from riskhub import schedule
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


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


def test_a_run_keeps_the_recipe_that_was_current_then():
    workflow = catalogue.workflow()
    first = catalogue.run(workflow)
    workflows.change(workflow, {"code": "make all"}, **BY)

    second = catalogue.run(workflow)
    assert (first.name, first.workflow_version.number) == ("1", 1)
    assert (second.name, second.workflow_version.number) == ("2", 2)
    assert catalogue.run(workflow, number=1).workflow_version.number == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "7"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"number": 2}, "number"),
        ({"state": "odd"}, "state"),
        ({"state": "running", "ended_at": AT}, "ended_at"),
        ({"started_at": AT, "ended_at": AT - HOUR}, "ended_at"),
        ({"ended_at": AT + timedelta(minutes=11)}, "ended_at"),
        ({"ended_at": datetime(9999, 12, 31, tzinfo=UTC)}, "ended_at"),
        ({"state": "running", "started_at": AT + timedelta(minutes=11)}, "started_at"),
        ({"metrics": {"auc": "high"}}, "metrics"),
    ],
)
def test_bad_input_names_the_field(fields, field):
    workflow = catalogue.workflow()
    catalogue.run(workflow, "7")

    with pytest.raises(Refused) as refused:
        catalogue.run(workflow, **fields)
    assert refused.value.field == field
    assert Run.objects.count() == 1


def test_a_run_names_rows_of_its_own_workflow_and_model_only():
    workflow = catalogue.workflow()
    failed = catalogue.run(workflow, state="failed", metrics={"auc": 1})

    for fields, field in (
        ({"model_version": catalogue.version()}, "model_version"),
        ({"repeats": catalogue.run(metrics={"auc": 1})}, "repeats"),
        ({"repeats": failed}, "repeats"),
        ({"repeats": catalogue.run(workflow)}, "repeats"),
    ):
        with pytest.raises(Refused) as refused:
            catalogue.run(workflow, **fields)
        assert refused.value.field == field


def test_a_run_is_finished_once_and_its_results_stay():
    run = catalogue.run(state="running", parameters={"seed": 7})

    operations.finish(run, state="succeeded", metrics={"auc": 0.8}, by=SYSTEM, at=AT + HOUR)
    run.refresh_from_db()
    assert (run.state, run.metrics, run.parameters) == ("succeeded", {"auc": 0.8}, {"seed": 7})
    assert run.ended_at == AT + HOUR
    with pytest.raises(IllegalMove):
        operations.finish(run, state="failed", **BY)
    with pytest.raises(Refused, match="does not change"):
        operations.change(run, {"metrics": {"auc": 0.9}}, **BY)
    operations.change(run, {"note": "Two columns were late."}, **BY)
    assert Run.objects.get().note == "Two columns were late."


def test_a_repetition_with_the_same_results_reproduces_the_workflow():
    people.organisation()
    workflow = catalogue.workflow(owner=people.user("Ola"))
    first = catalogue.run(workflow, metrics={"auc": 0.8})
    wei = people.user("Wei")

    again = catalogue.run(workflow, metrics={"auc": 0.8001}, repeats=first, by=Actor(wei, "api"), at=AT + DAY)

    workflow.refresh_from_db()
    assert again.is_reproduced is True
    assert (workflow.reproduced_by, workflow.reproduced_at) == (wei, AT + DAY)
    assert workflow.reproduced_run == again
    due = Due.objects.get(subject=workflow.subject, state="pending")
    assert due.at == AT + DAY + timedelta(days=workflow.reproduce_days)


def test_an_earlier_reproduction_that_is_told_late_changes_nothing():
    workflow = catalogue.workflow()
    first = catalogue.run(workflow, metrics={"auc": 0.8})
    newest = catalogue.run(workflow, metrics={"auc": 0.8}, repeats=first, ended_at=AT)

    catalogue.run(workflow, metrics={"auc": 0.8}, repeats=first, ended_at=AT - DAY)
    workflow.refresh_from_db()
    assert workflow.reproduced_run == newest


def test_other_results_are_told_to_the_owner():
    people.organisation()
    owner = people.user("Ola")
    workflow = catalogue.workflow(owner=owner)
    first = catalogue.run(workflow, metrics={"auc": 0.8})

    running = catalogue.run(workflow, state="running", repeats=first)
    assert running.is_reproduced is None
    operations.finish(running, state="succeeded", metrics={"auc": 0.7}, **BY)

    workflow.refresh_from_db()
    assert (running.is_reproduced, workflow.reproduced_at) == (False, None)
    event = Event.objects.get(verb="catalogue.run_not_reproduced")
    assert event.data["obstacles"] == ["The metric auc is 0.7 and was 0.8."]
    schedule.tick(AT)
    assert Entry.objects.filter(user=owner, event=event).exists()


def test_the_owner_is_asked_when_nobody_reproduces_a_workflow_in_time(move_clock):
    people.organisation()
    owner = people.user("Ola")
    workflow = catalogue.workflow(owner=owner, reproduce_days=60)

    def asked(days):
        move_clock(AT + days * DAY)
        schedule.tick(AT + days * DAY)
        return Entry.objects.filter(user=owner, event__verb="catalogue.reproduction_asked").count()

    assert [asked(29), asked(31), asked(62)] == [0, 1, 2]
    first = catalogue.run(workflow, metrics={"auc": 0.8}, at=AT + 62 * DAY)
    catalogue.run(workflow, metrics={"auc": 0.8}, repeats=first, at=AT + 63 * DAY)
    assert [asked(122), asked(124)] == [2, 3]
    workflow.refresh_from_db()
    workflows.retire(workflow, by=SYSTEM, at=AT + 124 * DAY)
    assert asked(160) == 3
    workflows.restore(workflow, by=SYSTEM, at=AT + 160 * DAY)
    models.move_stage(workflow.model, "retired", by=SYSTEM, at=AT + 160 * DAY)
    assert asked(200) == 3


def test_a_run_is_visible_with_its_model(manager):
    team = people.team("Fraud")
    run = catalogue.run(catalogue.workflow(catalogue.model(viewers=[team.subject_id])))

    assert not queries.runs(people.user("Sam")).exists()
    assert queries.runs(people.user("Max", teams=[team])).get() == run


# ------------------------------------------------------------------ pages


def test_a_run_is_recorded_repeated_and_compared_on_pages(page):
    workflow = catalogue.workflow(catalogue.model("credit"), configuration={"depth": 6})
    address = f"/models/workflows/{workflow.pk}/runs/new/"

    def sent(**fields):
        form = page.get(address).content.decode()
        return {"once": form.split('name="once" value="')[1].split('"')[0], "state": "succeeded", **fields}

    assert page.post(address, sent(metrics="auc 0.8")).status_code == 422
    made = page.post(address, sent(metrics="auc: 0.8", parameters='{"tree": {"seed": 7}}'))
    first = Run.objects.get()
    assert made["Location"] == f"/models/runs/{first.pk}/"
    preset = page.get(f"{address}?repeats={first.pk}").content.decode()
    assert f'value="{first.pk}" selected' in preset and "&quot;seed&quot;: 7" in preset
    again = sent(metrics="auc: 0.82", repeats=first.pk, parameters='{"tree": {"seed": 8}}')
    second = Run.objects.get(pk=page.post(address, again)["Location"].split("/")[-2])
    shown = page.get(f"/models/runs/{second.pk}/").content.decode()
    assert "Does not reproduce" in shown and "The metric auc is 0.82 and was 0.8." in shown

    both = f"/models/runs/compare/?left={first.pk}&right={second.pk}"
    compared = page.get(both).content.decode()
    assert "tree.seed" in compared and "+0.02 (+2.5 %)" in compared and "depth" not in compared
    assert "depth" in page.get(f"{both}&same=true").content.decode()
    assert page.get(f"/models/runs/compare/?left={first.pk}").status_code == 400
    assert page.get(f"/models/runs/compare/?left={first.pk}&right=9999999").status_code == 404
    assert "Never reproduced" in page.get(f"/models/workflows/{workflow.pk}/").content.decode()


def test_a_running_run_is_finished_and_edited_on_pages(page):
    run = catalogue.run(state="running", data_set="2026-Q2")
    version = catalogue.version(run.workflow.model, "7")
    address = f"/models/runs/{run.pk}/"

    ended = {"state": "succeeded", "metrics": "auc: 0.8", "version": 1}
    assert page.post(f"{address}finish/", ended).status_code == 303
    assert page.post(f"{address}finish/", ended | {"version": 2}).status_code == 409
    edited = {"note": "Good", "model_version": version.pk, "version": 2}
    assert page.post(f"{address}edit/", edited).status_code == 303
    run.refresh_from_db()
    assert (run.metrics, run.data_set, run.model_version) == ({"auc": 0.8}, "2026-Q2", version)


def test_anybody_repeats_a_run_but_only_its_team_changes_it(client):
    people.organisation()
    run = catalogue.run(state="running")
    client.force_login(people.user("Sam"))

    assert client.get(f"/models/workflows/{run.workflow_id}/runs/new/").status_code == 200
    assert client.post(f"/models/runs/{run.pk}/finish/", {"state": "failed", "version": 1}).status_code == 403


@pytest.mark.parametrize("address", ["/models/runs/", "/models/workflows/"])
def test_a_list_of_three_needs_as_many_queries_as_one_of_one(page, address):
    def asked():
        page.get(address)
        with CaptureQueriesContext(connection) as queries_:
            assert page.get(address).status_code == 200
        return len(queries_)

    def reproduced(name):
        workflow = catalogue.workflow(name=name, owner=people.user())
        first = catalogue.run(workflow, metrics={"auc": 1})
        catalogue.run(workflow, metrics={"auc": 1}, repeats=first, by=Actor(people.user(), "api"))

    reproduced("A")
    one = asked()
    reproduced("B")
    reproduced("C")
    assert asked() == one


# ------------------------------------------------------------------ API


def test_a_job_records_and_finishes_a_run_and_compares_it_by_api(api):
    workflow = catalogue.workflow(catalogue.model("credit"))
    catalogue.version(workflow.model, "7")
    body = {
        "workflow": workflow.pk,
        "name": "train-1",
        "state": "running",
        "parameters": {"seed": 7},
        "model_version_name": "7",
    }

    made = api("post", "runs", body)
    assert (made.status_code, made.json()["model_version_name"], made.json()["number"]) == (201, "7", 1)
    address = made["Location"].removeprefix("/api/v1/")
    assert api("get", address).json() == made.json()
    assert api("post", f"{address}/finish", {"state": "succeeded"}).status_code == 428
    ended = {
        "state": "succeeded",
        "metrics": {"auc": 0.8},
        "artefacts": [{"name": "model.bin", "digest": "sha256:5f"}],
    }
    done = api("post", f"{address}/finish", ended, **{"If-Match": made["ETag"]})
    assert (done.status_code, done.json()["state"], done.json()["metrics"]) == (
        200,
        "succeeded",
        {"auc": 0.8},
    )
    repeat = {"workflow": workflow.pk, "repeats": done.json()["id"], "metrics": {"auc": 0.8}}
    again = api("post", "runs", repeat)
    assert again.json()["is_reproduced"] is True
    assert api("get", f"workflows/{workflow.pk}").json()["freshness"] == "fresh"
    assert api("get", "runs?is_reproduced=true").json()["results"] == [again.json()]

    compared = api("get", f"runs/compare?left={done.json()['id']}&right={again.json()['id']}").json()
    metrics = next(part["pairs"] for part in compared["sections"] if part["name"] == "metrics")
    assert metrics == [{"name": "auc", "left": 0.8, "right": 0.8, "likeness": "same", "change": 0.0}]
    assert compared["differing"] == 3  # the model version, the parameter and the artefact
    noted = api("patch", address, {"note": "Good"}, **{"If-Match": done["ETag"]})
    assert noted.json()["note"] == "Good"


def test_the_api_names_the_field_at_fault(api):
    workflow = catalogue.workflow()
    other = catalogue.run(metrics={"auc": 1})

    for body, field in (
        ({}, "workflow"),
        ({"workflow": 9_999_999}, "workflow"),
        ({"workflow": workflow.pk, "metrics": {"auc": "high"}}, "metrics"),
        ({"workflow": workflow.pk, "artefacts": [{}]}, "artefacts"),
        ({"workflow": workflow.pk, "repeats": other.pk}, "repeats"),
        ({"workflow": workflow.pk, "model_version_name": "7"}, "model_version_name"),
        ({"workflow": workflow.pk, "number": 2}, "number"),
        ({"workflow": workflow.pk, "link": "javascript:1"}, "link"),
    ):
        answer = api("post", "runs", body)
        assert answer.status_code in {400, 422}
        assert field in answer.content.decode()
    assert Run.objects.get() == other
    for query, field in ((f"left={other.pk}", "right"), ("left=x&right=1", "left")):
        answer = api("get", f"runs/compare?{query}")
        assert answer.status_code == 400 and field in answer.content.decode()
    assert api("get", f"runs/compare?left={other.pk}&right=9999999").status_code == 404


# ------------------------------------------------------------------ exports


def _sent(answer):
    return b"".join(answer.streaming_content).decode()


def test_runs_and_workflows_are_exported_as_they_are_filtered(page, api):
    workflow = catalogue.workflow(name="Training")
    catalogue.run(workflow, "train-1", metrics={"auc": 0.8}, state="failed")
    catalogue.run(workflow, "train-2")
    hidden = catalogue.workflow(catalogue.model(viewers=[people.team("Fraud").subject_id]), "Secret")
    catalogue.run(hidden, "train-3")
    page.force_login(people.user("Sam"))

    by_page = _sent(page.get("/models/runs/export/?state=failed"))
    assert "train-1" in by_page and '{""auc"": 0.8}' in by_page and "train-2" not in by_page
    exported = json.loads(_sent(page.get("/api/v1/runs/export?format=json&q=train")))
    assert {row["name"] for row in exported} == {"train-1", "train-2"}
    listed = _sent(page.get("/api/v1/workflows/export"))
    assert "Training" in listed and "Secret" not in listed
    workflows.retire(workflow, **BY)
    for address in ("/models/workflows/export/", "/api/v1/workflows/export"):
        assert "Training" not in _sent(page.get(address))
        assert "Training" in _sent(page.get(f"{address}?is_retired=true"))
        assert "Training" not in _sent(page.get(f"{address}?is_retired=false"))
    assert page.get(f"/api/v1/workflows/{hidden.pk}/export").status_code == 404


def test_the_audit_export_has_all_versions_runs_and_events_of_a_workflow(page, api):
    workflow = catalogue.workflow(catalogue.model("credit"), configuration={"depth": 6})
    first = catalogue.run(workflow, metrics={"auc": 0.8})
    workflows.change(workflow, {"configuration": {"depth": 8}, "reason": "Deeper"}, **BY)
    again = catalogue.run(workflow, metrics={"auc": 0.8}, repeats=first)
    catalogue.run(name="of another workflow")

    answer = api("get", f"workflows/{workflow.pk}/export")
    audit = json.loads(_sent(answer))
    assert answer["Content-Disposition"].startswith(f'attachment; filename="workflow-{workflow.pk}-')
    assert audit["workflow"] == api("get", f"workflows/{workflow.pk}").json()
    assert json.loads(_sent(page.get(f"/models/workflows/{workflow.pk}/audit/"))) == audit
    assert [(row["number"], row["configuration"]) for row in audit["versions"]] == [
        (1, {"depth": 6}),
        (2, {"depth": 8}),
    ]
    assert audit["runs"] == [api("get", f"runs/{run.pk}").json() for run in (first, again)]
    assert [row["verb"] for row in audit["history"]] == [
        "catalogue.workflow_added",
        "catalogue.run_recorded",
        "catalogue.workflow_changed",
        "catalogue.run_recorded",
        "catalogue.workflow_reproduced",
    ]


def test_workflows_are_filtered_and_ordered_by_their_last_reproduction(api):
    for name, days in (("fresh", 49), ("fading", 50), ("faded", 100)):
        workflow = catalogue.workflow(name=name, reproduce_days=100)
        first = catalogue.run(workflow, metrics={"auc": 1}, ended_at=AT - 400 * DAY)
        catalogue.run(workflow, metrics={"auc": 1}, repeats=first, ended_at=AT - days * DAY)
    catalogue.workflow(name="never")

    for freshness in ("fresh", "fading", "faded", "never"):
        (row,) = api("get", f"workflows?freshness={freshness}").json()["results"]
        assert (row["name"], row["freshness"]) == (freshness, freshness)
    rows = api("get", "workflows?order=reproduced_at").json()["results"]
    assert [row["name"] for row in rows] == ["never", "faded", "fading", "fresh"]
