"""The pages and the API of experiments: their life, errors at their fields, and what is hidden."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.operations import token
from people.states import Role
from risklog.models import Experiment
from risklog.operations import experiment_sight
from risklog.states import ExperimentState
from tests.conftest import AT
from tests.factories import catalogue, experiments, people, risks, signals

pytestmark = pytest.mark.django_db
LIST = "/risks/experiments/"
API = "/api/v1/experiments"
NEW = {"title": "Try a wider band", "hypothesis": "Fewer false alarms"}


@pytest.fixture
def owners():
    return experiments.owners()


@pytest.fixture
def page(client, owners):
    client.force_login(owners[0])
    return client


def fields_of(answer) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def text_of(answer) -> str:
    return answer.content.decode()


# ------------------------------------------------------------------ pages


def test_it_is_proposed_filled_in_started_and_finished_by_pages(page, owners):
    risk = risks.risk("Labels lag")
    answer = page.post(f"{LIST}new/", {**NEW, "about": risk.reference.lower()})
    assert answer.status_code == 303
    made = Experiment.objects.select_related("subject").get()
    address = f"{LIST}{made.reference}/"
    shown = text_of(page.get(address))
    assert risk.reference in shown and "Not written yet." in shown

    answer = page.post(f"{address}start/", {"version": made.version})
    assert answer.status_code == 422
    assert "Enter the data slice" in text_of(answer) and "owners of at least two teams" in text_of(answer)

    plan = {**experiments.PLAN, "rollback": "Go back", "ends_on": experiments.ENDS_ON.isoformat()}
    values = {**NEW, **plan, "owners": [owner.pk for owner in owners], "version": made.version}
    assert page.post(f"{address}edit/", values).status_code == 303
    made.refresh_from_db()
    assert page.post(f"{address}start/", {"version": made.version}).status_code == 303
    made.refresh_from_db()
    assert made.state == ExperimentState.RUNNING
    assert "decision_rule" not in text_of(page.get(f"{address}edit/"))

    outcome = {
        "outcome": "supported",
        "sample_size": 0,
        "interpretation": "It holds",
        "version": made.version,
    }
    refused = page.post(f"{address}finish/", outcome)
    assert refused.status_code == 422 and "supports nothing" in text_of(refused)
    assert "It holds" in text_of(refused)  # nothing that was typed is lost
    assert page.post(f"{address}finish/", {**outcome, "sample_size": 40}).status_code == 303
    shown = text_of(page.get(address))
    assert "Supported" in shown and "on 40 records" in shown


def test_the_page_says_that_the_slice_has_no_data(page, owners):
    series = signals.series(catalogue.model())
    later = AT + timedelta(minutes=30)  # the series has a value of AT
    running = experiments.experiment(state=ExperimentState.RUNNING, owners=owners, series=series, at=later)
    address = f"{LIST}{running.reference}/"
    assert "No data in this slice yet" in text_of(page.get(address))

    experiments.finish(running, "inconclusive", sample_size=0)

    assert "had no records" in text_of(page.get(address))


def test_another_version_of_the_plan_is_shown_with_its_reason(page, owners):
    running = experiments.experiment(state=ExperimentState.RUNNING, owners=owners)
    address = f"{LIST}{running.reference}/plan/"
    texts = {name: getattr(running, name) for name in ("hypothesis", *experiments.PLAN)}
    sent = {**texts, "decision_rule": "Decide by recall", "version": running.version}

    assert page.post(address, {**sent, "reason": ""}).status_code == 422
    assert page.post(address, {**sent, "reason": "AUC hides it"}).status_code == 303
    shown = text_of(page.get(f"{LIST}{running.reference}/"))
    assert "AUC hides it" in shown and experiments.PLAN["decision_rule"] in shown


def test_only_owners_proposer_and_risk_managers_lead_it(client, owners):
    proposer, manager = people.user(), people.user(role=Role.RISK_MANAGER)
    made = experiments.experiment(owners=owners, person=proposer)
    codes = {}
    for person in (people.user(), people.user(role=Role.VIEWER), *owners, proposer, manager):
        client.force_login(person)
        codes[person.pk] = client.get(f"{LIST}{made.reference}/edit/").status_code

    assert list(codes.values()) == [403, 403, 200, 200, 200, 200]


def test_the_list_filters_and_needs_as_many_queries_for_three_rows_as_for_one(page, owners):
    experiments.experiment("First", owners=owners, model=catalogue.model("one"))

    def count():
        with CaptureQueriesContext(connection) as captured:
            assert page.get(LIST).status_code == 200
        return len(captured)

    count()
    one = count()
    experiments.experiment("Second", state=ExperimentState.FINISHED, model=catalogue.model("two"))
    late = experiments.experiment("Third", state=ExperimentState.RUNNING, about=risks.risk().subject)
    assert count() == one
    assert "Second" not in text_of(page.get(LIST, {"owner": "me"}))
    assert "Second" in text_of(page.get(LIST, {"outcome": "supported"}))
    assert "No experiments found" in text_of(page.get(LIST, {"due": "overdue"}))
    Experiment.objects.filter(pk=late.pk).update(ends_on=AT.date() - timedelta(days=1))
    assert "Overdue" in text_of(page.get(LIST, {"due": "overdue"}))


def test_what_it_refers_to_is_shown_only_to_who_may_see_it(client, owners):
    team = people.team()
    model = catalogue.model(name="Secret scorer", viewers=[team.subject_id])
    risk = risks.restricted("Secret risk", team)
    made = experiments.experiment("Open test", owners=owners, model=model)
    experiment_sight.restrict(made, teams=None, by=experiments.SYSTEM, at=AT)
    Experiment.objects.filter(pk=made.pk).update(about=risk.subject)
    stranger, member = people.user(), people.user(teams=[team])

    for person, is_shown in ((stranger, False), (member, True)):
        client.force_login(person)
        for address in (LIST, f"{LIST}{made.reference}/", API, f"{API}/{made.reference}"):
            shown = text_of(client.get(address))
            assert "Open test" in shown
            assert (risk.reference in shown) is is_shown, address
            assert ("ecret scorer" in shown or model.slug in shown) is is_shown, address


# ------------------------------------------------------------------ API


@pytest.fixture
def api(client, owners):
    _, text = token.issue(owners[0], name="Tests", scope="write", by=experiments.SYSTEM, at=AT)

    def send(method, address, body=None, etag=None):
        headers = {"Authorization": f"Bearer {text}", **({"If-Match": etag} if etag else {})}
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(address, headers=headers, **sent)

    return send


def test_the_whole_life_by_api(api, owners):
    bad = api("post", API, {**NEW, "owners": [owners[0].email]})
    assert (bad.status_code, fields_of(bad)) == (422, ["owners"])
    made = api(
        "post",
        API,
        {
            **NEW,
            **experiments.PLAN,
            "rollback": "Go back",
            "ends_on": str(experiments.ENDS_ON),
            "owners": [owner.email for owner in owners],
        },
    )
    assert made.status_code == 201
    row, address = made.json(), f"{API}/{made.json()['reference']}"
    assert row["owner_ids"] == [owner.pk for owner in owners] and row["plan_number"] == 0

    assert api("post", f"{address}/start").status_code == 428
    started = api("post", f"{address}/start", {}, made["ETag"])
    assert started.status_code == 200 and started.json()["state"] == "running"
    fixed = api("patch", address, {"decision_rule": "Other"}, started["ETag"])
    assert (fixed.status_code, fields_of(fixed)) == (409, ["decision_rule"])
    plan = api("post", f"{address}/plans", {"decision_rule": "Other", "reason": "Wrong figure"})
    assert (plan.status_code, plan.json()["number"]) == (201, 2)
    assert [one["number"] for one in api("get", f"{address}/plans").json()["results"]] == [2, 1]
    now = api("get", address)
    stale = api("post", f"{address}/cancel", {"reason": "No data"}, made["ETag"])
    assert stale.status_code == 412
    body = {"outcome": "rejected", "sample_size": 12, "interpretation": "No difference"}
    done = api("post", f"{address}/finish", body, now["ETag"])
    assert done.status_code == 200 and done.json()["outcome"] == "rejected"


def test_a_restricted_one_is_missing_for_strangers(client, api, owners):
    team = people.team()
    made = experiments.experiment("Hidden test", viewers=[team.subject_id])

    assert api("get", f"{API}/{made.reference}").status_code == 404
    assert "Hidden test" not in text_of(api("get", API))
    assert (
        api("post", f"{API}/{made.reference}/cancel", {"reason": "x"}, '"experiment-1-1"').status_code == 404
    )
    assert client.get(f"{LIST}{made.reference}/").status_code == 302
    client.force_login(owners[0])
    assert client.get(f"{LIST}{made.reference}/").status_code == 404
    answer = api("post", f"{API}", {**NEW, "only_teams": [team.slug]})
    assert answer.status_code == 201
    assert not Experiment.objects.visible_to(people.user()).exists()
