"""Appetites: which one applies, and the plan that a risk above it needs by a date, else the ladder."""

from datetime import timedelta

import pytest

from actions.operations import action as actions
from history import relay
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from notices.models import Entry
from people.states import Role
from riskhub import schedule
from risklog.models import Appetite, Escalation, Risk
from risklog.operations import appetite as operations
from risklog.operations import risk as risk_operations
from risklog.operations import taxonomy
from risklog.states import EscalationState, RiskState, Treatment, Who
from tests.factories import people, risklog_review, risks

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
API = "/api/v1/appetites"


def appetite(at, **fields) -> Appetite:
    return operations.add(
        **{"max_score": 9, "plan_days": 5, "why": "Agreed by the board.", **fields}, by=SYSTEM, at=at
    )


def due_on(risk: Risk):
    """Return the date of the plan once the handlers have run."""
    relay.relay(at=risk.opened_at)
    return Risk.objects.values_list("plan_due_on", flat=True).get(pk=risk.pk)


def above(client) -> set[str]:
    return {row["title"] for row in client.get("/api/v1/risks?appetite=above").json()["results"]}


@pytest.fixture
def manager(client):
    person = people.user("Mia Berg", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_the_most_specific_appetite_applies(client, manager, at):
    drift, noise = risks.category("data-drift"), risks.category("label-noise")
    model = risks.model()
    model.tier = 1
    model.save()
    for title, fields in {
        "of all": {"category": noise},
        "of category": {"category": drift},
        "of tier": {"category": noise, "model": model},
        "of both": {"category": drift, "model": model},
    }.items():
        risks.risk(title, likelihood=3, impact=4, **fields)
    appetite(at, max_score=20)
    assert above(client) == set()

    appetite(at, max_score=10, category=drift)
    assert above(client) == {"of category", "of both"}
    appetite(at, max_score=10, tier=1)
    assert above(client) == {"of category", "of both", "of tier"}
    appetite(at, max_score=20, category=drift, tier=1)
    assert above(client) == {"of category", "of tier"}


def test_a_score_that_rises_above_the_appetite_gets_a_date_that_the_owner_is_told(client, manager, at):
    appetite(at)
    risk = risks.risk(likelihood=3, impact=3, owner=manager)
    assert due_on(risk) is None

    risk_operations.change(risk, {"impact": 5}, by=SYSTEM, at=at)

    assert due_on(risk) == at.date() + 5 * DAY
    relay.relay(at=at)
    assert Entry.objects.filter(user=manager, event__verb="risklog.plan_required").exists()
    page = client.get(f"/risks/{risk.reference}/").content.decode()
    assert "Above appetite: a treatment plan is due by" in page
    assert client.get(f"/api/v1/risks/{risk.reference}").json()["plan_due_on"] == str(due_on(risk))
    assert client.get("/api/v1/risks?check=plan_missing").json()["count"] == 1


def reduced(risk, at):
    risk_operations.change(risk, {"residual_likelihood": 2, "residual_impact": 2}, by=SYSTEM, at=at)


def treated(risk, at):
    risk_operations.change(risk, {"treatment": Treatment.MITIGATE}, by=SYSTEM, at=at)


def with_action(risk, at):
    actions.add(title="Fix it", about=risk.subject, by=SYSTEM, at=at)
    relay.relay(at=at)


def accepted(risk, at):
    risk_operations.assess(risk, by=SYSTEM, at=at)
    risks.accept(risk, by=risks.by(people.user(role=Role.RISK_MANAGER)), at=at)


def in_another_category(risk, at):
    other = risks.category("label-noise")
    operations.add(max_score=25, why="Agreed by the board.", category=other, by=SYSTEM, at=at)
    taxonomy.merge(risk.category, into=other, why="Both mean the same.", by=SYSTEM, at=at)


def with_more_appetite(risk, at):
    operations.change(Appetite.objects.get(), {"max_score": 25}, by=SYSTEM, at=at)


def without_appetite(risk, at):
    operations.retire(Appetite.objects.get(), by=SYSTEM, at=at)


@pytest.mark.parametrize(
    "end",
    [reduced, treated, with_action, accepted, in_another_category, with_more_appetite, without_appetite],
)
def test_the_date_is_cancelled_when_the_risk_needs_no_plan_any_more(at, end):
    appetite(at)
    risk = risks.risk(likelihood=4, impact=4)
    assert due_on(risk) is not None

    risk.refresh_from_db()
    end(risk, at)

    assert due_on(risk) is None
    schedule.tick(at + 10 * DAY, is_simulated=True)
    assert not Event.objects.filter(verb="risklog.plan_overdue").exists()
    assert not Escalation.objects.exists()


def test_an_appetite_that_falls_asks_for_plans_of_live_risks_only(at):
    live, closed = risks.risk(likelihood=4, impact=4), risks.risk(state=RiskState.CLOSED)
    with_plan = risks.risk(likelihood=4, impact=4, state=RiskState.TREATING)

    found = appetite(at, max_score=16)
    assert due_on(live) is None
    operations.change(found, {"max_score": 15}, by=SYSTEM, at=at)

    assert due_on(live) == at.date() + 5 * DAY
    assert due_on(closed) is due_on(with_plan) is None


def test_without_a_plan_one_escalation_opens_on_the_day_and_ends_with_the_plan(at):
    owner = people.user("Ana")
    risklog_review.ladder((Who.OWNER, 600, None), (Who.PERSON, 600, {"person": owner}))
    appetite(at)
    risk = risks.risk(likelihood=4, impact=4, owner=owner)

    schedule.tick(at + 5 * DAY, is_simulated=True)
    assert not Escalation.objects.exists()
    for days in (6, 7):
        schedule.tick(at + days * DAY, is_simulated=True)
    risk.refresh_from_db()
    risk_operations.change(risk, {"impact": 5}, by=SYSTEM, at=at + 7 * DAY)
    schedule.tick(at + 20 * DAY, is_simulated=True)

    risk.refresh_from_db()
    escalation = Escalation.objects.get(about=risk.subject)
    assert Event.objects.filter(verb="risklog.plan_overdue").count() == 1
    treated(risk, at + 21 * DAY)
    schedule.tick(at + 21 * DAY, is_simulated=True)
    escalation.refresh_from_db()
    assert escalation.state == EscalationState.RESOLVED


def test_a_risk_that_rises_again_the_same_day_gets_a_new_date(at):
    risklog_review.ladder((Who.OWNER, 600, None))
    appetite(at)
    risk = risks.risk(likelihood=4, impact=4, owner=people.user("Ana"))
    assert due_on(risk)
    risk.refresh_from_db()
    treated(risk, at)
    assert due_on(risk) is None
    risk.refresh_from_db()
    risk_operations.change(risk, {"treatment": ""}, by=SYSTEM, at=at + timedelta(hours=1))

    schedule.tick(at + 6 * DAY, is_simulated=True)

    assert Escalation.objects.filter(about=risk.subject).count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"max_score": 26}, "max_score"),
        ({"max_score": 0}, "max_score"),
        ({"max_score": 9, "plan_days": 0}, "plan_days"),
        ({"max_score": 9, "tier": 5}, "tier"),
        ({"max_score": 9, "category": "no-such"}, "category"),
        ({}, "max_score"),
        ({"max_score": 9, "why": "Agreed by the board."}, "category"),
        ({"max_score": 9, "tier": 1, "why": " "}, "why"),
    ],
)
def test_what_is_no_appetite_is_refused_with_its_field(client, manager, at, values, field):
    appetite(at, max_score=20)

    answer = client.post(API, values, content_type="application/json")

    assert answer.status_code in {400, 422}
    assert field in [problem["field"] for problem in answer.json()["errors"]]


