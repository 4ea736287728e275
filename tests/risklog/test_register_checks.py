"""The register checks: what each finds, for whom, and the list of its risks."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from lists.specification import Reader
from people.operations import organisation as organisations
from people.operations import person as persons
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.queries import register_checks as queries
from risklog.register_checks import CHECKS, WITHOUT_EVIDENCE
from risklog.states import RiskState
from tests.factories import actions, people, risks

pytestmark = pytest.mark.django_db
LIST = "/api/v1/risks"


@pytest.fixture
def mia(client):
    found = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


def failing(user, at):
    """Return the checks that find a risk, with their numbers."""
    reader = Reader(user, at.date(), at)
    return {one.check.name: one.number for one in queries.results(reader) if one.number}


def owned(**fields):
    return risks.risk(owner=people.user(), **fields)


def test_a_risk_in_order_fails_no_check(at, mia):
    owned()
    assert failing(mia, at) == {}


def test_residual_above_inherent(at, mia):
    owned(residual_likelihood=5, residual_impact=5)
    assert failing(mia, at) == {"residual_above_inherent": 1}


def test_residual_lower_without_a_mitigation(at, mia):
    lowered = owned(residual_likelihood=1, residual_impact=2)
    owned()
    assert failing(mia, at) == {"residual_without_mitigation": 1}

    actions.action("Retrain", owner=mia, about=lowered.subject, due_on=at.date() + timedelta(days=9))

    assert failing(mia, at) == {}


def test_an_acceptance_beyond_the_limit_and_one_that_ends_soon(at, mia):
    organisation = people.organisation()
    found = owned(state=RiskState.ACCEPTED)
    assert failing(mia, at) == {}
    organisations.change(organisation, {"max_acceptance_days": 60}, by=SYSTEM, at=at)
    assert failing(mia, at) == {"accepted_without_end": 1}
    assert failing(mia, at + timedelta(days=40)) == {"acceptance_ends": 1}
    assert found.accepted_until == risks.ACCEPTED_UNTIL


def test_an_action_without_a_date(at, mia):
    actions.action("Retrain", owner=mia, about=owned().subject, due_on=None)
    assert failing(mia, at) == {"action_without_date": 1}


def test_no_owner_and_an_owner_who_left(at, mia):
    risks.risk()
    left = people.user()
    risks.risk(owner=left)
    persons.deactivate(left, by=SYSTEM, at=at)
    assert failing(mia, at) == {"unowned": 1, "owner_left": 1}


def test_overdue_for_review_and_stale(at, mia):
    found = owned()
    day = found.review_on - at.date()
    assert failing(mia, at + day) == {}
    assert failing(mia, at + day + timedelta(days=1)) == {"overdue": 1}
    assert failing(mia, at + day + timedelta(days=31)) == {"overdue": 1, "stale": 1}


def test_closed_without_evidence(at, mia):
    owned(state=RiskState.CLOSED)
    draft = {
        "title": "Old", "category": risks.category(), "likelihood": 2, "impact": 2, "state": "closed",
        "closing_evidence": WITHOUT_EVIDENCE,
    }  # fmt: skip
    operations.add_many([draft], by=SYSTEM, at=at)
    assert failing(mia, at) == {"closed_without_evidence": 1}


def test_a_reader_counts_only_the_risks_that_they_see(at, mia):
    team = people.team()
    risks.restricted("Canary", team)
    assert failing(mia, at) == {}
    assert failing(people.user(teams=[team]), at) == {"unowned": 1}


@pytest.mark.parametrize("number", [1, 3])
def test_counting_takes_one_query_however_many_risks_there_are(at, mia, number):
    people.organisation()
    for _ in range(number):
        risks.risk()
    with CaptureQueriesContext(connection) as found:
        assert failing(mia, at) == {"unowned": number}
    assert len(found) <= 4


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_is_a_filter_of_the_list_and_of_the_api(client, mia, check):
    assert client.get(f"/risks/?check={check.name}").status_code == 200
    assert client.get(f"{LIST}?check={check.name}").status_code == 200


def test_the_list_of_a_check_has_its_risks_also_closed_ones(client, mia):
    closed = owned(state=RiskState.CLOSED)
    Risk.objects.filter(pk=closed.pk).update(closing_evidence="x")
    owned()
    page = client.get("/risks/?check=closed_without_evidence").content.decode()
    assert f'id="{closed.reference}"' in page
    assert "Closed without evidence" in page
    rows = client.get(f"{LIST}?check=closed_without_evidence").json()["results"]
    assert [row["reference"] for row in rows] == [closed.reference]


def test_an_unknown_check_is_named(client, mia):
    answer = client.get(f"{LIST}?check=colour")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "check")


def test_the_page_links_each_number_to_its_list(client, mia):
    risks.risk()
    page = client.get("/risks/checks/").content.decode()
    assert "1 of 14 checks found something" in page
    assert 'href="/risks/?check=unowned"' in page
    assert 'href="/models/?check=' not in page
    assert 'href="/risks/?check=stale"' not in page
    assert client.get("/risks/checks/?colour=red").status_code == 400


def test_the_checks_by_api(client, mia):
    risks.risk()
    answer = client.get("/api/v1/register-checks").json()
    assert answer["count"] == len(CHECKS)
    found = {row["name"]: row["number"] for row in answer["results"]}
    assert found["unowned"] == 1
    refused = client.get("/api/v1/register-checks?colour=red")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "colour")
    assert client.get("/api/v1/register-checks?after=x").status_code == 400
    first = client.get("/api/v1/register-checks?limit=10").json()
    last = client.get(first["next"]).json()
    assert [row["name"] for row in last["results"]] == [CHECKS[-1].name]
    assert last["next"] is None
