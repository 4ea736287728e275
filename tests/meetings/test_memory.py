"""The memory of a model and of a team: what was seen, decided, tried and learned."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from kit.actor import SYSTEM, Actor
from meetings.operations import check_in
from risklog.states import ExperimentState
from tests.factories import catalogue, learnings, meetings, people, risks, signals
from tests.factories.experiments import experiment
from tests.factories.incidents import incident
from tests.moments import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


@pytest.fixture
def model(ana):
    """A model with something in each part, and another one with a breach."""
    found = catalogue.model("credit-pd", owner_team=people.team("Credit"))
    signals.breach_group(found)
    check_in.note(text="The null share halved.", model=found, by=Actor(ana, "page"), at=AT)
    risk = risks.risk("Late labels", model=found)
    meetings.decision(text="We cap it.", about=risk.subject, meeting=None)
    experiment("Refit", model=found, state=ExperimentState.FINISHED)
    learnings.published("Cap early", about=risk.subject, at=AT + timedelta(hours=1))
    incident("Scores froze", model=found)
    signals.breach_group(catalogue.model("other"))
    return found


def told(client, path: str) -> list[tuple[str, str]]:
    found = client.get(path).context["found"]
    return [(words, event.subject.title) for event, words in found]


def test_the_memory_of_a_model_tells_all_parts_and_nothing_of_others(client, model):
    path = f"/meetings/memory/models/{model.slug}/"

    rows = told(client, path)

    assert rows[0] == ("Learning", "Cap early")
    assert {words for words, _ in rows} == {
        "Breach opened",
        "Check-in",
        "Risk created",
        "Threshold agreed",
        "Decision",
        "Experiment started",
        "Experiment finished",
        "Incident declared",
        "Learning",
    }
    assert len(rows) == 9
    assert told(client, f"{path}?part=learned") == [("Learning", "Cap early")]
    assert client.get(f"{path}?part=x").status_code == 400
    assert path in client.get(f"/models/{model.slug}/").content.decode()


def test_the_memory_of_a_team_has_its_models_and_what_is_its_own(client, model):
    team = model.owner_team
    risks.risk("Of the team", team=team)
    path = f"/meetings/memory/teams/{team.slug}/"

    rows = told(client, path)

    assert ("Risk created", "Of the team") in rows
    assert ("Decision", "We cap it.") in rows
    assert len(rows) == 10


def test_restricted_things_are_not_remembered_to_strangers(client, model):
    team = people.team()
    secret = risks.risk("Canary", model=model, viewers=[team.subject_id])
    learnings.published("Canary learning", about=secret.subject)

    assert "Canary" not in str(told(client, f"/meetings/memory/models/{model.slug}/"))
    assert "Canary" not in client.get(f"/api/v1/models/{model.slug}/memory").content.decode()
    history.restrict(model.subject, [team.subject_id])
    assert client.get(f"/meetings/memory/models/{model.slug}/").status_code == 404
    assert client.get(f"/api/v1/models/{model.slug}/memory").status_code == 404


def test_the_api_tells_the_same(client, model):
    rows = client.get(f"/api/v1/models/{model.slug}/memory").json()["results"]
    of_team = client.get(f"/api/v1/teams/{model.owner_team.slug}/memory?part=decided").json()["results"]

    assert (rows[0]["verb"], rows[0]["subject_title"]) == ("learnings.learning_published", "Cap early")
    assert [row["verb"] for row in of_team] == [
        "meetings.decision_taken",
        "signals.threshold_agreed",
    ]


def test_it_costs_the_same_at_one_and_three_rows(client, ana, at):
    model, counts = catalogue.model(), []
    for _ in range(2):
        check_in.note(text="x", model=model, by=SYSTEM, at=at)
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"/meetings/memory/models/{model.slug}/").status_code == 200
        counts.append(len(found))
        check_in.note(text="x", model=model, by=SYSTEM, at=at)

    assert counts[0] == counts[1]