def test_an_appetite_is_added_changed_and_removed_by_api_and_page(client, manager, at):
    risks.category()
    values = {"category": "data-drift", "max_score": 12, "why": "Agreed by the board."}
    made = client.post(API, values, content_type="application/json")
    assert made.status_code == 201
    tag = {"If-Match": made["ETag"]}
    item = made["Location"]
    assert client.patch(item, {"max_score": 10}, content_type="application/json").status_code == 428
    changed = client.patch(item, {"max_score": 10}, content_type="application/json", headers=tag)
    assert changed.json()["max_score"] == 10
    assert "Up to score 10" in client.get("/risks/matrix/").content.decode()
    assert client.delete(item, headers=tag).status_code == 412
    assert client.delete(item, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert client.get(f"{API}?is_retired=false").json()["count"] == 0
    with pytest.raises(Refused):
        operations.change(Appetite.objects.get(), {"max_score": 3}, by=SYSTEM, at=at)


def test_the_list_costs_the_same_for_one_and_three(client, manager, at):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for tiers in ((None,), (1, 2)):
        for tier in tiers:
            appetite(at, tier=tier)
        for url in ("/risks/matrix/", API):
            client.get(url)
            with CaptureQueriesContext(
                connection,
            ) as found:
                assert client.get(url).status_code == 200
            counts.append(len(found))
    assert counts[:2] == counts[2:]


def test_a_new_appetite_says_first_how_many_risks_it_affects(client, manager, at):
    drift, noise = risks.category("data-drift"), risks.category("label-noise")
    appetite(at, max_score=20)
    appetite(at, max_score=25, category=drift, tier=1)
    planned = risks.risk("planned", category=drift, likelihood=4, impact=4)
    risk_operations.change(planned, {"treatment": Treatment.MITIGATE}, by=SYSTEM, at=at)
    for title, fields in {
        "newly above": {"category": drift, "likelihood": 4, "impact": 4},
        "above already": {"category": drift, "likelihood": 5, "impact": 5},
        "below": {"category": drift, "likelihood": 1, "impact": 1},
        "of another category": {"category": noise, "likelihood": 4, "impact": 4},
    }.items():
        risks.risk(title, **fields)
    form = {"category": drift.pk, "max_score": "9", "plan_days": "14", "why": "They hurt most."}

    counted = client.post("/risks/appetites/new/", {**form, "step": "preview"})

    text = " ".join(counted.content.decode().split())
    assert "It would apply to 4 live risks, 3 of them above it" in text
    assert "2 would come above the appetite, 0 would no longer be above it." in text
    assert "1 without a treatment plan would get a date for one." in text
    assert Appetite.objects.filter(is_retired=False).count() == 2
    mark = counted.context["form"].mark
    other = {**form, "max_score": "8", "counted": mark, "step": "apply"}
    assert "It would apply to" in client.post("/risks/appetites/new/", other).content.decode()
    saved = client.post("/risks/appetites/new/", {**form, "counted": mark, "step": "apply"})
    assert saved.status_code == 303
    assert Appetite.objects.get(category=drift, tier=None).why == "They hurt most."


def test_a_changed_appetite_says_first_how_many_risks_it_affects(client, manager, at):
    found = appetite(at, max_score=9)
    risks.risk(likelihood=3, impact=4)
    page = f"/risks/appetites/{found.pk}/edit/"
    form = {"max_score": "20", "plan_days": "5", "why": "Agreed again.", "version": found.version}

    counted = client.post(page, form)

    assert "0 would come above the appetite, 1 would no longer" in " ".join(counted.content.decode().split())
    assert client.post(page, {**form, "counted": counted.context["form"].mark}).status_code == 303
    found.refresh_from_db()
    assert (found.max_score, found.why) == (20, "Agreed again.")
    effect = client.post(f"{API}/effect", {"max_score": 9}, content_type="application/json").json()
    assert effect == {"applies": 1, "above": 1, "risen": 1, "fallen": 0, "without_plan": 1}
