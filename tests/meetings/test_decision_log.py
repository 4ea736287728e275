"""One log of all that was decided: filters, saved views, export, and agreements to thresholds."""

import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import relay
from history.models import Event, Handover
from kit.actor import SYSTEM, Actor
from meetings.models import Decision
from meetings.operations import agreement as logged
from meetings.operations import outcome as outcomes
from meetings.states import DecisionState
from people.states import Role
from saved.models import SavedView
from signals.models import ThresholdVersion
from signals.operations import threshold as thresholds
from tests.factories import actions, people, risks
from tests.factories import meetings as make
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
LOG, API = "/meetings/decisions/", "/api/v1/decisions"


@pytest.fixture
def mia(client):
    people.organisation()
    found = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


def settle(at):
    for _ in range(4):
        relay.relay(at=at)


def proposed(on, at, warning=0.3):
    return thresholds.propose(on, warning=warning, reason="Less noise", by=SYSTEM, at=at)


def found(client, query) -> set[str]:
    answer = client.get(f"{API}?{query}")
    assert answer.status_code == 200, answer.content
    return {row["text"] for row in answer.json()["results"]}


# ------------------------------------------------------------------ agreements to thresholds


def test_an_agreement_outside_a_meeting_is_logged_once_with_its_reason(client, mia, at):
    version = proposed(signal.series(), at)
    thresholds.agree(version, by=Actor(mia, "page"), at=at)
    settle(at)
    Handover.objects.filter(handler="meetings.decision.log_agreement").update(state="pending")
    settle(at)

    decision = Decision.objects.get()
    assert decision.text == "Agree to version 1 of fraud-score: psi · age: warning above 0.3"
    assert (decision.reason, decision.recorded_by, decision.decided_at) == ("Less noise", mia, at)
    assert decision.about == version.threshold.subject
    assert "Agreement to a threshold" in client.get(f"{LOG}?kind=threshold").content.decode()
    assert "Agreed by" in client.get(f"{LOG}{decision.reference}/").content.decode()
    assert client.get(f"{API}/{decision.reference}").json()["threshold_version_id"] == version.pk


def test_the_next_agreement_replaces_the_logged_one(mia, at):
    first = proposed(signal.series(), at)
    thresholds.agree(first, by=SYSTEM, at=at)
    settle(at)
    second = thresholds.propose(first.threshold, warning=0.4, reason="Even less", by=SYSTEM, at=at)
    thresholds.agree(second, by=SYSTEM, at=at)
    settle(at)

    former, latest = Decision.objects.order_by("id")
    assert (former.state, former.replaced_by) == (DecisionState.REPLACED, latest)
    assert latest.state == DecisionState.IN_FORCE


def test_a_decision_that_agrees_is_not_logged_twice_and_replaces_the_logged_one(mia, at):
    first = proposed(signal.series(), at)
    thresholds.agree(first, by=SYSTEM, at=at)
    settle(at)
    thresholds.propose(first.threshold, warning=0.4, reason="Even less", by=SYSTEM, at=at)
    effect = {"kind": "agree_threshold", "target": first.threshold.subject}
    decision = make.decision(by=mia, effects=[effect])
    settle(at)

    assert Decision.objects.count() == 2
    former = Decision.objects.exclude(pk=decision.pk).get()
    assert former.replaced_by == decision


def test_agreements_from_before_the_log_are_logged_later(at):
    thresholds.agree(proposed(signal.series(), at), by=SYSTEM, at=at)

    assert logged.log_missing(at=at) == 1
    assert logged.log_missing(at=at) == 0
    assert Decision.objects.get().threshold_version == ThresholdVersion.objects.get()


def test_a_restricted_threshold_is_in_the_log_of_those_who_see_it(client, mia, at):
    insiders = people.team()
    risks.model("Fraud score", viewers=[insiders.subject_id])
    thresholds.agree(proposed(signal.series("fraud-score"), at), by=SYSTEM, at=at)
    settle(at)

    assert found(client, "kind=threshold") == set()
    client.force_login(people.user(teams=[insiders]))
    assert len(found(client, "kind=threshold")) == 1


# ------------------------------------------------------------------ filters


