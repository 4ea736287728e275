"""Effects on the pages of decisions and in the API."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM
from meetings.models import Decision
from people.states import Role
from risklog.operations import risk as risk_operations
from risklog.states import RiskState
from signals.operations import threshold as thresholds
from tests.factories import actions, people, risks
from tests.factories import meetings as make
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
NEW, LATER = "/meetings/decisions/new/", date(2026, 12, 18)
DECIDED = {"text": "Give it two more weeks", "reason": "The vendor is late"}


@pytest.fixture
def mia(client):
    people.organisation()
    found = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


def page(client, url, status=200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def test_the_form_offers_the_effects_that_fit_and_applies_the_chosen_one(client, mia, at):
    action = actions.action("Cap the feature", owner=people.user(), due_on=date(2026, 11, 20))
    prefix = f"effect-change_action-{action.pk}"

    shown = page(client, f"{NEW}?about={action.reference}")
    assert f"Give {action.reference} another date or owner: Cap the feature, due 20 November 2026" in shown
    assert "You hold the right to this" in shown
    values = {**DECIDED, "about": action.reference, f"{prefix}-apply": "on", f"{prefix}-due_on": str(LATER)}
    answer = client.post(NEW, values)

    assert answer.status_code == 303, answer.content.decode()
    action.refresh_from_db()
    assert action.due_on == LATER
    detail = page(client, answer["Location"])
    assert "Took effect" in detail
    assert "due 18 December 2026" in detail
    assert Decision.objects.get().reference in page(client, f"/actions/{action.reference}/")


def test_who_may_not_sees_why_not_and_cannot_force_it(client, mia, at):
    action = actions.action("Cap the feature", owner=people.user("Ana"), due_on=date(2026, 11, 20))
    client.force_login(people.user("Stranger"))
    prefix = f"effect-change_action-{action.pk}"

    shown = page(client, f"{NEW}?about={action.reference}")
    assert "You do not hold the right to this. It is held by its owner" in shown
    assert f'name="{prefix}-apply"' not in shown
    answer = client.post(
        NEW,
        {**DECIDED, "about": action.reference, f"{prefix}-apply": "on", f"{prefix}-due_on": str(LATER)},
    )

    assert answer.status_code == 422
    assert "You do not hold the right to this." in answer.content.decode()
    assert not Decision.objects.exists()


def test_an_effect_that_is_gone_or_refused_is_said_and_nothing_is_recorded(client, mia, at):
    action = actions.action("Cap the feature", owner=mia, due_on=LATER)
    prefix = f"effect-change_action-{action.pk}"
    values = {**DECIDED, "about": action.reference, f"{prefix}-apply": "on"}

    empty = client.post(NEW, values)
    assert empty.status_code == 422
    assert "Enter the new due date, the new owner, or both." in empty.content.decode()
    gone = client.post(NEW, {**values, "effect-change_action-99999-apply": "on"})
    assert gone.status_code == 422
    assert "not possible any more" in gone.content.decode()
    wrong = client.post(NEW, {**values, f"{prefix}-due_on": "soon"})
    assert wrong.status_code == 422
    assert "Correct the effects" in wrong.content.decode()
    assert not Decision.objects.exists()


def test_the_offers_of_a_risk_a_threshold_and_a_meeting(client, mia, at):
    risk = risks.risk(state=RiskState.ASSESSING)
    risk_operations.propose(risk, until=LATER, reason="Small", by=SYSTEM, at=at)
    shown = page(client, f"{NEW}?about={risk.reference}")
    assert f"Accept {risk.reference}, as proposed until 18 December 2026" in shown
    assert f"Start treating {risk.reference}" in shown

    version = thresholds.propose(signal.series(), warning=0.3, reason="Less noise", by=SYSTEM, at=at)
    team, _ = make.crew()
    series = make.series(team)
    item = make.current(make.live(series), about=version.threshold.subject)
    live = f"/meetings/{item.meeting.reference}/live/"
    shown = page(client, live)
    assert "Agree to version 1" in shown
    assert "warning above 0.3" in shown
    client.post(
        f"/meetings/items/{item.pk}/decide/",
        {**DECIDED, f"effect-agree_threshold-{version.pk}-apply": "on"},
    )
    version.refresh_from_db()
    assert version.agreed_in == Decision.objects.get().subject
    minutes = page(client, f"/meetings/{item.meeting.reference}/minutes/")
    assert "Threshold agreed" in minutes
    assert "version 1: warning above 0.3" in minutes


def test_a_hidden_target_is_not_offered_or_shown(client, mia, at):
    insider, outsider = people.user("In"), people.user("Out")
    secret = make.restricted([insider, mia], "A quiet leak")
    about = actions.action("Watch").subject
    decision = make.decision(
        about=about,
        by=mia,
        effects=[{"kind": "change_action", "target": secret, "due_on": LATER}],
    )
    address = f"/meetings/decisions/{decision.reference}/"

    assert "A quiet leak" in page(client, address)
    client.force_login(outsider)
    shown = page(client, address)
    assert "New date or owner of an action" in shown
    assert "A quiet leak" not in shown
    assert "18 December" not in shown
    (effect,) = client.get(f"/api/v1/decisions/{decision.reference}").json()["effects"]
    assert effect == {
        "kind": "change_action",
        "target_reference": None,
        "target_kind": None,
        "target_id": None,
        "due_on": None,
        "owner_id": None,
        "number": None,
        "treatment": None,
    }


def test_a_new_decision_replaces_an_old_one_by_the_page(client, mia, at):
    old = make.decision(by=mia)
    detail = page(client, f"/meetings/decisions/{old.reference}/")
    assert f"{NEW}?replaces={old.reference}" in detail
    assert f"Replaces {old.reference}" in page(client, f"{NEW}?replaces={old.reference}")

    values = {**DECIDED, "no_action_reason": "None", "replaces": old.reference}
    assert client.post(NEW, values).status_code == 303

    old.refresh_from_db()
    assert old.replaced_by == Decision.objects.exclude(pk=old.pk).get()
    client.force_login(people.user())
    again = make.decision(by=mia)
    assert client.get(f"{NEW}?replaces={again.reference}").status_code == 403
    assert client.get(f"{NEW}?replaces=D-9999").status_code == 404


def test_the_api_records_effects_and_names_the_field_that_it_refuses(client, mia, at):
    action = actions.action("Cap the feature", owner=mia, due_on=date(2026, 11, 20))

    def post(**effect):
        body = {**DECIDED, "about": action.reference, "effects": [effect]}
        return client.post("/api/v1/decisions", body, content_type="application/json")

    wrong = post(kind="change_action", target=action.reference)
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "effects[0].due_on")
    assert post(kind="change_action", target="A-9999", due_on=str(LATER)).status_code == 400
    made = post(kind="change_action", target=action.reference, due_on=str(LATER))

    assert made.status_code == 201, made.content
    assert made.json()["effects"] == [
        {
            "kind": "change_action",
            "target_reference": action.reference,
            "target_kind": "action",
            "target_id": action.pk,
            "due_on": str(LATER),
            "owner_id": None,
            "number": None,
            "treatment": "",
        }
    ]
    assert client.get(made["Location"]).json() == made.json()
    second = client.post(
        "/api/v1/decisions",
        {**DECIDED, "no_action_reason": "None", "replaces": made.json()["reference"]},
        content_type="application/json",
    )
    assert second.status_code == 201
    assert client.get(made["Location"]).json()["replaced_by_id"] == second.json()["id"]


def test_effects_cost_the_same_at_one_and_three(client, mia, at):
    def more():
        action = actions.action(owner=mia, due_on=date(2026, 11, 20))
        effects = [{"kind": "change_action", "target": action.subject, "due_on": LATER}]
        return make.decision(about=action.subject, by=mia, effects=effects)

    counts = []
    for _ in range(3):
        decision = more()
        found = []
        for url in (f"/meetings/decisions/{decision.reference}/", "/api/v1/decisions"):
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            found.append(len(queries))
        counts.append(found)

    assert counts[0] == counts[-1]


def test_a_form_with_three_late_actions_costs_no_more_than_with_one(client, mia, at):
    risk = risks.risk()

    def cost():
        url = f"{NEW}?about={risk.reference}"
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    def late():
        return actions.action(about=risk.subject, owner=mia, due_on=at.date() - timedelta(days=3))

    late()
    one = cost()
    late()
    late()

    assert cost() == one
