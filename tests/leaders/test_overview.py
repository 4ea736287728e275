"""The executive page: what it shows of a day, to whom, and in how many queries."""

from datetime import timedelta

import pytest
from django.test import Client

from kit.actor import SYSTEM
from leaders.models import NightlySnapshot
from leaders.operations import snapshot
from leaders.queries import overview
from leaders.states import Measure
from people.operations import organisation, token
from people.states import TokenScope
from risklog.operations import risk as risk_operations
from tests.factories import actions as make_actions
from tests.factories import incidents as make_incidents
from tests.factories import leaders as make
from tests.factories import meetings as make_meetings
from tests.factories import people, risklog_review, risks, signals
from tests.moments import AT

pytestmark = pytest.mark.django_db

PAGE = "/executive/"


@pytest.fixture(autouse=True)
def northwind(db):
    return organisation.found(name="Northwind", time_zone="Europe/Berlin", by=SYSTEM, at=AT)


def taken(days: int = 0):
    snapshot.take(AT + timedelta(days=days))


def test_exposure_is_compared_with_four_weeks_before_and_has_a_trend():
    team = people.team("Growth")
    risk = risks.risk(team=team, likelihood=2, impact=2)
    taken()
    risk_operations.change(risk, {"likelihood": 5}, by=SYSTEM, at=AT + timedelta(days=25))
    risks.risk(team=team, likelihood=5, impact=5, at=AT + timedelta(days=26))
    taken(31)

    found = overview.read(people.user(), (AT + timedelta(days=31)).date())

    assert (found.whole.points, found.whole.was, found.whole.change) == (35, 4, 31)
    assert found.whole.trend == (*[None] * 9, 4, None, None, None, 35)
    assert [(row.name, row.points, row.change) for row in found.teams] == [("Growth", 35, 31)]
    assert [(row.name, row.points) for row in found.tiers] == [("No tier", 35)]
    highest, moved = found.top
    assert (highest.score, highest.was) == (25, None)
    assert (moved.reference, moved.was < moved.level) == (risk.reference, True)
    before = overview.read(people.user(), AT.date())
    assert (before.whole.points, before.whole.was) == (4, None)


def test_any_past_day_is_shown_and_a_day_without_a_snapshot_says_so(client):
    risks.risk(likelihood=2, impact=2)
    taken()
    client.force_login(people.user())

    for day in ("2026-11-23", "2026-11-30", "2026-12-20"):
        page = client.get(PAGE, {"on": day}).content.decode()
        assert "1 live risk;" in page, day
        assert ("the last day before it" in page) == (day != "2026-11-23"), day
    for day in ("2026-11-22", "2026-12-30"):
        assert "No snapshot of this day" in client.get(PAGE, {"on": day}).content.decode()
    assert client.get(PAGE, {"on": "soon"}).status_code == 400
    assert client.get(PAGE, {"team": "nobody"}).status_code == 404


def test_a_restricted_risk_is_in_no_number_and_no_title_of_others(client):
    team = people.team("Growth")
    mate, outsider = people.user(teams=[team]), people.user()
    risks.risk("Open one", likelihood=1, impact=1)
    secret = risks.restricted("Zanzibar", team, team=team, likelihood=5, impact=5)
    signals.agreed(signals.series("m"))
    risklog_review.escalation(about=secret.subject, team=team)
    taken()

    client.force_login(mate)
    page = client.get(PAGE).content.decode()
    assert "Zanzibar" in page
    assert overview.read(mate, AT.date()).whole.points == 26
    client.force_login(outsider)
    page = client.get(PAGE).content.decode()
    assert "Zanzibar" not in page
    assert secret.reference not in page
    assert "Growth</a>" not in page
    seen = overview.read(outsider, AT.date())
    assert (seen.whole.points, seen.teams) == (1, [])
    assert [figure.now for figure in seen.counts] == [0, 0, 0, 0]


def test_a_risk_that_was_restricted_since_is_no_longer_named():
    risk, team = risks.risk("Once open"), people.team("Growth")
    outsider = people.user()
    taken()
    assert [one.title for one in overview.read(outsider, AT.date()).top] == ["Once open"]

    risk_operations.restrict(risk, teams=[team], by=SYSTEM, at=AT)

    assert overview.read(outsider, AT.date()).top == []


