"""The panels of risks on other pages, and the parts of the list that are loaded on request."""

import pytest
from django.template.loader import render_to_string

from history import operations as history
from kit.actor import SYSTEM
from people.states import Role
from risklog.operations import escalation
from risklog.queries import risk as queries
from risklog.states import RiskState, Severity
from signals.models import BreachGroup
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client):
    found = people.user("Ana Moreau", teams=[people.team("Fraud")])
    client.force_login(found)
    return found


def test_a_models_panel_shows_live_risks_the_reader_may_see_worst_first(member):
    model = risks.model()
    low = risks.risk("Low", model=model, likelihood=1, impact=1)
    high = risks.risk("High", model=model, likelihood=5, impact=5)
    risks.risk("Closed", model=model, state=RiskState.CLOSED)
    risks.restricted("Canary", people.team(), model=model)

    panel = queries.live_of_model(member, model)

    assert (panel.rows, panel.total, panel.may_add) == ([high, low], 2, True)
    page = render_to_string("risklog/_panel_risks_of_model.html", {"panel": panel, "object": model})
    assert high.reference in page


def test_a_panel_shows_the_first_and_counts_all_in_one_question(member, django_assert_num_queries):
    model = risks.model()
    for number in range(queries.PANEL_SIZE + 2):
        risks.risk(f"Risk {number}", model=model)
    assert member.sight.ids  # what every request knows already

    with django_assert_num_queries(1):
        panel = queries.live_of_model(member, model)

    assert (len(panel.rows), panel.total) == (queries.PANEL_SIZE, queries.PANEL_SIZE + 2)


def test_a_breachs_panel_offers_to_make_it_a_risk(member, at):
    group = BreachGroup(cause_key="k", title="psi", kind="drift", level=2, opened_at=at)
    history.record(group, "signals.breach_group_opened", by=SYSTEM, at=at)

    panel = queries.of_breach_group(member, group)

    page = render_to_string("risklog/_panel_risks_of_breach.html", {"panel": panel, "object": group})
    assert f"/risks/from-breach/{group.reference}/" in page


def test_a_viewer_is_not_offered_to_raise(member):
    viewer = people.user(role=Role.VIEWER)
    assert not queries.live_of_model(viewer, risks.model()).may_add


def test_an_escalated_risk_says_so_in_the_list_and_on_its_page(client, member, at):
    found = risks.risk(owner=member)
    people.organisation()
    escalation.start(
        about=found.subject, title=found.title, why="It grows", severity=Severity.CRITICAL, by=SYSTEM, at=at
    )
    assert "Escalated" in client.get("/risks/").content.decode()
    assert "Escalation</h2>" in client.get(f"/risks/{found.reference}/").content.decode()


def test_a_large_register_counts_its_heat_map_apart(client, member, monkeypatch):
    monkeypatch.setattr("risklog.views.register.COUNT_CAP", 2)
    for number in range(3):
        risks.risk(f"Risk {number}", likelihood=4, impact=3)

    page = client.get("/risks/?level=4").content.decode()
    heat = client.get("/risks/heat/?level=4", headers={"HX-Request": "true"}).content.decode()

    assert "More than 2 risks" in page
    assert 'hx-get="/risks/heat/?level=4"' in page
    assert "3 risks" in heat


@pytest.mark.parametrize(("what", "name"), [("team", "Fraud"), ("owner", "Ana Moreau"), ("model", "Churn")])
def test_choices_keep_the_other_filters(client, member, what, name):
    risks.model("Churn")
    page = client.get(f"/risks/choices/{what}/?state=open&find={name[:3]}").content.decode()
    assert name in page
    assert "/risks/?state=open&amp;" in page
    assert client.get("/risks/choices/password/").status_code == 404


def test_a_restricted_model_is_no_choice(client, member):
    risks.model("Secret scoring", viewers=[people.team().subject_id])
    assert "Secret" not in client.get("/risks/choices/model/").content.decode()
    assert "Secret" not in client.get("/risks/new/").content.decode()
    assert "Secret" not in client.get("/risks/?model=secret-scoring").content.decode().replace(
        "secret-scoring", ""
    )
