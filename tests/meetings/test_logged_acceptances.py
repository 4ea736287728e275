"""Acceptances of risks in the log of decisions."""

import json
from datetime import date

import pytest

from history import relay
from history.models import Handover
from kit.actor import SYSTEM
from kit.refusals import Refused
from meetings.models import Decision
from meetings.operations import acceptance as logged
from meetings.operations import decision as decisions
from meetings.states import DecisionState
from people.states import Role
from risklog.operations import risk as risk_operations
from risklog.states import RiskState
from tests.factories import meetings, people, risks

pytestmark = pytest.mark.django_db
UNTIL = date(2027, 1, 1)


@pytest.fixture
def mia():
    return people.user("Mia", role=Role.RISK_MANAGER)


def accepted(mia, at, **fields):
    found = risks.risk("Scores drift", state=RiskState.ASSESSING, **fields)
    risks.accept(found, until=UNTIL, reason="Small exposure", by=risks.by(mia), at=at)
    settle(at)
    return found


def settle(at):
    for _ in range(3):
        relay.relay(at=at)


def test_an_acceptance_is_logged_once_and_ends_with_the_acceptance(client, at, mia):
    risk = accepted(mia, at)
    Handover.objects.filter(handler="meetings.decision.log_acceptance").update(state="pending")
    settle(at)

    decision = Decision.objects.get()
    assert decision.text == f"Accept {risk.reference} until 1 January 2027: Scores drift"
    assert (decision.reason, decision.recorded_by, decision.about) == ("Small exposure", mia, risk.subject)
    assert decision.state == DecisionState.IN_FORCE
    client.force_login(mia)
    assert "In force until" in client.get("/meetings/decisions/?kind=acceptance").content.decode()
    assert "Accepted by" in client.get(f"/meetings/decisions/{decision.reference}/").content.decode()

    risk.refresh_from_db()
    risk_operations.reopen(risk, reason="It grew", by=SYSTEM, at=at)
    settle(at)

    decision.refresh_from_db()
    assert decision.state == DecisionState.ENDED


def test_the_log_shows_an_acceptance_only_to_those_who_see_the_risk(client, at, mia):
    team = people.team()
    people.member(team, mia)
    accepted(mia, at, viewers=[team.subject_id])
    stranger = people.user()

    def seen_by(reader):
        client.force_login(reader)
        answer = client.get("/api/v1/decisions?kind=acceptance").json()["results"]
        exported = b"".join(client.get("/api/v1/decisions/export?format=json").streaming_content)
        return [row["accepted_until"] for row in answer], len(json.loads(exported))

    assert seen_by(mia) == (["2027-01-01"], 1)
    assert seen_by(stranger) == ([], 0)


def test_what_was_accepted_before_the_log_existed_is_logged_later(at, mia):
    risks.accept(risks.risk(state=RiskState.ASSESSING), by=risks.by(mia), at=at)

    assert logged.log_missing(at=at) == 1
    assert logged.log_missing(at=at) == 0
    assert Decision.objects.get().acceptance.decided_by == mia


def test_a_logged_acceptance_is_not_replaced_by_another_decision(at, mia):
    accepted(mia, at)
    other = meetings.decision()

    with pytest.raises(Refused, match="Reopen the risk"):
        decisions.replace(Decision.objects.exclude(pk=other.pk).get(), with_=other, by=SYSTEM, at=at)


@pytest.mark.parametrize("kind", ["x", "acceptance,recorded"])
def test_another_kind_is_refused_by_name(client, mia, kind):
    client.force_login(mia)
    answer = client.get(f"/api/v1/decisions?kind={kind}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "kind")


def test_the_export_of_the_page_has_its_filters(client, at, mia):
    accepted(mia, at)
    meetings.decision(text="Retrain monthly")
    client.force_login(mia)

    sent = b"".join(client.get("/meetings/decisions/export/?kind=acceptance&format=csv").streaming_content)

    lines = sent.decode().splitlines()
    assert len(lines) == 2
    assert "Small exposure" in lines[1]
