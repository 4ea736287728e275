"""Patterns in stored breaches: the page, the API, and that a restricted model changes nothing for others."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from people.states import Role
from signals.queries import pattern as queries
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
PAGE = "/signals/patterns/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER, teams=[people.team("Growth ML")])
    client.force_login(person)
    return person


def titles(user):
    return [pattern.title for pattern in queries.search(user, at=AT).patterns]


def test_breaches_at_the_same_hour_are_a_pattern(ana, client):
    catalogue.model("fraud-score")
    signals.alerts_at_night()

    answer = client.get(PAGE)

    [found] = queries.search(ana, at=AT).patterns
    assert found.title == "Fraud score: recurring breaches from 04:00 to 05:00"
    assert (found.count, found.total) == (12, 12)
    assert found.corrected < 1e-6
    assert b"Fraud score: recurring breaches from 04:00 to 05:00" in answer.content
    assert b"less than 1 in 1,000,000" in answer.content
    assert found.groups[0].reference.encode() in answer.content


def test_the_api_tells_the_same(ana, client):
    catalogue.model("fraud-score")
    signals.alerts_at_night()

    answer = client.get("/api/v1/patterns?dimension=hour,model&kind=drift&days=30").json()

    [row] = answer["results"]
    assert (row["dimension"], row["value"], row["model"]) == ("hour", "04:00 to 05:00", "fraud-score")
    assert (row["count"], row["total"], row["expected"]) == (12, 12, 0.5)
    assert len(row["bars"]) == 24
    assert answer["tried"] > 60
    assert client.get("/api/v1/patterns?dimension=weekday").json()["results"] == []


def test_the_api_names_a_wrong_parameter_and_the_fix(ana, client):
    answer = client.get("/api/v1/patterns?days=7&dimension=moon")

    assert answer.status_code == 400
    assert {error["field"]: error["detail"] for error in answer.json()["errors"]} == {
        "days": "Use one of 30, 90, 180.",
        "dimension": "Use one of model, feature, slice, source, hour, weekday, window.",
    }


def test_no_pattern_says_how_much_was_tried(ana, client, move_clock):
    signals.breach_group(catalogue.model("fraud-score"))
    move_clock(AT + timedelta(hours=2))

    answer = client.get(PAGE).content.decode()

    assert "No pattern" in answer
    assert f"{queries.search(ana, at=AT + timedelta(hours=2)).tried} things were tried" in answer


def test_without_breaches_nothing_was_tried(ana, client):
    assert b"No breaches in this period" in client.get(PAGE).content


def test_a_window_of_alerts_is_compared_inside_its_model(ana):
    catalogue.model("fraud-score")
    signals.alerts_at_night(hour=1, days=20, ingestion_window="night")
    for window in ("noon", "evening", "morning"):
        signals.alerts(
            signals.sent_alert(window, rule="Late", ingestion_window=window, starts=AT - timedelta(days=200))
        )

    assert "Fraud score: recurring breaches in the ingestion window night" in titles(ana)


def test_a_restricted_model_changes_nothing_for_others(ana, client):
    catalogue.model("fraud-score")
    hidden = catalogue.model("hidden-score")
    signals.alerts_at_night(days=4)
    secret = people.team("Secret")
    history.restrict(hidden.subject, {secret.subject_id})
    before = queries.search(ana, at=AT), client.get("/api/v1/patterns").content

    signals.alerts_at_night("hidden-score", days=30, hour=5)

    assert (queries.search(ana, at=AT), client.get("/api/v1/patterns").content) == before
    insider = people.user("Ines", teams=[secret])
    assert "Hidden score: recurring breaches from 06:00 to 07:00" in titles(insider)


def test_the_number_of_statements_does_not_grow(ana, client):
    catalogue.model("fraud-score")
    signals.alerts_at_night(days=5)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for model in ("churn", "credit"):
        catalogue.model(model)
        signals.alerts_at_night(model, days=15)

    with CaptureQueriesContext(connection) as many:
        answer = client.get(PAGE)

    assert len(many) == len(few)
    assert answer.content.count(b'class="list-card pattern"') == 4  # and one of all models together
