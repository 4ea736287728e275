"""Branches of rungs, people in turn, holders of rights, what would happen now, and the way on at the top."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Event
from kit.actor import SYSTEM
from kit.refusals import IllegalMove, Refused
from people.operations import person as persons
from people.operations import roster as rosters
from people.operations import token
from people.states import Role
from risklog import ladder as rules
from risklog.models import Climb, Escalation, Ladder
from risklog.operations import climb as climbs
from risklog.operations import escalation as escalations
from risklog.operations import escalation_pauses, top_rung
from risklog.operations import ladder as ladders
from risklog.queries import escalation as queries
from risklog.queries import ladder as previews
from risklog.states import EscalationState, Severity, Who
from tests.conftest import AT
from tests.factories import catalogue, people, risks
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = AT.replace(hour=22)


@pytest.fixture
def utc():
    return people.organisation(time_zone="UTC")


@pytest.fixture
def science(utc):
    return people.function("data-science")


@pytest.fixture
def trio(science):
    return [people.user(name, function=science) for name in ("Ana", "Ben", "Cem")]


def of_day_and_night(science):
    """A first rung of named people, then by day the function and by night one person, then the sponsor."""
    day, night, boss = people.user("Dora Day"), people.user("Nils Night"), people.user("Bo Boss")
    make.ladder(
        (Who.PERSON, 60, {"people": [day], "is_round_the_clock": True}),
        (Who.FUNCTION, 60, {"function": science, "when": "working"}),
        (Who.PERSON, 30, {"people": [night], "when": "outside", "is_alternative": True}),
        (Who.SPONSOR, 60, {"person": boss, "severity": "critical", "is_round_the_clock": True}),
    )
    return day, night, boss


def climb(escalation):
    """Run what a tick does at the moment of the next climb."""
    rows = Due.objects.filter(subject_id=escalation.subject_id, kind="risklog.climb", state="pending")
    due = rows.latest("id")
    climbs.climb(due, at=due.at)
    escalation.refresh_from_db()
    return escalation


def calls_of(escalation):
    rows = Climb.objects.filter(escalation=escalation).order_by("id")
    return [(row.position, row.branch, row.notified_ids, row.skipped) for row in rows]


# ------------------------------------------------------------------ branches


def test_a_rung_notifies_the_branch_of_its_own_moment(science, trio):
    _, night, boss = of_day_and_night(science)
    by_day = climb(make.escalation(at=AT))
    evening = AT.replace(hour=16, minute=30)
    by_night = climb(make.escalation(at=evening, severity=Severity.CRITICAL))

    assert calls_of(by_day)[1] == (2, 1, sorted(person.pk for person in trio), "")
    assert (by_day.rung, by_day.branch, by_day.next_climb_at) == (2, 1, None)  # the third is not for warnings
    assert calls_of(by_night)[1] == (2, 2, [night.pk], "")
    assert by_night.next_climb_at == evening + timedelta(minutes=90)
    assert calls_of(climb(by_night))[2] == (3, 1, [boss.pk], "")


def test_an_escalation_that_becomes_critical_climbs_on_from_its_top(science, trio):
    of_day_and_night(science)
    model = make.model()
    escalation = climb(make.escalation(about=model.subject, at=AT))
    assert escalation.is_at_top

    escalations.escalate(about=model.subject, why="It is worse", by=make.actor(trio[0]), at=AT + 5 * HOUR)

    escalation.refresh_from_db()
    assert (escalation.severity, escalation.next_climb_at) == ("critical", AT + 5 * HOUR)
    assert climb(escalation).rung == 3


def test_a_skipped_rung_says_which_branch_did_not_apply(science):
    people.user("Ana", function=science)
    make.ladder(
        (Who.FUNCTION, 60, {"function": science, "is_round_the_clock": True}),
        (Who.FUNCTION, 60, {"function": science, "when": "outside"}),
        (Who.RIGHT, 60, {"right": "deployment", "is_alternative": True}),
        (Who.FUNCTION, 60, {"function": science}),
    )
    escalation = climb(make.escalation(at=AT))

    assert calls_of(escalation)[1] == (
        2, 1, [], "only outside working hours; nobody holds this decision right",
    )  # fmt: skip
    assert escalation.rung == 3


@pytest.mark.parametrize(
    ("rungs", "message"),
    [
        ([{"who": Who.OWNER, "within_minutes": 5, "is_alternative": True}], "cannot be an alternative"),
        ([{"who": Who.RIGHT, "within_minutes": 5}], "choose a decision right"),
        ([{"who": Who.PERSON, "within_minutes": 5, "people": []}], "choose a person"),
    ],
)
def test_bad_rungs_are_refused_by_their_number(rungs, message):
    with pytest.raises(Refused, match=message) as refused:
        ladders.add(name="Wrong", rungs=rungs, by=SYSTEM, at=AT)
    assert refused.value.field == "rungs"


def test_a_risk_escalated_by_hand_takes_the_ladder_of_its_category(utc):
    risk = risks.risk()
    make.ladder((Who.OWNER, 60, None))
    own = make.ladder((Who.OWNER, 60, None), name="Own", category=risk.category)

    escalation = escalations.escalate(about=risk.subject, why="Now", by=make.actor(people.user()), at=AT)

    assert escalation.ladder_version.ladder == own


# ------------------------------------------------------------------ people in turn


def test_people_take_turns_that_continue_after_an_edit_of_the_ladder(science, trio):
    ladder = make.ladder((Who.FUNCTION, 60, {"function": science, "is_in_turn": True}))
    ana, ben, cem = (person.pk for person in trio)

    def told(at=AT):
        return Climb.objects.get(escalation=make.escalation(at=at)).notified_ids

    assert [told(), told()] == [[ana], [ben]]
    rungs = [{"who": Who.FUNCTION, "function": science, "within_minutes": 90, "is_in_turn": True}]
    ladders.change_rungs(ladder, rungs, by=SYSTEM, at=AT)
    assert [told(), told()] == [[cem], [ana]]
    persons.be_away(trio[1], from_on=AT.date(), until_on=AT.date(), by=SYSTEM, at=AT)
    assert [told(), told(), told(AT + DAY)] == [[cem], [ana], [ben]]


def test_a_stand_in_takes_a_turn_only_if_nobody_else_is_here(science):
    ana, sue = people.user("Ana", function=science), people.user("Sue")
    make.ladder((Who.FUNCTION, 60, {"function": science, "is_in_turn": True}))
    persons.be_away(ana, from_on=AT.date(), until_on=AT.date(), stand_in=sue, by=SYSTEM, at=AT)
    climb_row = Climb.objects.get(escalation=make.escalation())

    assert (climb_row.notified_ids, climb_row.stand_ins) == ([sue.pk], {str(sue.pk): ana.pk})


# ------------------------------------------------------------------ holders of rights


def test_the_holder_of_the_right_of_the_model_is_notified(science, trio):
    model, holder = make.model(), people.user("Hol Holder")
    make.ladder((Who.RIGHT, 60, {"right": "deployment"}))
    general = catalogue.right(function=science)

    def told():
        return Climb.objects.get(escalation=make.escalation(about=model.subject)).notified_ids

    assert sorted(told()) == sorted(person.pk for person in trio)
    Escalation.objects.update(state=EscalationState.RESOLVED)
    catalogue.right(model=model, person=holder)
    assert told() == [holder.pk]
    assert general.function == science


# ------------------------------------------------------------------ what would happen now


def test_a_preview_names_the_people_of_each_rung_s_own_moment(science, trio):
    ana, ben, _ = trio
    rosters.add(function=science, people=[ana, ben], starts_on=AT.date() - 6 * DAY, by=SYSTEM, at=AT)
    make.ladder(
        (Who.FUNCTION, 24 * 60, {"function": science, "is_round_the_clock": True}),
        (Who.FUNCTION, 24 * 60, {"function": science, "is_round_the_clock": True}),
        (Who.OWNER, 60, {"is_round_the_clock": True}),
        (Who.RIGHT, 60, {"right": "deployment"}),
    )
    persons.be_away(ana, from_on=AT.date() + 2 * DAY, until_on=AT.date() + 2 * DAY, by=SYSTEM, at=AT)

    (found,) = previews.previews(ana, previews.Question(), at=AT)

    calls = [(call.at, [person.name for person in call.people], call.why) for call in found.calls]
    assert calls == [
        (AT, ["Ana"], ""),
        (AT + DAY, ["Ben"], ""),  # the next turn begins in between
        (AT + 2 * DAY, [], ""),  # the owner depends on the item
        (None, [], "nobody holds this decision right"),
    ]


def test_a_preview_follows_severity_and_hours_and_chooses_the_ladder(science, trio):
    _, night, boss = of_day_and_night(science)
    team = people.team("Fraud")
    own = make.ladder((Who.TEAM_LEAD, 60, None), name="Fraud", team=team)

    (warning, _), (critical, _) = (
        previews.previews(trio[0], previews.Question(severity), at=NIGHT)
        for severity in ("warning", "critical")
    )

    assert [call.people[:1] for call in critical.calls[1:]] == [[night], [boss]]
    assert [call.why for call in warning.calls] == ["", "", "only for critical escalations"]
    model = catalogue.model(owner_team=team)
    chosen = previews.previews(trio[0], previews.Question(model=model), at=NIGHT)[0]
    assert (chosen.ladder, chosen.is_chosen) == (own, True)
    assert chosen.calls[0].why == "the team has no lead"


def test_the_page_previews_and_costs_the_same_for_one_ladder_and_for_three(client, science, trio):
    in_turn = {"function": science, "is_in_turn": True}
    add = lambda name: make.ladder(  # noqa: E731
        (Who.FUNCTION, 60, in_turn), (Who.RIGHT, 60, {"right": "deployment"}), name=name, team=people.team()
    )
    client.force_login(trio[0])

    def cost(query=""):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/risks/ladder/{query}").status_code == 200
        return len(asked)

    add("First")
    one = cost()
    add("Second"), add("Third")
    assert cost() == one
    chosen = client.get(f"/risks/ladder/?severity=critical&team={people.team('Odd').pk}")
    assert "Other ladders" in chosen.content.decode()
    assert client.get("/risks/ladder/?severity=loud").status_code == 400
    assert client.get("/risks/ladder/?model=999999").status_code == 400


# ------------------------------------------------------------------ plan and the way on at the top


def test_the_page_of_an_escalation_shows_what_was_and_what_comes_next(client, science, trio):
    _, night, boss = of_day_and_night(science)
    model = make.model()
    start = AT.replace(hour=16, minute=30)
    escalation = make.escalation(about=model.subject, at=start, severity=Severity.CRITICAL)
    found = queries.for_ladder(trio[0]).get(pk=escalation.pk)

    progress = queries.progress_of(found, at=start)

    plan = [(step.planned_at, step.people) for step in progress.plan]
    assert plan == [(start + HOUR, [night]), (start + timedelta(minutes=90), [boss])]
    client.force_login(trio[0])
    text = " ".join(client.get(f"/risks/escalations/{escalation.reference}/").content.decode().split())
    assert "What happened and what comes next" in text
    assert "the most specific ladder that applied" in text

    escalation_pauses.pause(escalation, until=start + DAY, reason="Rollback", by=SYSTEM, at=start)
    paused = queries.progress_of(queries.for_ladder(trio[0]).get(pk=escalation.pk), at=start)
    assert paused.begins_at == start + DAY + HOUR


def test_at_the_top_it_is_called_again_and_handed_over(client, utc):
    first, second = people.user("First"), people.user("Second")
    make.ladder((Who.PERSON, 60, {"people": [first, second], "is_in_turn": True}))
    escalation = make.escalation(about=make.model().subject)
    assert escalation.is_at_top
    Escalation.objects.update(rung_since=AT - HOUR)
    client.force_login(first)
    address = f"/risks/escalations/{escalation.reference}/"
    text = client.get(address).content.decode()
    assert [way in text for way in ("#call-again", "#hand-over", "#agenda")] == [True] * 3

    sent = {"note": "Anyone?", "version": escalation.version}
    assert client.post(f"{address}call-again/", sent).status_code == 303
    escalation.refresh_from_db()
    assert (escalation.round, climbs.told_on(escalation)["told"]) == (2, [second.pk])

    other = people.user("Other")
    sent = {"to": other.pk, "version": escalation.version}
    assert client.post(f"{address}hand-over/", sent).status_code == 303
    escalation.refresh_from_db()
    assert (escalation.state, climbs.told_on(escalation)["told"]) == (EscalationState.CLIMBING, [other.pk])
    client.force_login(other)
    assert client.post(f"{address}acknowledge/", {"version": escalation.version}).status_code == 303
    assert Event.objects.get(verb="risklog.escalation_called_again").data["note"] == "Anyone?"


def test_the_top_rung_is_called_again_each_working_day_until_somebody_acts(client, utc, monkeypatch):
    lead = people.user("Lead")
    make.ladder((Who.PERSON, 60, {"people": [lead]}))
    escalation = make.escalation(about=make.model().subject)
    began, first = Due.objects.get(kind="risklog.top_rung_call"), AT + DAY
    assert began.at == first
    page = f"/risks/escalations/{escalation.reference}/"
    client.force_login(lead)
    assert "Called again if nobody acts" in client.get(page).content.decode()

    top_rung.call(began, at=first - HOUR)
    top_rung.call(began, at=first)
    top_rung.call(began, at=first)

    calls = Event.objects.filter(verb="risklog.escalation_called_again")
    assert [call.data["told"] for call in calls] == [[lead.pk]]
    waiting = Due.objects.filter(kind="risklog.top_rung_call", state="pending")
    assert waiting.latest("id").at == first + DAY
    escalation.refresh_from_db()
    escalation_pauses.pause(escalation, until=first + 5 * HOUR, reason="Rollback", by=SYSTEM, at=first)
    assert not waiting.exists()
    progress = queries.progress_of(queries.for_ladder(lead).get(pk=escalation.pk), at=first)
    assert progress.resumes_at == first + 5 * HOUR
    assert [(step.place, step.people) for step in progress.plan] == [("now", [lead])]
    assert "Continues on rung 1" in client.get(page).content.decode()
    escalation_pauses.resume(escalation, by=SYSTEM, at=first + HOUR)
    assert waiting.get().at == first + HOUR + DAY
    monkeypatch.setattr(rules, "MOST_CALLS", 2)
    top_rung.call(waiting.get(), at=first + 4 * DAY)
    assert calls.count() == 1


def test_an_acknowledged_escalation_is_not_called_again_and_below_the_top_not_handed_over(utc):
    lead = people.user()
    make.ladder((Who.PERSON, 60, {"people": [lead]}), (Who.PERSON, 60, {"people": [lead]}))
    escalation = make.escalation(about=make.model().subject)

    with pytest.raises(Refused, match="Acknowledge the escalation before"):
        escalations.hand_over(escalation, people.user(), by=make.actor(lead), at=AT)
    escalations.acknowledge(escalation, by=make.actor(lead), at=AT)
    with pytest.raises(IllegalMove, match="Only a running escalation"):
        top_rung.call_again(escalation, by=make.actor(lead), at=AT)


# ------------------------------------------------------------------ pages and API of ladders


def test_a_ladder_with_branches_is_made_and_edited_on_its_page(client, science):
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(manager)
    page = client.get("/risks/ladder/new/").content.decode()
    once = page.split('name="once" value="')[1].split('"')[0]
    sent = {
        "once": once,
        "name": "Nights",
        "rung-TOTAL_FORMS": "2",
        "rung-INITIAL_FORMS": "0",
        "rung-0-who": "function",
        "rung-0-function": science.pk,
        "rung-0-amount": "2",
        "rung-0-unit": "60",
        "rung-0-when": "working",
        "rung-1-is_alternative": "on",
        "rung-1-who": "person",
        "rung-1-people": [manager.pk],
        "rung-1-amount": "30",
        "rung-1-unit": "1",
        "rung-1-when": "outside",
        "rung-1-is_in_turn": "on",
    }

    assert client.post("/risks/ladder/new/", sent).status_code == 303

    ladder = Ladder.objects.get(name="Nights")
    found = [
        (one.position, one.branch, one.when, one.named, one.is_in_turn)
        for one in previews.current_rungs(ladder)
    ]
    assert found == [(1, 1, "working", [], False), (1, 2, "outside", [manager.pk], True)]
    shown = client.get(f"/risks/ladder/{ladder.pk}/edit/").content.decode()
    assert 'name="rung-1-is_alternative" id="id_rung-1-is_alternative" checked' in shown


@pytest.fixture
def api(client, utc):
    manager = people.user("Mia", role=Role.RISK_MANAGER)
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        headers = {"Authorization": f"Bearer {text}", **headers}
        return getattr(client, method)(f"/api/v1/{address}", **sent, headers=headers)

    return call


def test_ladders_by_api(api):
    ana = people.user("Ana")
    rungs = [
        {"who": "person", "people": [ana.email], "within_minutes": 60, "is_in_turn": True},
        {"who": "right", "right": "deployment", "within_minutes": 30, "severity": "critical"},
    ]
    made = api("post", "ladders", {"name": "Standard", "rungs": rungs})
    assert made.status_code == 201
    row = made.json()
    assert [(one["position"], one["people"], one["right"]) for one in row["rungs"]] == [
        (1, [ana.pk], ""),
        (2, [], "deployment"),
    ]
    address = f"ladders/{row['id']}"
    changed = api("patch", address, {"rungs": rungs[:1]}, **{"If-Match": made["ETag"]})
    assert (changed.json()["number"], len(changed.json()["rungs"])) == (2, 1)
    named = api("patch", address, {"name": "Usual"}, **{"If-Match": changed["ETag"]})
    assert named.json()["name"] == "Usual"
    refused = api("post", "ladders", {"name": "x", "rungs": []})
    assert refused.json()["errors"][0]["field"] == "rungs"
    assert (
        api("post", f"{address}/retire", {}, **{"If-Match": named["ETag"]}).status_code == 422
    )  # the last one

    preview = api("get", "ladders/preview?severity=critical").json()
    assert preview["ladder_name"] == "Usual"
    assert [(one["notified_at"][:16], one["people"][0]["name"]) for one in preview["rungs"]] == [
        (AT.isoformat()[:16], "Ana")
    ]
    assert api("get", "ladders/preview?team=nobody").status_code == 404
    assert api("get", "ladders?severity=critical").json()["count"] == 0


def test_steps_of_an_escalation_by_api(api):
    ana = people.user("Ana")
    make.ladder((Who.PERSON, 60, {"people": [ana]}), (Who.PERSON, 60, {"people": [ana]}))
    escalation = make.escalation(about=make.model().subject)
    address = f"escalations/{escalation.reference}"
    plan = api("get", f"{address}/plan").json()
    assert [(one["position"], one["people"][0]["id"]) for one in plan["rungs"]] == [(2, ana.pk)]
    assert plan["next_climb_at"] == plan["rungs"][0]["notified_at"]
    climb(escalation)
    Escalation.objects.update(rung_since=AT - HOUR)

    def step(name, body):
        tag = api("get", address)["ETag"]
        return api("post", f"{address}/{name}", body, **{"If-Match": tag})

    assert step("call-again", {}).json()["climbs"][-1]["round"] == 2
    assert step("call-again", {}).status_code == 422
    rungs = api("get", f"{address}/plan").json()["rungs"]
    assert [(one["position"], one["notified_at"][:10]) for one in rungs] == [(2, str((AT + DAY).date()))]
    assert step("de-escalate", {"reason": "Calm"}).json()["rung"] == 1
    assert step("call-again", {}).status_code == 409
    assert step("pause", {"until": (AT + 200 * DAY).isoformat(), "reason": "x"}).status_code == 422
    assert step("pause", {"until": (AT + DAY).isoformat(), "reason": "x"}).json()["state"] == "paused"
    assert step("resume", {}).json()["state"] == "climbing"
    assert step("acknowledge", {}).json()["state"] == "acknowledged"
    assert step("hand-over", {"to": ana.email}).json()["acknowledged_by_id"] == ana.pk
