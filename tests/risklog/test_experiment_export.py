"""The saved views and the export of the list of experiments."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from risklog.models import Experiment
from risklog.operations import experiment_sight
from risklog.states import ExperimentState
from tests.conftest import AT
from tests.factories import catalogue, experiments, people, risks

pytestmark = pytest.mark.django_db
LIST = "/risks/experiments/"


@pytest.fixture
def owners(client):
    found = experiments.owners()
    client.force_login(found[0])
    return found


def exported(client, query="", address=f"{LIST}export/"):
    answer = client.get(f"{address}?format=json{query}")
    assert answer.status_code == 200, answer
    return json.loads(answer.getvalue())


def test_the_export_has_the_filtered_rows_with_their_owners(client, owners):
    experiments.experiment("First", owners=owners, model=catalogue.model(name="Scorer"))
    experiments.experiment("Second", state=ExperimentState.FINISHED)

    found = exported(client, "&order=id")
    assert [row["title"] for row in found] == ["First", "Second"]
    assert found[0]["owners"] == [owner.name for owner in owners] and found[0]["model"] == "Scorer"
    assert found[1]["outcome"] == "supported"
    assert [row["title"] for row in exported(client, "&owner=me")] == ["First"]
    csv = client.get(f"{LIST}export/?format=csv&outcome=supported").getvalue().decode()
    assert "Second" in csv and "Supported" in csv and "First" not in csv


def test_the_export_takes_the_same_queries_for_one_row_and_for_three(client, owners):
    experiments.experiment(owners=owners, model=catalogue.model("one"))

    def count():
        with CaptureQueriesContext(connection) as captured:
            exported(client)
        return len(captured)

    count()
    one = count()
    for name in ("two", "three"):
        experiments.experiment(about=risks.risk().subject, model=catalogue.model(name))
    assert count() == one


@pytest.mark.parametrize("is_api", [False, True])
def test_what_the_reader_may_not_see_is_in_no_export(client, owners, is_api):
    team = people.team()
    model = catalogue.model(name="Secret scorer", viewers=[team.subject_id])
    risk = risks.restricted("Secret risk", team)
    open_one = experiments.experiment("Open test", owners=owners, model=model)
    experiment_sight.restrict(open_one, teams=None, by=SYSTEM, at=AT)
    Experiment.objects.filter(pk=open_one.pk).update(about=risk.subject)
    hidden = experiments.experiment("Hidden test", owners=owners, about=risk.subject)

    def texts(person):
        if not is_api:
            client.force_login(person)
            return client.get(f"{LIST}export/?format=csv").getvalue().decode()
        _, text = token.issue(person, name="Tests", scope="read", by=SYSTEM, at=AT)
        headers = {"Authorization": f"Bearer {text}"}
        return client.get("/api/v1/experiments/export?format=csv", headers=headers).getvalue().decode()

    for person, is_shown in ((people.user(), False), (people.user(teams=[team]), True)):
        found = texts(person)
        assert "Open test" in found
        for word in (hidden.reference, "Hidden test", risk.reference, "Secret scorer"):
            assert (word in found) is is_shown, word


def test_a_view_is_saved_and_its_filters_stay_when_the_list_is_filtered_again(client, owners):
    experiments.experiment("Mine", owners=owners)
    experiments.experiment("Not mine", state=ExperimentState.RUNNING)
    page = client.get(f"{LIST}?owner=me")
    text = page.content.decode()
    assert "list=experiments" in page.context["save_url"]
    assert 'name="owner" value="me"' in text and "format=csv" in text
    assert "Not mine" not in text

    new = client.get(page.context["save_url"])
    once = new.content.decode().split('name="once" value="')[1].split('"')[0]
    values = {"list": "experiments", "query": "owner=me", "name": "My tests", "once": once}
    answer = client.post("/views/new/", values)
    assert answer.status_code == 303, answer.content
    assert "My tests" in client.get(LIST).content.decode()
    counts = client.get("/views/counts/experiments/").content.decode()
    assert "count-running" in counts and "count-overdue" in counts


def test_a_viewer_exports_too(client):
    client.force_login(people.user(role=Role.VIEWER))
    assert exported(client) == []
