"""Going on from the page of a risk in the list that one came from, and peeking at a risk beside the list."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.states import Role
from risklog.operations import risk as operations
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def beside(client, risk, query):
    """Return the references of the previous and the next risk on the page of a risk."""
    text = client.get(f"/risks/{risk.reference}/", {"list": query}).content.decode()
    found = dict(re.findall(r'rel="(prev|next)"\s+href="/risks/(R-\d+)/\?list=[^"]*"', text))
    return found.get("prev"), found.get("next")


def test_the_rows_of_the_list_lead_through_it_in_its_order_and_filters(client, ana):
    team = people.team("Credit")
    worst, middle, mild = (
        risks.risk(f"Risk {figure}", likelihood=figure, impact=figure, team=team) for figure in (5, 4, 2)
    )
    risks.risk("Of no team", likelihood=4, impact=4)
    query = f"team={team.slug}"

    assert f'href="{middle.reference}/?list=team%3Dcredit"' in client.get(f"/risks/?{query}").content.decode()
    assert beside(client, middle, query) == (worst.reference, mild.reference)
    assert beside(client, worst, query) == (None, middle.reference)
    assert beside(client, mild, f"{query}&order=severity") == (None, middle.reference)
    text = client.get(f"/risks/{mild.reference}/?list=team%3Dcredit").content.decode()
    assert '<a href="/risks/?team=credit">Risks</a>' in text


def test_hidden_risks_are_passed_over(client, ana, at):
    stranger = people.user("Ben Ode")
    first, hidden, last = (risks.risk(f"Risk {number}") for number in range(3))
    operations.restrict(hidden, teams=[people.team("Legal")], by=by(), at=at)
    client.force_login(stranger)
    assert beside(client, last, "order=-severity") == (None, first.reference)
    assert client.get(f"/risks/{hidden.reference}/peek/").status_code == 404


@pytest.mark.parametrize("query", ["", "?list=nonsense%3D1", "?list=order%3Dnonsense"])
def test_without_a_list_there_are_no_neighbours(client, ana, query):
    risk, _ = risks.risk(), risks.risk("Another")
    assert "Next risk" not in client.get(f"/risks/{risk.reference}/{query}").content.decode()


def test_the_neighbours_cost_the_same_for_one_and_three_rows(client, ana):
    counts = []
    first = risks.risk("Risk")
    for number in range(3):
        with CaptureQueriesContext(connection) as found:
            beside(client, first, "order=-updated_at")
        counts.append(len(found))
        risks.risk(f"Risk {number}")
    assert counts[1] == counts[2]


def test_a_change_on_the_page_stays_in_the_list(client, ana):
    risk = risks.risk()
    over_page = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver/risks/{risk.reference}/?list=owner%3Dnone",
    }
    answer = client.post(
        f"/risks/{risk.reference}/set/owner/", {"owner": ana.pk, "version": risk.version}, headers=over_page
    )
    assert answer["HX-Redirect"] == f"/risks/{risk.reference}/?list=owner%3Dnone"


def test_a_peek_is_a_part_of_the_list_and_a_page_of_its_own(client, ana):
    risk = risks.risk("Scores drift", description="Since **May**", owner=ana)
    whole = client.get(f"/risks/{risk.reference}/peek/").content.decode()
    part = client.get(
        f"/risks/{risk.reference}/peek/?list=owner%3Dme", headers={"HX-Request": "true"}
    ).content.decode()
    assert "<main" in whole
    assert "<main" not in part
    assert "<strong>May</strong>" in part
    assert f"/risks/{risk.reference}/?list=owner%3Dme" in part
