"""The comparison of teams: what is counted, where the numbers lead, and that hidden risks are not counted."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.states import Role
from risklog.operations import risk as operations
from tests.conftest import AT
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_each_number_leads_to_its_risks(client, ana):
    credit = people.team("Credit")
    risks.risk("Owned", team=credit, owner=ana, likelihood=1, impact=1)
    risks.risk("Severe", team=credit, likelihood=5, impact=5)
    risks.risk("Of no team")
    rows = client.get("/api/v1/risks/by_team").json()["results"]
    assert [(row["team_slug"], row["counts"]["live"], row["counts"]["high"]) for row in rows] == [
        ("credit", 2, 1),
        ("none", 1, 1),
    ]
    assert rows[0]["counts"]["unowned"] == 1

    text = client.get("/risks/teams/").content.decode()
    links = [
        link.replace("&amp;", "&") for link in re.findall(r'<a href="(/risks/\?[^"]*team=credit[^"]*)"', text)
    ]
    assert "/risks/?level=5,4&team=credit" in links
    for link in links:
        assert client.get(link).status_code == 200


def test_the_filters_of_the_list_narrow_the_comparison(client, ana):
    risks.risk("Owned", team=people.team("Credit"), owner=ana)
    risks.risk("Of no team")
    answer = client.get("/api/v1/risks/by_team?owner=me").json()["results"]
    assert [row["team_slug"] for row in answer] == ["credit"]
    assert "Owner: Me" in client.get("/risks/teams/?owner=me").content.decode()
    assert client.get("/risks/teams/?colour=red").status_code == 400
    assert client.get("/api/v1/risks/by_team?colour=red").json()["errors"][0]["field"] == "colour"


def test_hidden_risks_are_not_counted(client, ana):
    hidden = risks.risk("Hidden", team=people.team("Credit"))
    operations.restrict(hidden, teams=[people.team("Legal")], by=by(), at=AT)
    client.force_login(people.user("Ben Ode"))
    assert client.get("/api/v1/risks/by_team").json()["results"] == []
    assert "Credit" not in client.get("/risks/teams/").content.decode()


def test_it_costs_the_same_for_one_and_three_teams(client, ana):
    counts = []
    for number in range(3):
        risks.risk(f"Risk {number}", team=people.team(f"Team {number}"))
        with CaptureQueriesContext(connection) as found:
            client.get("/risks/teams/")
        counts.append(len(found))
    assert counts[0] == counts[2]


def test_closed_risks_are_never_live(client, ana):
    credit = people.team("Credit")
    risks.risk("Closed", team=credit, state="closed")
    risks.risk("Open", team=credit)

    assert client.get("/api/v1/risks/by_team?state=closed").json()["results"] == []
    rows = client.get("/api/v1/risks/by_team?state=closed,open").json()["results"]
    assert [row["counts"]["live"] for row in rows] == [1]
