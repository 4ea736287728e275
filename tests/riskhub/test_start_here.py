"""Start here: what a newcomer of a team reads first; and the decisions behind an object."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.operations import person as persons
from people.operations import team as teams
from tests.factories import actions, meetings, people, risklog_review, risks, signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def fraud():
    team = people.team("Fraud")
    model = risklog_review.model("fraud-score", owner_team=team)
    for number in range(6):
        risks.risk(f"Risk {number}", team=team, likelihood=1 + number % 5)
    risks.restricted("Zanzibar", people.team(), team=team)
    meetings.decision(text="Retrain monthly", about=model.subject)
    risklog_review.ladder(("owner", 60, None), name="Standard")
    return team


def test_the_page_has_models_top_risks_ladder_decisions_and_learnings(client, fraud):
    client.force_login(people.user())

    page = client.get(f"/people/teams/{fraud.slug}/start/").content.decode()

    assert "fraud-score" in page
    assert "Risk 4" in page
    assert "Standard" in page
    assert "Retrain monthly" in page
    assert "No learnings yet." in page
    assert "Zanzibar" not in page
    assert f"/people/teams/{fraud.slug}/start/" in client.get(f"/people/teams/{fraud.slug}/").content.decode()


def test_the_api_gives_the_same(client, fraud):
    client.force_login(people.user())

    found = client.get(f"/api/v1/teams/{fraud.slug}/start-here").json()

    assert [row["title"] for row in found["models"]] == ["fraud-score"]
    assert len(found["risks"]) == 5
    assert [row["title"] for row in found["decisions"]] == ["Retrain monthly"]
    assert client.get("/api/v1/teams/nowhere/start-here").status_code == 404


def test_a_meeting_of_several_teams_adds_no_decisions_about_the_things_of_others(client, fraud):
    live = meetings.live(meetings.series(fraud))
    other = risks.risk("Of others", team=people.team())
    own = actions.action("Of the team", about=risks.risk(team=fraud).subject)
    texts = {"Meet monthly": None, "Others retrain": other.subject, "Do it at once": own.subject}
    for text, about in texts.items():
        meetings.decision(text=text, about=about, meeting=live)
    client.force_login(people.user())

    found = client.get(f"/api/v1/teams/{fraud.slug}/start-here").json()["decisions"]

    assert {row["title"] for row in found} == {"Retrain monthly", "Meet monthly", "Do it at once"}


def test_the_page_costs_the_same_for_one_and_for_three(client, fraud, django_assert_max_num_queries):
    client.force_login(people.user())
    address = f"/people/teams/{fraud.slug}/start/"
    with django_assert_max_num_queries(30) as few:
        client.get(address)
    for number in range(2):
        model = risklog_review.model(f"more-{number}", owner_team=fraud)
        meetings.decision(text=f"More {number}", about=model.subject)

    with django_assert_max_num_queries(len(few)):
        client.get(address)


def test_my_week_leads_a_new_person_there_for_a_month(client, at, fraud, move_clock):
    people.organisation()
    new = persons.add(name="Nora", email="nora@example.org", by=SYSTEM, at=at)
    teams.join(fraud, new, by=SYSTEM, at=at)
    client.force_login(new)
    assert "New in Fraud? Start here" in client.get("/").content.decode()

    move_clock(at + timedelta(days=31))

    assert "Start here" not in client.get("/").content.decode()


def test_a_threshold_shows_the_decisions_behind_it(client, at):
    threshold = signals.agreed(signals.series()).threshold
    meetings.decision(text="Judge at 0.2", about=threshold.subject)
    client.force_login(people.user())

    page = client.get(f"/signals/thresholds/{threshold.pk}/").content.decode()

    assert "Why: decisions" in page
    assert "Judge at 0.2" in page
