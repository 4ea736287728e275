"""Closing a risk: real evidence, and no open breach of its metric without a reason."""

import re

import pytest

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as operations
from risklog.states import RiskState
from tests.factories import catalogue, people, risks, signals

pytestmark = pytest.mark.django_db
EVIDENCE = "The score stayed below 0.1 for four weeks"


@pytest.fixture
def mia(client):
    found = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


@pytest.fixture
def breached():
    """Return a risk whose metric is in breach."""
    return _breached()


def _breached(**fields):
    metric = signals.series(catalogue.model("credit-pd", **fields))
    signals.agreed(metric)
    signals.push(metric, 0.5)
    return risks.risk(series=metric)


@pytest.mark.parametrize("evidence", [" ", "x", "Nineteen characters", "SCORES drift after the  rate change"])
def test_closing_needs_evidence_that_is_not_the_title(at, evidence):
    with pytest.raises(Refused) as refusal:
        operations.close(risks.risk(), evidence=evidence, by=SYSTEM, at=at)
    assert refusal.value.field == "evidence"


def test_a_risk_closes_during_a_breach_of_its_metric_only_with_a_reason(at, breached, mia):
    by = Actor(mia, "page")
    with pytest.raises(Refused, match=r"The breach B-\d+ of its metric is open") as refusal:
        operations.close(breached, evidence=EVIDENCE, by=by, at=at)
    assert refusal.value.field == "despite_open_breach"

    operations.close(breached, evidence=EVIDENCE, despite_open_breach="The metric is retired", by=by, at=at)

    assert breached.state == RiskState.CLOSED
    assert Event.objects.get(verb="risklog.risk_closed").data["reason"] == "The metric is retired"


def test_a_breach_that_the_reader_may_not_see_is_not_told(at, mia):
    hidden = _breached(viewers=[people.team().subject_id])
    visible = Risk.objects.get(pk=hidden.pk)

    operations.close(visible, evidence=EVIDENCE, by=Actor(mia, "page"), at=at)

    assert visible.state == RiskState.CLOSED


def test_the_form_names_the_open_breach_and_asks_for_the_reason(client, breached, mia):
    url = f"/risks/{breached.reference}/close/"
    page = client.get(url).content.decode()
    assert re.search(r'Its metric is still in breach: Warning <a href="/signals/breaches/B-\d+/"', page)
    assert 'name="despite_open_breach"' in page

    refused = client.post(url, {"version": 1, "evidence": EVIDENCE})
    assert refused.status_code == 422
    given = {"version": 1, "evidence": EVIDENCE, "despite_open_breach": "The metric is retired"}
    assert client.post(url, given).status_code == 303
    assert "The metric is retired" in client.get(f"/risks/{breached.reference}/").content.decode()


def test_the_form_of_a_risk_without_a_breach_does_not_ask(client, mia):
    page = client.get(f"/risks/{risks.risk().reference}/close/").content.decode()
    assert "despite_open_breach" not in page


def test_closing_by_api_names_the_field(client, breached, mia):
    url = f"/api/v1/risks/{breached.reference}/close"

    def close(**body):
        return client.post(url, body, content_type="application/json", headers={"If-Match": "*"})

    assert close(evidence="x").json()["errors"][0]["field"] == "evidence"
    refused = close(evidence=EVIDENCE)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "despite_open_breach")
    assert close(evidence=EVIDENCE, despite_open_breach="Retired").json()["state"] == "closed"


def test_the_head_of_a_risk_says_which_score_it_shows(client, mia):
    inherent = client.get(f"/risks/{risks.risk().reference}/").content.decode()
    assert "Inherent likelihood 4" in " ".join(inherent.split())
    assessed = risks.risk(residual_likelihood=1, residual_impact=2)
    page = " ".join(client.get(f"/risks/{assessed.reference}/").content.decode().split())
    assert "Residual likelihood 1" in page
