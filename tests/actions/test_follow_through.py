"""Follow-through: done in time, and how late, by team and by meeting series."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import actions, meetings, people

pytestmark = pytest.mark.django_db
PAGE, API = "/actions/follow-through/", "/api/v1/actions/follow-through"


@pytest.fixture
def team(client):
    people.organisation()
    team = people.team("Credit risk")
    client.force_login(people.user("Ana", teams=[team]))
    return team


def done(owner, at, *, late, **fields):
    """Create an action that is done so many days after its due date (negative: before)."""
    return actions.done(owner=owner, due_on=at.date() - timedelta(days=late), at=at, **fields)


def rows(client, address=API, query=""):
    body = client.get(f"{address}?{query}").json()
    return {row["name"]: row for row in body["results"]}


def test_the_figures_of_a_team(client, team, at):
    owner = people.user(teams=[team])
    for late in (-2, 0, 1, 4, 10):
        done(owner, at, late=late)
    actions.done(owner=owner, at=at)  # without a date
    actions.dropped(owner=owner, due_on=at.date())
    actions.action(owner=owner, due_on="2026-01-01")

    (row,) = rows(client).values()

    assert row == {
        "key": team.slug,
        "name": "Credit risk",
        "done": 5,
        "in_time": 2,
        "share": 40,
        "median_late": 4.0,
    }


def test_the_period_counts_the_day_of_the_organisation(client, team, at):
    owner = people.user(teams=[team])
    done(owner, at, late=0)
    done(owner, at - timedelta(days=100), late=0)

    assert rows(client)["Credit risk"]["done"] == 1
    assert rows(client, query="since=2026-01-01")["Credit risk"]["done"] == 2
    assert rows(client, query=f"until={at.date() - timedelta(days=1)}") == {}
    body = client.get(f"{API}?until=2026-11-01").json()
    assert (body["since"], body["until"]) == ("2026-08-03", "2026-11-01")


def test_done_just_after_midnight_in_berlin_is_the_next_day(client, team, at):
    owner = people.user(teams=[team])
    evening = at.replace(hour=23, minute=30)  # 00:30 of the next day in Berlin
    actions.done(owner=owner, due_on=at.date(), at=evening)

    row = rows(client, query=f"until={at.date() + timedelta(days=1)}")["Credit risk"]

    assert (row["in_time"], row["median_late"]) == (0, 1.0)


def test_an_action_of_a_person_in_two_teams_counts_in_both_and_once_in_all(client, team, at):
    other = people.team("Fraud")
    done(people.user(teams=[team, other]), at, late=3)

    assert {name: row["done"] for name, row in rows(client).items()} == {"Credit risk": 1, "Fraud": 1}
    assert client.get(PAGE).context["all"].done == 1


def test_by_meeting_series(client, team, at):
    series = meetings.series(team, name="Weekly look")
    owner = people.user(teams=[team])
    meeting = meetings.live(series)
    decision = meetings.decision(meeting=meeting)
    done(owner, at, late=2, origin=decision.subject)
    done(owner, at, late=0, origin=meeting.subject)
    done(owner, at, late=0)

    (row,) = rows(client, "/api/v1/meeting-series/follow-through").values()

    assert (row["key"], row["name"]) == (str(series.pk), "Weekly look")
    assert (row["done"], row["in_time"], row["median_late"]) == (2, 1, 2.0)
    page = client.get(PAGE).content.decode()
    assert "By meeting series" in page
    assert "Weekly look" in page


def test_what_a_reader_may_not_see_does_not_count(client, team, at):
    done(people.user(teams=[team]), at, late=0, viewers=[people.team().subject_id])

    assert rows(client) == {}
    assert client.get(PAGE).context["all"].done == 0


def test_an_empty_period_says_so(client, team):
    page = client.get(f"{PAGE}?since=2020-01-01&until=2020-02-01").content.decode()

    assert "No dated action was done in this period." in page


@pytest.mark.parametrize("query", ["since=x", "until=2026-13-01", "bogus=1", "type=x"])
def test_a_bad_period_is_refused(client, team, query):
    assert client.get(f"{PAGE}?{query}").status_code == 400
    assert client.get(f"{API}?{query}").status_code == 400


def test_the_page_costs_the_same_for_one_and_many_teams(client, team, at):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE)
        return len(captured)

    done(people.user(teams=[team]), at, late=0)
    cost()
    few = cost()
    for _ in range(3):
        done(people.user(teams=[people.team()]), at, late=1)

    assert cost() == few
    assert date(2026, 11, 23) == at.date()
