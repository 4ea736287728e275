"""Goals: by operation, page and API."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from leaders.models import Goal
from leaders.operations import goal as goals
from leaders.states import GoalDirection, GoalState, Measure
from notices.models import Entry
from people.operations import token
from people.states import Role, TokenScope
from riskhub import schedule
from tests.factories import leaders as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db

TODAY = AT.date()


def last_verb(goal: Goal) -> str:
    return Event.objects.filter(subject=goal.subject).latest("pk").verb


# ------------------------------------------------------------------ operations


def test_a_goal_is_set_measured_and_settled_with_its_history():
    goal = make.goal(" Fewer late\nactions ", start=12, target=4, unit="late")
    assert (goal.title, goal.figure, goal.percent) == ("Fewer late actions", 12, 0)

    goals.note_figure(goal, figure=8, note="Counted on Monday", by=SYSTEM, at=AT)
    assert (goal.percent, goal.is_met, goal.figure_on) == (50, False, TODAY)
    assert Event.objects.latest("pk").data["note"] == "Counted on Monday"

    goals.note_figure(goal, figure=3, by=SYSTEM, at=AT)
    assert (goal.percent, goal.is_met) == (100, True)
    goals.settle(goal, is_reached=True, by=SYSTEM, at=AT)
    goal.refresh_from_db()
    assert (goal.state, goal.settled_at, last_verb(goal)) == (GoalState.REACHED, AT, "leaders.goal_reached")

    with pytest.raises(IllegalMove):
        goals.note_figure(goal, figure=2, by=SYSTEM, at=AT)
    goals.reopen(goal, by=SYSTEM, at=AT)
    assert (goal.state, goal.settled_at) == (GoalState.OPEN, None)


def test_the_first_figure_is_the_start_of_a_goal_without_one():
    goal = make.goal(target=90, direction=GoalDirection.AT_LEAST)
    goals.note_figure(goal, figure=70, by=SYSTEM, at=AT)
    goals.note_figure(goal, figure=80, by=SYSTEM, at=AT)

    assert (goal.start, goal.percent) == (70, 50)


def test_a_figure_of_the_snapshot_is_not_entered_by_hand():
    goal = make.goal(measure=Measure.LATE_ACTIONS)

    with pytest.raises(Refused, match="every night") as refusal:
        goals.note_figure(goal, figure=8, by=SYSTEM, at=AT)
    assert refusal.value.field == "figure"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"target": float("nan")}, "target"),
        ({"target": 1e13}, "target"),
        ({"start": float("inf")}, "start"),
        ({"start": 3}, "start"),
        ({"due_on": TODAY - timedelta(days=1)}, "due_on"),
        ({"due_on": TODAY + timedelta(days=4000)}, "due_on"),
    ],
)
def test_invalid_values_are_refused_with_their_field(values, field):
    goal = make.goal()

    with pytest.raises(Refused) as refusal:
        make.goal(**{"title": "New", **values})
    assert refusal.value.field == field
    with pytest.raises(Refused) as refusal:
        goals.change(goal, values, by=SYSTEM, at=AT)
    assert refusal.value.field == field


def test_a_lead_sets_goals_of_their_team_only():
    lead = people.user("Lea Lead")
    own, other = people.team("Growth", lead=lead), people.team("Fraud")
    by = Actor(lead, "page")

    assert make.goal(team=own, by=by).team == own
    for team, text in ((other, "its lead"), (None, "goals of the organisation")):
        with pytest.raises(Refused, match=text) as refusal:
            make.goal(team=team, by=by)
        assert refusal.value.field == "team"
    make.goal(by=Actor(people.user("Mia", role=Role.RISK_MANAGER), "page"))


def test_who_saves_an_old_version_is_told():
    goal = make.goal()
    goals.change(goal, {"target": 2}, by=SYSTEM, at=AT, seen=1)

    with pytest.raises(ChangedMeanwhile):
        goals.change(Goal.objects.get(pk=goal.pk), {"target": 1}, by=SYSTEM, at=AT, seen=1)


def test_the_owner_is_told_when_the_date_has_come_once_and_not_of_a_settled_goal():
    owner = people.user("Olga Owner")
    goal, moved, settled = (make.goal(name, owner=owner) for name in ("Due", "Moved", "Settled"))
    goals.change(moved, {"due_on": moved.due_on + timedelta(days=30)}, by=SYSTEM, at=AT)
    goals.settle(settled, is_reached=False, by=SYSTEM, at=AT)

    for days in (60, 61, 62):
        schedule.tick(AT + timedelta(days=days))

    told = Event.objects.filter(verb="leaders.goal_due").values_list("subject__title", flat=True)
    assert list(told) == [goal.title]
    assert Entry.objects.filter(user=owner, event__verb="leaders.goal_due").count() == 1


# ------------------------------------------------------------------ pages


def test_the_pages_set_edit_measure_and_settle(client):
    client.force_login(people.user("Manager", role=Role.RISK_MANAGER))
    fields = {
        "title": "Decide sooner", "measure": "typed", "direction": "at_most", "start": "20", "target": "10",
        "due_on": "2027-03-31", "unit": "days",
    }  # fmt: skip
    answer = client.post("/executive/goals/new/", fields)
    goal = Goal.objects.get()
    address = f"/executive/goals/{goal.pk}/"
    assert (answer.status_code, answer["Location"]) == (303, address)

    assert client.post(f"{address}figure/", {"figure": "15", "version": 1}).status_code == 303
    page = client.get(address).content.decode()
    assert "50% of the way" in page
    assert '<b class="number">15</b> days' in page
    assert client.post(f"{address}figure/", {"figure": "12", "version": 1}).status_code == 409
    refused = client.post(f"{address}drop/", {"reason": " ", "version": 2})
    assert refused.status_code == 422
    assert "Enter why the goal is no longer pursued." in refused.content.decode()

    assert client.post(f"{address}edit/", {**fields, "target": "5", "version": 2}).status_code == 303
    assert client.post(f"{address}settle/", {"is_reached": "false", "version": 3}).status_code == 303
    assert "Decide sooner" not in client.get("/executive/goals/").content.decode()
    assert "Decide sooner" in client.get("/executive/goals/?state=missed").content.decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Progress begins with the first figure that is entered"),
        ({"measure": "late_actions"}, "Progress begins with the first nightly snapshot"),
        ({"figure": 9}, "Progress is not known: the goal has no figure from its start"),
    ],
)
def test_a_goal_without_progress_has_an_empty_bar_and_says_when_it_begins(client, fields, told):
    goal = make.goal(measure=fields.get("measure", "typed"))
    Goal.objects.filter(pk=goal.pk).update(figure=fields.get("figure"), start=None)
    client.force_login(people.user("Manager", role=Role.RISK_MANAGER))

    for address in ("/executive/goals/", f"/executive/goals/{goal.pk}/"):
        page = client.get(address).content.decode()
        assert told in page
        assert re.search(r'<progress class="progress"[^>]* value="0"', page)


def test_members_read_goals_and_change_only_their_own(client):
    member = people.user("Member")
    own, other = make.goal(owner=member), make.goal()
    client.force_login(member)

    assert client.get(f"/executive/goals/{own.pk}/edit/").status_code == 200
    page = client.get(f"/executive/goals/{other.pk}/").content.decode()
    assert "Settle this goal" not in page
    path = f"/executive/goals/{other.pk}/settle/"
    assert client.post(path, {"is_reached": "true", "version": 1}).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(client, number, django_assert_max_num_queries):
    for n in range(number):
        make.goal(owner=people.user(), team=people.team(f"Team {n}", lead=people.user()))
    client.force_login(people.user("Member"))
    client.get("/executive/goals/")

    with django_assert_max_num_queries(10):
        page = client.get("/executive/goals/").content.decode()
    assert page.count('class="row-link"') == number


# ------------------------------------------------------------------ API


class Caller:
    """A client of the API with a token of one person."""

    def __init__(self, role: str = Role.RISK_MANAGER) -> None:
        _, text = token.issue(
            people.user("Caller", role=role), name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT
        )
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path):
        return self.client.get(f"/api/v1/{path}")

    def send(self, method, path, body=None, **headers):
        write = getattr(self.client, method)
        content = json.dumps(body or {})
        return write(f"/api/v1/{path}", content, content_type="application/json", headers=headers)


def test_the_api_sets_measures_changes_and_settles():
    caller, team = Caller(), people.team("Growth")
    body = {"title": "Hold every meeting", "target": 100, "direction": "at_least", "due_on": "2027-03-31"}
    made = caller.send("post", "goals", {**body, "start": 80, "team": team.slug, "unit": "%"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["team_slug"], row["figure"], row["percent"], row["state"]) == (team.slug, 80, 0, "open")

    path = f"goals/{row['id']}"
    assert caller.send("post", f"{path}/figure", {"figure": 90}).status_code == 428
    measured = caller.send("post", f"{path}/figure", {"figure": 90}, **{"If-Match": made["ETag"]})
    assert (measured.status_code, measured.json()["percent"]) == (200, 50)
    stale = caller.send("patch", path, {"target": 95}, **{"If-Match": made["ETag"]})
    assert stale.status_code == 412
    changed = caller.send("patch", path, {"target": 85}, **{"If-Match": measured["ETag"]})
    assert changed.json()["percent"] == 100
    settled = caller.send("post", f"{path}/settle", {"is_reached": True}, **{"If-Match": changed["ETag"]})
    assert settled.json()["state"] == "reached"
    assert caller.get("goals?state=open").json()["results"] == []
    wrong = caller.send("post", "goals", {**body, "target": "much"})
    assert (wrong.status_code, [one["field"] for one in wrong.json()["errors"]]) == (400, ["target"])


@pytest.mark.parametrize("number", [1, 3])
def test_the_api_list_takes_the_same_queries_for_any_number(number, django_assert_num_queries):
    for _ in range(number):
        make.goal(owner=people.user())
    caller = Caller(Role.MEMBER)
    caller.get("goals")

    with django_assert_num_queries(2):
        answer = caller.get("goals")
    assert answer.json()["count"] == number


def test_a_target_that_is_the_start_is_refused_and_an_old_goal_of_this_kind_is_still_changed():
    goal = make.goal(target=3, start=8)
    old = make.goal(target=3)
    Goal.objects.filter(pk=old.pk).update(start=3)
    old.refresh_from_db()

    with pytest.raises(Refused, match="figure at the start") as refusal:
        goals.change(goal, {"target": 8}, by=SYSTEM, at=AT)
    goals.change(old, {"title": "Fewer", "start": 3.0, "target": 3.0}, by=SYSTEM, at=AT)

    assert refusal.value.field == "target"
    assert old.title == "Fewer"


@pytest.mark.parametrize(
    ("measure", "unit"), [("hours_to_review", " hours"), ("held", "%"), ("late_actions", "")]
)
def test_a_measured_figure_is_shown_with_its_unit(measure, unit):
    assert Goal(measure=measure, target=24).shown_unit == unit
