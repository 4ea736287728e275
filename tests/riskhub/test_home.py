"""My week: the reader's own work, and nothing of others."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import Actor
from people.states import Role
from risklog.operations import acceptance
from risklog.states import RiskState
from tests.conftest import AT
from tests.factories import actions, notices, people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = risklog_review.reviewer("data-science", teams=[people.team("Credit")], role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def cost(client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    return len(queries)


def fill(user) -> None:
    team = user.teams.get()
    model = risklog_review.model(owner_team=team, developer=user)
    risk = risks.risk(team=team)
    notices.notify_about(risk)
    today = AT.date()
    notices.notify_about(actions.action(owner=user, due_on=today - timedelta(days=2), about=risk.subject))
    actions.action(owner=user, due_on=today + timedelta(days=2))
    risklog_review.review(about=risklog_review.breach_group(of_model=model).subject, of_model=model)
    risklog_review.escalation(about=risk.subject)


def test_my_week_shows_the_readers_work_and_not_that_of_others(client, ana):
    fill(ana)
    actions.action("Somebody's", owner=people.user(), due_on=AT.date())

    answer = client.get("/")

    assert len(answer.context["late"]) == len(answer.context["due_soon"]) == 1
    assert len(answer.context["reviews"]) == len(answer.context["breaches"]) == 1
    assert len(answer.context["unowned"]) == 1
    assert "Somebody" not in answer.content.decode().split("<main", 1)[1]


def test_an_action_and_its_escalation_are_one_problem(client, ana):
    risklog_review.ladder(("owner", 60, None))
    action = actions.action("Fix the feed", owner=ana, due_on=AT.date() - timedelta(days=2))
    escalation = risklog_review.escalation(about=action.subject)

    answer = client.get("/")

    assert answer.context["escalations"] == [escalation]
    assert answer.context["actions"] == []
    assert len(answer.context["late"]) == 1
    html = answer.content.decode().split('id="needs"', 1)[1].split("</section>", 1)[0]
    assert "2 d late" in html
    assert html.count("<li>") == 1


def test_a_clear_week_says_so(client):
    people.organisation()
    client.force_login(people.user())

    assert "Nothing is waiting for you" in client.get("/").content.decode()


@pytest.mark.parametrize(("role", "is_offered"), [(Role.MEMBER, True), (Role.VIEWER, False)])
def test_a_new_risk_is_offered_to_who_may_log_one(client, role, is_offered):
    people.organisation()
    client.force_login(people.user(role=role))

    assert ("/risks/new/" in client.get("/").content.decode()) is is_offered


def test_a_fresh_instance_shows_the_next_steps_to_who_can_take_them(client, ana):
    assert "Connect a monitoring tool" in client.get("/").content.decode()
    client.force_login(people.user())
    assert "Connect a monitoring tool" not in client.get("/").content.decode()


def test_it_costs_at_most_fifteen_queries_whatever_there_is(client, ana):
    fill(ana)
    few = cost(client)
    fill(ana), fill(ana)

    assert cost(client) == few
    assert few <= 15


def test_it_asks_to_sign_in(client):
    assert client.get("/").status_code == 302


def test_a_proposed_acceptance_waits_for_those_who_may_decide_it(client, ana):
    risk = risks.risk("Thin files", state=RiskState.ASSESSING)
    acceptance.propose(
        risk, until=risks.ACCEPTED_UNTIL, reason="Small", by=Actor(people.user(), "page"), at=AT
    )
    own = risks.risk("Of her own", state=RiskState.ASSESSING)
    acceptance.propose(own, until=risks.ACCEPTED_UNTIL, reason="Small", by=Actor(ana, "page"), at=AT)

    answer = client.get("/")

    assert [one["title"] for one in answer.context["acceptances"]] == ["Thin files"]
    assert "Decide whether it is accepted until" in answer.content.decode()

    risk.refresh_from_db()
    acceptance.accept(risk, by=Actor(ana, "page"), at=AT)
    assert "Decide whether it is accepted until" not in client.get("/").content.decode()
