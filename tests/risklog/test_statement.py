"""The statement of a risk, the evidence of its breach as it is now, and the names of its two scores."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from people.states import Role
from risklog.models import Risk
from risklog.operations import risk as operations
from tests.factories import people, risks, signals

pytestmark = pytest.mark.django_db
STATEMENT = {"cause": "The rate changed", "event": "Scores are too low", "effect": "Wrong rejections"}


@pytest.fixture
def manager(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def page_of(client, risk: Risk) -> str:
    answer = client.get(f"/risks/{risk.reference}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_shows_the_statement_and_asks_for_what_is_missing(client, manager):
    page = page_of(client, risks.risk(**STATEMENT))

    for label, text in (("Cause", "The rate changed"), ("Event", "Scores are too low"), ("Effect", "Wrong")):
        assert f"<dt>{label}</dt><dd>{text}" in page.replace("> <", "><")
    assert "The statement is not complete: affected." in page


def test_the_statement_is_searched_and_exported(client, manager):
    found = risks.risk(**STATEMENT)

    assert found.reference in client.get("/risks/?q=rejections").content.decode()
    exported = b"".join(client.get("/risks/export/?format=csv").streaming_content).decode("utf-8-sig")
    assert "Cause,Event,Effect,Affected" in exported.splitlines()[0]
    assert "The rate changed,Scores are too low,Wrong rejections," in exported


def test_the_evidence_of_a_breach_is_that_of_now_and_the_text_has_its_moment(client, manager, at):
    risks.category()
    group = signals.breach_group(value=0.232, critical=0.3)
    risk = operations.add_from_breach(group, by=SYSTEM, at=at)
    signals.push(group.breaches.get().series, 0.31, start=at + timedelta(hours=2))

    page = page_of(client, risk)

    assert f"{group.reference}: 1 critical crossing" in page
    assert "worst 0.31" in page
    assert f"Evidence of {at:%d %b %Y %H:%M} UTC. {group.reference}: 1 warning crossing" in page


def test_every_level_of_a_risk_says_whether_it_is_residual_or_inherent(client, manager):
    untreated = risks.risk("Untreated", model=risks.model())
    treated = risks.risk("Treated")
    operations.change(
        treated, {"residual_likelihood": 2, "residual_impact": 2}, by=SYSTEM, at=treated.opened_at
    )

    rows = client.get("/risks/").content.decode().split('<tr id="')

    assert [row for row in rows if untreated.reference in row and ">inherent</small>" in row]
    assert [row for row in rows if treated.reference in row and ">residual</small>" in row]
    assert "Residual likelihood 2" in page_of(client, treated)
    assert ">inherent</small>" in client.get("/models/credit-pd/").content.decode()