def test_each_filter_finds_its_decisions(client, mia, at):
    action = actions.action(owner=mia, due_on=date(2026, 11, 20))
    effect = {"kind": "change_action", "target": action.subject, "due_on": date(2026, 12, 18)}
    moved = make.decision(by=mia, text="Move it", effects=[effect], dissent="Ben: too late")
    wired = make.decision(text="Wire it", tripwires=[{"due_on": date(2026, 12, 1)}])
    failed = make.decision(text="Fail it", at=at - timedelta(days=5))
    outcomes.answer(failed, outcome="did_not", note="No", by=SYSTEM, at=at)
    assert moved.recorded_by == mia
    wired.tripwires.update(state="crossed")

    assert found(client, "effect=change_action") == {"Move it"}
    assert found(client, "effect=change_action,accept_risk") == {"Move it"}
    assert found(client, "effect=resolve_escalation") == set()
    assert found(client, "outcome=did_not") == {"Fail it"}
    assert found(client, "outcome=open") == {"Move it", "Wire it"}
    assert found(client, "tripwire=crossed") == {"Wire it"}
    assert found(client, "tripwire=armed") == set()
    assert found(client, "person=me") == {"Move it"}
    assert found(client, "person=none") == {"Wire it", "Fail it"}
    assert found(client, "since=2026-11-23") == {"Move it", "Wire it"}
    assert found(client, "until=2026-11-22") == {"Fail it"}
    assert found(client, "since=2026-11-18&until=2026-11-18") == {"Fail it"}
    assert found(client, "q=ben+late") == {"Move it"}
    assert found(client, "kind=recorded") == {"Move it", "Wire it", "Fail it"}


@pytest.mark.parametrize("query", ["effect=launch", "outcome=maybe", "tripwire=x", "since=soon", "person=x"])
def test_a_value_that_no_filter_knows_is_refused_by_name(client, mia, query):
    answer = client.get(f"{API}?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, query.partition("=")[0])
    assert client.get(f"{LOG}?{query}").status_code == 400


def test_the_page_has_views_and_offers_to_save_another_one(client, mia, at):
    make.decision(by=mia, text="Move it")

    page = client.get(LOG).content.decode()
    assert "In force" in page
    assert "Save view" not in page
    narrowed = client.get(f"{LOG}?q=move&person={mia.pk}").content.decode()
    assert "Save view" in narrowed
    assert "Recorded by: Mia" in narrowed
    saved = client.post(
        "/views/new/", {"list": "decisions", "query": "q=move", "name": "About moves", "is_shared": ""}
    )
    assert saved.status_code == 303, saved.content.decode()
    assert SavedView.objects.get().query == "q=move"
    assert "About moves" in client.get(LOG).content.decode()


def test_the_export_has_effects_and_outcome(client, mia, at):
    action = actions.action(owner=mia, due_on=date(2026, 11, 20))
    effect = {"kind": "change_action", "target": action.subject, "due_on": date(2026, 12, 18)}
    decision = make.decision(by=mia, effects=[effect], options="Drop it", dissent="Ben")
    outcomes.answer(decision, outcome="worked", note="In time", by=SYSTEM, at=at)
    make.decision(text="Another")

    def rows(form):
        address = f"{API}/export?format={form}&effect=change_action"
        return b"".join(client.get(address).streaming_content).decode()

    (row,) = json.loads(rows("json"))
    assert (row["effects"], row["outcome"], row["outcome_note"]) == (["change_action"], "worked", "In time")
    assert (row["options"], row["dissent"]) == ("Drop it", "Ben")
    assert "New date or owner of an action" in rows("csv")


def test_the_log_costs_the_same_with_more_effects_and_answers(client, mia, at):
    def more():
        action = actions.action(owner=mia, due_on=date(2026, 11, 20))
        effect = {"kind": "change_action", "target": action.subject, "due_on": date(2026, 12, 18)}
        return make.decision(by=mia, effects=[effect], tripwires=[{"due_on": date(2026, 12, 1)}])

    counts = []
    for _ in range(3):
        more()
        client.get(LOG)
        with CaptureQueriesContext(connection) as queries:
            client.get(LOG)
        counts.append(len(queries))

    assert counts[0] == counts[-1]
    assert Event.objects.filter(verb="meetings.decision_taken").count() == 3


@pytest.mark.parametrize("order", ["", "id", "-id"])
def test_the_export_has_the_order_of_the_page(client, mia, at, order):
    for number in range(3):
        make.decision(text=f"Choice {number}", at=at + timedelta(hours=-number))

    page = client.get("/meetings/decisions/", {"order": order})
    address = dict(page.context["exports"])["CSV"]
    sent = client.get(address).getvalue().decode()

    shown = [decision.text for decision in page.context["page"].rows]
    assert shown == sorted(shown, key=sent.index)
    assert ('name="order"' in page.content.decode()) == bool(order)
