"""The pages of actions."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.models import Action
from actions.operations import action as operations
from history.models import Event
from kit.actor import SYSTEM
from people.states import Role
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
LIST = "/actions/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def address(action: Action, name: str = "detail", *more: str) -> str:
    return reverse(f"actions:action_{name}", args=[action.reference, *more])


def test_the_list_shows_the_open_ones_and_its_views_the_others(client, ana, at):
    mine = actions.action("Mine", owner=ana, due_on=(at - timedelta(days=3)).date())
    other = actions.action("Someone's", due_on=(at + timedelta(days=2)).date())
    blocked = actions.blocked(title="Stuck")
    done = actions.done(title="Finished")

    def listed(query=""):
        return set(client.get(LIST + query).context["page"].rows)

    assert listed() == {mine, other, blocked}
    assert listed("?owner=me") == listed("?due=late") == {mine}
    assert listed("?due=week") == {other}
    assert listed("?state=blocked") == listed("?due=none") == {blocked}
    assert listed("?state=done,dropped") == {done}
    labels = [tab.label for tab in client.get(LIST).context["tabs"] if tab.is_pinned]
    assert labels == ["All open", "Mine", "Overdue", "Due this week"]


def test_the_list_of_a_team_has_the_actions_of_its_members(client, ana):
    team, other = people.team(), people.team()
    member = people.user(teams=[team, other])
    theirs = actions.action(owner=member)
    own = actions.action(owner=ana)
    nobodys = actions.action()

    def listed(query):
        return list(client.get(f"{LIST}?{query}&order=id").context["page"].rows)

    assert listed(f"team={team.slug}") == [theirs]
    assert listed(f"team={team.slug},{other.slug}") == [theirs]
    assert listed("team=none") == [nobodys]
    assert listed("team=me") == []
    client.force_login(member)
    assert listed("team=me") == [theirs]
    assert own not in listed("team=me")


def test_a_view_of_the_list_is_saved_and_counted(client, ana):
    team = people.team()
    actions.action(owner=people.user(teams=[team]))
    address = client.get(f"{LIST}?team={team.slug}").context["save_url"]

    assert client.get(address).status_code == 200
    counts = dict(client.get("/views/counts/actions/").context["counts"])
    assert counts["live"] == "1"
    assert counts["mine"] == "0"


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_the_list_is_exported_as_filtered_without_what_the_reader_may_not_see(client, ana, form):
    secret = actions.action("Canary", viewers=[people.team().subject_id])
    shown = operations.add(
        title="=1+1", about=secret.subject, viewers=[ana.subject_id], by=SYSTEM, at=secret.made_at, exposure=4
    )
    actions.action("Other")

    answer = client.get(f"/actions/export/?format={form}&q={shown.reference}")

    body = b"".join(answer.streaming_content)
    assert answer.status_code == 200
    if form == "json":
        (row,) = json.loads(body)
        assert row["reference"] == shown.reference
        assert (row["about"], row["about_title"], row["rank"]) == (None, None, 8)
    if form == "csv":
        assert "'=1+1" in body.decode("utf-8-sig")
        assert b"Canary" not in body


@pytest.mark.parametrize(
    ("query", "names"),
    [("bogus=1", "bogus: "), ("show=mine&show=mine", "show: Send it once"), ("show=x", "show: ")],
)
def test_the_board_refuses_a_query_that_it_does_not_know(client, ana, query, names):
    answer = client.get("/actions/board/?" + query)

    assert answer.status_code == 400
    assert names in answer.content.decode()


@pytest.mark.parametrize("path", [LIST + "?show=open", "/actions/board/"])
def test_pages_cost_the_same_at_one_and_three_rows(client, ana, path):
    wei = people.user("Wei", teams=[people.team()])
    about = actions.action("Root", owner=wei, due_on="2026-11-27").subject
    actions.action(owner=wei, about=about)
    few = _count(client, path)
    for _ in range(2):
        actions.action(owner=people.user(teams=[people.team()]), about=about, due_on="2026-11-28")

    assert _count(client, path) == few


def _count(client, path) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_the_list_is_narrowed_by_owner_state_type_date_and_words(client, ana, at):
    late = actions.action("Cap the feature", due_on=(at - timedelta(days=9)).date(), type="monitoring")
    actions.action("Other", owner=ana, due_on=(at + timedelta(days=90)).date())

    for query in ("q=cap", f"q={late.reference}", "owner=none", "type=monitoring", "due=late"):
        rows = client.get(f"{LIST}?show=open&{query}").context["page"].rows
        assert [row.title for row in rows] == ["Cap the feature"], query


def test_a_cursor_of_another_list_gives_the_first_page(client, ana):
    actions.action("One")
    for query in ("after=zzz", "after=WzEsMl0", "after=WyJ4IiwgMV0"):
        answer = client.get(f"{LIST}?show=open&{query}")
        assert [row.title for row in answer.context["page"].rows] == ["One"], query


def test_the_pages_of_the_list_follow_each_other(client, ana):
    for _ in range(52):
        actions.action()

    first = client.get(LIST + "?show=open").context["page"]
    second = client.get(f"{LIST}?show=open&after={first.after}").context["page"]

    assert (len(first.rows), len(second.rows)) == (50, 2)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}


def test_htmx_gets_the_list_alone(client, ana):
    answer = client.get(LIST, headers={"HX-Request": "true"})

    assert answer.content.decode().lstrip().startswith('<div id="log">')


def test_a_restricted_action_is_not_found_by_strangers(client, ana):
    hidden = actions.action("Canary", viewers=[people.team().subject_id])

    for method, name, more in (
        ("get", "detail", []),
        ("get", "edit", []),
        ("post", "take", []),
        ("post", "step", ["finish"]),
    ):
        assert getattr(client, method)(address(hidden, name, *more)).status_code == 404
    assert "Canary" not in client.get(LIST + "?show=open").content.decode()
    assert "Canary" not in client.get("/actions/board/").content.decode()


def test_what_an_action_is_for_is_shown_only_to_those_who_may_see_it(client, ana):
    secret = actions.action("Canary", viewers=[people.team().subject_id])
    shown = operations.add(
        title="Open one", about=secret.subject, viewers=[ana.subject_id], by=SYSTEM, at=secret.made_at
    )

    for path in (address(shown), LIST + "?show=open", "/actions/board/"):
        assert "Canary" not in client.get(path).content.decode()


def test_the_page_of_an_action_says_what_is_missing_and_offers_to_take_it(client, ana):
    action = actions.action("Cap it")

    page = client.get(address(action)).content.decode()
    assert "No owner yet" in page
    assert "No due date" in page
    client.post(address(action, "take"), {"version": action.version})

    action.refresh_from_db()
    assert action.owner == ana


def test_a_new_action_says_what_it_is_for(client, ana):
    root = actions.action("Root")

    answer = client.post(
        "/actions/new/",
        {"title": "Cap it", "about": root.reference.lower(), "type": "mitigation", "owner": ana.pk},
    )

    made = Action.objects.get(title="Cap it")
    assert (answer.status_code, answer.url) == (303, address(made))
    assert (made.about, made.owner) == (root.subject, ana)
    assert Event.objects.get(subject=made.subject).via == "page"


def test_a_new_action_about_a_hidden_object_is_refused_like_one_about_a_missing_object(client, ana):
    hidden = actions.action("Canary", viewers=[people.team().subject_id])

    texts = []
    for reference in (hidden.reference, "R-999999"):
        answer = client.post("/actions/new/", {"title": "X", "type": "mitigation", "about": reference})
        assert answer.status_code == 422
        texts.append(answer.context["form"].errors["about"][0].replace(reference, "?"))
    assert texts[0] == texts[1]


def test_an_edit_is_kept_or_both_texts_are_shown(client, ana, at):
    action = actions.action("Old", owner=ana)
    form = {"title": "Mine", "type": "mitigation", "owner": ana.pk, "version": 1}
    operations.change(action, {"title": "Theirs"}, by=SYSTEM, at=at)

    answer = client.post(address(action, "edit"), form)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theirs" in page
    assert "Mine" in page
    again = client.post(address(action, "edit"), {**form, "version": answer.context["form"].conflict.version})
    assert again.status_code == 303
    assert Action.objects.get().title == "Mine"


def test_an_edit_without_a_version_overwrites_nothing(client, ana):
    action = actions.action("Old", owner=ana)

    answer = client.post(address(action, "edit"), {"title": "New", "type": "mitigation"})

    assert answer.status_code == 428
    assert Action.objects.get().title == "Old"


def test_the_steps_by_their_buttons_and_the_way_back(client, ana):
    action = actions.action(owner=ana)
    for step, state in (("start", "doing"), ("finish", "done"), ("reopen", "open")):
        form = {"next": "/actions/?show=open", "version": action.version}
        answer = client.post(address(action, "step", step), form)
        assert (answer.status_code, answer.url) == (303, "/actions/?show=open")
        action.refresh_from_db()
        assert action.state == state


def test_finish_offers_an_undo(client, ana):
    action = actions.action(owner=ana)

    answer = client.post(address(action, "step", "finish"), {"next": LIST, "version": 1}, follow=True)

    assert address(action, "step", "reopen") in answer.content.decode()


def test_a_step_never_redirects_to_another_site(client, ana):
    action = actions.action(owner=ana)

    answer = client.post(address(action, "step", "start"), {"next": "https://evil.example/"})

    assert answer.url == address(action)


def test_block_without_a_reason_says_so_on_the_page(client, ana):
    action = actions.action(owner=ana)

    answer = client.post(address(action, "step", "block"), {"blocker": "team", "reason": " ", "version": 1})

    assert answer.status_code == 422
    assert "Enter what blocks it" in answer.content.decode()


def test_a_step_taken_twice_says_so_and_happens_once(client, ana):
    action = actions.action(owner=ana)

    first, second = (client.post(address(action, "step", "finish"), {"version": 1}) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert "This is “done” already." in second.content.decode()
    assert Event.objects.filter(verb="actions.action_done").count() == 1


def test_a_get_never_acts(client, ana):
    action = actions.action(owner=ana)

    assert client.get(address(action, "step", "finish")).status_code == 405
    assert client.get(address(action, "take")).status_code == 405


@pytest.mark.parametrize(
    ("who", "may"),
    [("owner", True), ("mate", True), ("stranger", False), ("manager", True), ("viewer", False)],
)
def test_who_may_change_an_action(client, who, may):
    team = people.team()
    owner = people.user(teams=[team])
    person = {
        "owner": lambda: owner,
        "mate": lambda: people.user(teams=[team]),
        "stranger": people.user,
        "manager": lambda: people.user(role=Role.RISK_MANAGER),
        "viewer": lambda: people.user(role=Role.VIEWER, teams=[team]),
    }[who]()
    action = actions.action(owner=owner)
    client.force_login(person)

    assert client.post(address(action, "step", "start")).status_code == (303 if may else 403)
    assert client.get(address(action)).status_code == 200


def test_an_owner_who_left_stays_when_something_else_is_edited(client, ana):
    gone = people.user("Gone")
    action = actions.action("Old", owner=gone)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    client.force_login(people.user(role=Role.RISK_MANAGER))

    form = {"title": "New", "type": "mitigation", "owner": gone.pk, "version": 1}
    assert client.post(address(action, "edit"), form).status_code == 303

    assert Action.objects.get().owner == gone


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_opens_one_action():
    people.organisation()
    ana = people.user("Ana")
    form = {"title": "Cap it", "type": "mitigation", "once": "k1"}

    def send(_) -> str:
        client = Client()
        client.force_login(ana)
        try:
            return client.post("/actions/new/", form).url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        urls = set(pool.map(send, range(6)))

    assert Action.objects.count() == 1
    assert urls == {address(Action.objects.get())}
