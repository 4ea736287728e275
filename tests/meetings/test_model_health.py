"""The health of a model: its sentence, its figures, its time axis, and who sees what of them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from meetings.queries.model_health import HealthFacts, health, level_of, sentence_of
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, learnings, meetings, people, risks, signals

QUIET = {"has_series": True, "critical": 0, "warning": 0, "high_risks": 0, "deployed": None}


@pytest.mark.parametrize(
    ("facts", "level", "sentence"),
    [
        ({}, "good", "No breach and no high risk is open."),
        ({"has_series": False}, "unknown", "No data has been received, so its health is unknown."),
        ({"warning": 1}, "warn", "1 warning is open."),
        (
            {"critical": 2, "high_risks": 1, "warning": 1},
            "bad",
            "2 critical breaches, 1 high risk and 1 warning are open.",
        ),
        (
            {"deployed": ("7", AT, "kept")},
            "good",
            "No breach and no high risk is open, and version 7 was deployed to production on 23 Nov 2026.",
        ),
        (
            {"deployed": ("7", AT, "rolled_back")},
            "warn",
            "No breach and no high risk is open, and version 7, deployed on 23 Nov 2026, was rolled back.",
        ),
    ],
)
def test_the_sentence_names_the_worst_first(facts, level, sentence):
    given = HealthFacts(**{**QUIET, **facts})

    assert (level_of(given), sentence_of(given)) == (level, sentence)


@pytest.fixture
def model():
    """A model with something on each lane of the axis."""
    people.organisation()
    model = catalogue.model("credit", name="Credit")
    signals.breach_group(model)
    catalogue.deployment(model, "7", deployed_at=AT - timedelta(days=2))
    catalogue.deployment(model, "6", deployed_at=AT - timedelta(days=40))
    risk = risks.risk("Labels lag", model=model, likelihood=5, impact=5)
    meetings.decision(about=risk.subject, text="Relabel", meeting=None)
    learnings.published(about=risk.subject, title="Check labels")
    return model


@pytest.mark.django_db
def test_everything_about_a_model_is_on_one_axis(model, move_clock):
    move_clock(AT + timedelta(hours=3))
    shown = health(people.user("Sam"), model)

    assert {lane.name: len(lane.entries) for lane in shown.lanes} == {
        "Breaches": 1,
        "Incidents": 0,
        "Risks": 1,
        "Deployments": 2,
        "Decisions": 1,
        "Experiments": 0,
        "Learnings": 1,
    }
    tiles = {tile.name: (tile.value, tile.before) for tile in shown.tiles}
    assert tiles["Deployments"] == (1, 1) and tiles["Breaches opened"] == (1, 0)
    assert shown.level == "bad" and "version 7 was deployed to production" in shown.sentence
    deployments = next(lane for lane in shown.lanes if lane.name == "Deployments").entries
    assert [entry.label for entry in deployments] == ["Version 7", "Version 6"]
    assert all(
        entry.x >= 0 and entry.x + entry.width <= 100 for lane in shown.lanes for entry in lane.entries
    )


@pytest.mark.django_db
def test_what_a_reader_may_not_see_is_not_counted(model, move_clock):
    move_clock(AT + timedelta(hours=3))
    team = people.team("Audit")
    risks.risk("Hidden risk", model=model, likelihood=5, impact=5, viewers=[team.subject_id])

    assert "1 high risk" in health(people.user("Sam"), model).sentence
    assert "2 high risks" in health(people.user("Max", teams=[team]), model).sentence


@pytest.mark.django_db
def test_the_page_and_the_api_show_it_in_one_query(client, model, move_clock):
    move_clock(AT + timedelta(hours=3))
    person = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(person)
    text = client.get("/models/credit/").content.decode()
    health(person, model)  # loads what the person may see
    with CaptureQueriesContext(connection) as captured:
        shown = health(person, model)
    assert len(captured) == 1
    assert shown.sentence in text and "The last 90 days" in text

    _, secret = token.issue(person, name="all", scope="read", by=SYSTEM, at=AT)
    answer = client.get("/api/v1/models/credit/health", headers={"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["sentence"]) == (200, shown.sentence)
    assert [lane["name"] for lane in answer.json()["lanes"]][3] == "Deployments"
    missing = client.get("/api/v1/models/nothing/health", headers={"Authorization": f"Bearer {secret}"})
    assert missing.status_code == 404