def test_incidents_count_by_month_with_those_that_a_breach_saw_first():
    group, earlier = signals.breach_group(), signals.breach_group("churn")
    make_incidents.incident(about=group.subject, at=AT + timedelta(days=1))
    make_incidents.incident(about=earlier.subject, noticed_at=earlier.opened_at - timedelta(hours=1))
    make_incidents.incident(at=AT + timedelta(days=20))
    taken(25)

    found = overview.read(people.user(), (AT + timedelta(days=25)).date())

    months = {f"{one.first:%Y-%m}": (one.incidents, one.seen_first) for one in found.incidents}
    assert list(months) == ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]
    assert (months["2026-11"], months["2026-12"]) == ((2, 1), (1, 0))
    assert found.seen_first.percent == 33


def test_the_page_of_a_team_has_its_figures_and_goals(client):
    lead = people.user("Lea Lead")
    team = people.team("Growth", lead=lead)
    risks.risk("Ours", team=team, likelihood=3, impact=3)
    risks.risk("Theirs", likelihood=5, impact=5)
    make.goal("Goal of the team", team=team, measure=Measure.LIVE_RISKS, start=3, target=1)
    make.goal("Goal of all")
    taken()
    client.force_login(lead)

    page = client.get(PAGE, {"team": team.slug}).content.decode()

    assert ("Ours" in page, "Theirs" in page) == (True, False)
    assert ("Goal of the team" in page, "Goal of all" in page) == (True, False)
    assert "Target met" in page
    assert "Goal of all" in client.get(PAGE).content.decode()


def test_goals_read_the_latest_snapshot_and_keep_its_figure_at_their_end(client):
    from leaders.operations import goal as goals

    goal = make.goal(measure=Measure.LATE_ACTIONS, target=0, start=4)
    make_actions.action(due_on=AT.date() - timedelta(days=1))
    taken()
    client.force_login(people.user())
    assert "75% of the way" in client.get(f"/executive/goals/{goal.pk}/").content.decode()
    row = api().get("/api/v1/goals").json()["results"][0]
    assert (row["figure"], row["figure_on"], row["percent"]) == (1, "2026-11-23", 75)

    goals.settle(goal, is_reached=False, by=SYSTEM, at=AT)
    NightlySnapshot.objects.all().delete()
    goal.refresh_from_db()
    assert (goal.figure, goal.figure_on, goal.percent) == (1, AT.date(), 75)


def api(**who) -> Client:
    _, text = token.issue(people.user(**who), name="t", scope=TokenScope.READ, by=SYSTEM, at=AT)
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_the_api_has_the_figures_of_a_day():
    team = people.team("Growth")
    risks.risk("High", team=team, likelihood=5, impact=5)
    make_meetings.closed(make_meetings.series(team))
    taken(5)
    caller = api()

    body = caller.get("/api/v1/executive?on=2026-11-30").json()

    assert (body["on"], body["is_derived"], body["all"]["points"]) == ("2026-11-28", False, 25)
    assert body["held"] == {"part": 1, "whole": 1, "percent": 100}
    assert body["top"][0]["title"] == "High"
    assert body["teams"][0]["key"] == team.slug
    assert caller.get(f"/api/v1/executive?on=2026-11-30&team={team.slug}").json()["all"]["points"] == 25
    for query, status, field in (("on=x", 400, "on"), ("colour=red", 400, "colour")):
        answer = caller.get(f"/api/v1/executive?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert caller.get("/api/v1/executive?on=2026-01-01").status_code == 404
    missing = caller.get("/api/v1/executive?team=x")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no team “x”.")


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_the_same_queries_for_any_number(client, number, django_assert_max_num_queries):
    for n in range(number):
        team = people.team(f"Team {n}")
        risks.risk(team=team)
        risks.restricted(f"Secret {n}", team, team=team)
        make.goal(measure=Measure.LIVE_RISKS)
        make_meetings.closed(make_meetings.series(team))
        taken(7 * n + 20)
    client.force_login(people.user(teams=[team]))
    address = f"{PAGE}?on={(AT + timedelta(days=7 * number + 20)).date()}"
    client.get(address)

    with django_assert_max_num_queries(18):
        client.get(address)
