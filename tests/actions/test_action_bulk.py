"""Changing many actions at once, by page and API: preview, refusals, one transaction, one undo."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from actions.operations import action as operations
from actions.operations import action_bulk
from actions.operations.action_bulk import ActionBulkChange
from actions.operations.reminder import OVERDUE, REMINDER
from actions.states import ActionState
from history.models import Due, Event
from history.states import Work
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.states import Role
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
PAGE, API = "/actions/bulk/", "/api/v1/actions/bulk"
DUE = date(2026, 12, 4)


@pytest.fixture
def mia(client):
    people.organisation()
    person = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def rows(*some):
    return Action.objects.filter(pk__in=[one.pk for one in some])


def apply(mia, at, some, *args, **more):
    return action_bulk.apply(rows(*some), ActionBulkChange(*args), by=Actor(mia, "page"), at=at, **more)


def dues(action):
    waiting = Due.objects.filter(subject=action.subject, kind__in=(REMINDER, OVERDUE), state=Work.PENDING)
    return sorted(due.occurrence.rpartition("/")[0] for due in waiting)


def test_each_action_gets_its_events_and_its_dates(mia, at):
    wei = people.user("Wei")
    first, second = actions.action(owner=people.user()), actions.doing()

    result = apply(mia, at, [first, second], {"owner": wei, "due_on": DUE}, ActionState.DOING)

    assert (result.count("changed"), result.count("refused")) == (2, 0)
    assert set(rows(first, second).values_list("owner", "due_on", "state")) == {(wei.pk, DUE, "doing")}
    events = Event.objects.filter(batch=result.batch)
    assert sorted(events.values_list("verb", flat=True)) == [
        "actions.action_assigned",
        "actions.action_assigned",
        "actions.action_started",
    ]
    assert dues(first) == [f"{when}/{DUE}/{wei.pk}" for when in ("after", "before", "overdue")]


def test_who_is_refused_is_told_why_and_the_rest_changes(mia, at):
    fine, done = actions.action(), actions.done()
    review = actions.action(type="code_review")

    result = apply(mia, at, [fine, done, review], {}, ActionState.DONE)

    reasons = {row.obj: row.refusal for row in result.rows}
    assert reasons[fine] == reasons[done] == ""
    assert "needs a reviewer, a link and a result" in reasons[review]
    assert [row.outcome for row in result.rows] == ["changed", "unchanged", "refused"]
    assert not dues(fine)


def test_a_member_changes_only_what_they_may(at):
    ana = people.user("Ana")
    own, other = actions.action(owner=ana), actions.action(owner=people.user())

    result = apply(ana, at, [own, other], {"effort": "s"})

    assert [row.refusal for row in result.rows] == ["", "You may not change this action."]
    assert list(rows(own, other).order_by("pk").values_list("effort", flat=True)) == ["s", ""]


def test_an_action_that_changed_since_the_preview_is_left(mia, at):
    first, second = actions.action(), actions.action()

    result = apply(mia, at, [first, second], {"effort": "l"}, seen={first.pk: 1, second.pk: 7})

    assert [row.outcome for row in result.rows] == ["changed", "refused"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (ActionBulkChange(), None),
        (ActionBulkChange({}, ActionState.BLOCKED), "state"),
        (ActionBulkChange({"exposure": 26}), "exposure"),
        (ActionBulkChange({"due_on": date(1969, 1, 1)}), "due_on"),
    ],
)
def test_a_change_that_no_action_can_take_is_refused(mia, change, field):
    with pytest.raises(Refused) as refusal:
        action_bulk.plan([actions.action()], change, by=Actor(mia, "page"), at=AT)

    assert refusal.value.field == field


def test_a_viewer_is_no_owner(mia, at):
    with pytest.raises(Refused) as refusal:
        apply(mia, at, [actions.action()], {"owner": people.user(role=Role.VIEWER)})

    assert refusal.value.field == "owner"


def test_many_cost_as_much_as_few(mia, at):
    def cost(number):
        some = [actions.action(due_on="2026-12-01") for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            apply(mia, at, some, {"due_on": DUE, "effort": "m"}, ActionState.DOING)
        return len(queries)

    cost(1)
    assert cost(2) == cost(12)


def test_the_undo_restores_what_nobody_changed_since(mia, at):
    wei, first, second = people.user("Wei"), actions.action(effort="s"), actions.action()
    result = apply(mia, at, [first, second], {"owner": wei, "effort": "l"}, ActionState.DOING)
    second.refresh_from_db()
    operations.change(second, {"effort": "m"}, by=SYSTEM, at=at)

    undone = action_bulk.undo(result.batch, at, by=Actor(mia, "page"), at=at)

    assert undone.count == 2
    assert undone.left == {second.reference: ["effort"]}
    values = rows(first, second).order_by("pk").values_list("owner", "effort", "state")
    assert list(values) == [(None, "s", "open"), (None, "m", "open")]


def test_an_undo_of_done_leads_back_to_open_only(mia, at):
    was_open, was_doing = actions.action(due_on=DUE), actions.doing()
    result = apply(mia, at, [was_open, was_doing], {}, ActionState.DONE)

    undone = action_bulk.undo(result.batch, at, by=Actor(mia, "page"), at=at)

    assert "No step leads back from done to doing" in undone.refused[was_doing.reference]
    was_open.refresh_from_db()
    assert (was_open.state, was_open.settled_at) == ("open", None)
    assert dues(was_open)


def test_nobody_undoes_the_change_of_another(mia, at):
    result = apply(mia, at, [actions.action()], {"effort": "s"})

    with pytest.raises(Refused):
        action_bulk.undo(result.batch, at, by=Actor(people.user(), "page"), at=at)


# ------------------------------------------------------------------ pages


def test_select_preview_apply_and_undo_without_scripts(client, mia):
    some = [actions.action(), actions.action()]
    page = client.get("/actions/").content.decode()
    assert f'action="{PAGE}"' in page
    assert page.count('name="sel"') == 2

    body = {"sel": [one.pk for one in some], "query": "due=none", "due_on": str(DUE)}
    preview = client.post(PAGE, {**body, "step": "preview"}).content.decode()
    assert "2 to change, 0 unchanged, 0 refused" in preview
    assert preview.count("<b>Fri 4 Dec</b>") == 2
    seen = re.findall(r'name="seen" value="([\d:]+)"', preview)
    answer = client.post(PAGE, {**body, "step": "apply", "seen": seen})

    assert answer["Location"] == "/actions/?due=none"
    page = client.get("/actions/?due=none").content.decode()
    assert "2 actions changed" in page
    undo = re.search(r"/actions/bulk/undo/\?batch=[^\"]+", page)[0].replace("&amp;", "&")
    client.post(undo)
    assert set(rows(*some).values_list("due_on", flat=True)) == {None}


def test_all_that_match_the_list_are_selected(client, mia):
    actions.action(), actions.action(type="process"), actions.done(type="process")

    answer = client.post(PAGE, {"all": "1", "query": "type=process"})

    assert len(answer.context["rows"]) == 1
    assert client.post(PAGE, {"all": "1", "query": "type=x"}).status_code == 400


def test_a_viewer_has_no_boxes(client):
    people.organisation()
    client.force_login(people.user(role=Role.VIEWER))
    actions.action()

    assert 'name="sel"' not in client.get("/actions/").content.decode()
    assert client.post(PAGE, {"all": "1"}).status_code == 403


# ------------------------------------------------------------------ API


def send(client, body, address=API):
    return client.post(address, body, content_type="application/json")


def test_a_dry_run_says_what_would_happen(client, mia):
    action, wei = actions.action(), people.user("Wei")
    body = {"ids": [action.reference], "change": {"owner": wei.email, "due_on": str(DUE)}, "dry_run": True}

    answer = send(client, body)

    assert answer.status_code == 200, answer.content
    assert answer.json()["rows"] == [
        {
            "id": action.pk,
            "reference": action.reference,
            "outcome": "changed",
            "changes": {"owner": [None, wei.pk], "due_on": [None, str(DUE)]},
            "reason": "",
        }
    ]
    assert Action.objects.get().version == 1


def test_a_selection_is_changed_and_undone(client, mia):
    actions.action(type="process"), actions.action()

    done = send(client, {"select": {"type": "process"}, "change": {"state": "doing"}}).json()
    assert (done["changed"], done["refused"]) == (1, 0)
    undone = send(client, {"batch": done["batch"], "at": done["at"]}, f"{API}/undo")

    assert undone.json() == {"restored": 1, "left": {}, "refused": {}}
    assert not Action.objects.filter(state="doing").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"change": {"effort": "s"}}, "ids"),
        ({"ids": ["A-99999"], "change": {"effort": "s"}}, "ids"),
        ({"select": {"bogus": "1"}, "change": {"effort": "s"}}, "select.bogus"),
        ({"select": {}, "change": {"state": "blocked"}}, "change.state"),
        ({"select": {}, "change": {"bogus": 1}}, "change.bogus"),
    ],
)
def test_bad_input_is_named(client, mia, body, field):
    answer = send(client, body)

    assert answer.status_code == 400
    assert field in answer.content.decode()


def test_a_hidden_action_is_not_found(client, mia):
    hidden = actions.action(viewers=[people.team().subject_id])

    assert send(client, {"ids": [hidden.reference], "change": {"effort": "s"}}).status_code == 400
    assert send(client, {"select": {}, "change": {"effort": "s"}}).json()["rows"] == []


def test_a_due_date_that_is_over_is_refused_in_each_plan_and_when_it_is_applied(client, mia, at):
    over, one = at.date() - timedelta(days=1), actions.action()
    change = ActionBulkChange({"due_on": over})

    for act in (
        lambda: action_bulk.plan([one], change, by=Actor(mia, "page"), at=at),
        lambda: apply(mia, at, [one], {"due_on": over}),
    ):
        with pytest.raises(Refused, match="today or a later day") as refusal:
            act()
        assert refusal.value.field == "due_on"
    body = {"ids": [one.reference], "change": {"due_on": str(over)}, "dry_run": True}
    answer = send(client, body)
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "due_on"
    for step in ("preview", "apply"):
        page = client.post("/actions/bulk/", {"sel": one.pk, "step": step, "due_on": over.isoformat()})
        assert page.status_code == 422
        assert page.context["form"].errors["due_on"] == ["Choose today or a later day."]
