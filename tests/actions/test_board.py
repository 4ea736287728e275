"""The board of actions: its columns in pages, and what a card needs to move."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.queries import COLUMN_SIZE
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
BOARD = "/actions/board/"
OVER_BOARD = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{BOARD}"}


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def columns(answer):
    return {
        column.state.value: [card.action for card in column.cards] for column in answer.context["columns"]
    }


def setting(action, state):
    return reverse("actions:action_set", args=[action.reference, state])


def test_the_columns_are_by_due_date_and_recent_ones_are_done(client, ana, at):
    undated = actions.action()
    late = actions.action(due_on=at.date() - timedelta(days=3))
    doing, blocked = actions.doing(), actions.blocked()
    actions.done(at=at - timedelta(days=15))
    done = actions.done(at=at - timedelta(days=1))
    actions.dropped()

    answer = client.get(BOARD)

    assert columns(answer) == {
        "open": [late, undated],
        "doing": [doing],
        "blocked": [blocked],
        "done": [done],
    }
    assert [column.count for column in answer.context["columns"]] == [2, 1, 1, 1]


def test_a_long_column_goes_on_in_pages(client, ana):
    made = [actions.action() for _ in range(COLUMN_SIZE + 2)]

    first = client.get(BOARD).context["columns"][0]
    answer = client.get(f"{BOARD}?{first.more}", headers=OVER_BOARD)

    assert (len(first.cards), first.count) == (COLUMN_SIZE, COLUMN_SIZE + 2)
    assert [card.action for card in answer.context["column"].cards] == made[COLUMN_SIZE:]
    assert "<section" not in answer.content.decode()
    whole = client.get(f"{BOARD}?{first.more}")
    assert columns(whole)["open"] == made[COLUMN_SIZE:]
    assert "End of the column" in whole.content.decode()


@pytest.mark.parametrize("query", ["column=open", "after=x", "column=x&after=x", "column=open&before=x"])
def test_the_board_refuses_half_a_place(client, ana, query):
    assert client.get(f"{BOARD}?{query}").status_code == 400


def test_a_cursor_of_another_column_gives_its_first_page(client, ana):
    card = actions.action()

    assert columns(client.get(f"{BOARD}?column=open&after=WyJ4IiwgMV0"))["open"] == [card]


def test_the_board_is_narrowed_by_team_owner_and_type(client, ana):
    team = people.team()
    theirs = actions.action(owner=people.user(teams=[team]), type="monitoring")
    own = actions.action(owner=ana)

    for query, shown in (
        (f"team={team.slug}", [theirs]),
        ("owner=me", [own]),
        ("show=mine", [own]),
        ("type=monitoring", [theirs]),
    ):
        assert columns(client.get(f"{BOARD}?{query}"))["open"] == shown, query


def test_the_board_costs_the_same_whatever_is_on_it(client, ana):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(BOARD).status_code == 200
        return len(queries)

    root = actions.action()
    actions.action(owner=people.user(teams=[people.team()]), about=root.subject)
    few = count()
    for number in range(4):
        owner = people.user(teams=[people.team()])
        make = (actions.action, actions.doing, actions.blocked, actions.done)[number]
        make(owner=owner, about=root.subject)

    assert count() == few <= 15


def test_a_card_moves_and_the_board_reloads(client, ana):
    action = actions.action(owner=ana)

    answer = client.post(setting(action, "doing"), {"version": 1}, headers=OVER_BOARD)

    assert answer.status_code == 204
    assert "rows-changed" in answer["HX-Trigger"]
    assert f"{action.reference} started" in answer["HX-Trigger"]
    action.refresh_from_db()
    assert action.state == "doing"


def test_a_move_without_scripts_returns_to_the_board(client, ana):
    action = actions.action(owner=ana)

    answer = client.post(setting(action, "doing"), {"version": 1, "next": BOARD})

    assert (answer.status_code, answer.url) == (303, BOARD)


@pytest.mark.parametrize(
    ("state", "to", "why"),
    [
        ("done", "doing", "Done cannot change to Doing. Reopen it first"),
        ("done", "blocked", "Done cannot change to Blocked. Reopen it first"),
        ("blocked", "blocked", "is blocked already"),
    ],
)
def test_a_refused_move_says_why(client, ana, state, to, why):
    action = {"done": actions.done, "blocked": actions.blocked}[state](owner=ana)

    answer = client.post(setting(action, to), {"version": action.version}, headers=OVER_BOARD)

    assert answer.status_code == 409
    assert why in answer.content.decode()
    action.refresh_from_db()
    assert action.state == state


def test_a_move_of_a_stale_card_is_refused_with_both_states(client, ana):
    action = actions.doing(owner=ana)

    answer = client.post(setting(action, "open"), {"version": 1}, headers=OVER_BOARD)

    assert answer.status_code == 409
    action.refresh_from_db()
    assert action.state == "doing"


def test_blocked_asks_what_blocks_it(client, ana):
    action = actions.action(owner=ana)
    page = client.get(setting(action, "blocked"), headers=OVER_BOARD)
    assert "Another team" in page.content.decode()

    answer = client.post(setting(action, "blocked"), {"version": 1, "reason": "Ops"}, headers=OVER_BOARD)
    assert answer.status_code == 422
    given = {"version": 1, "blocker": "access", "reason": "No key for the store"}
    assert client.post(setting(action, "blocked"), given, headers=OVER_BOARD).status_code == 204

    action.refresh_from_db()
    assert (action.blocker, action.blocked_by) == ("access", "No key for the store")
    assert action.blocked_at is not None


def test_done_asks_for_the_proof_that_the_type_demands(client, ana):
    reviewer = people.user("Wei")
    action = actions.action(owner=ana, type="code_review")
    given = {"version": 1, "result": "findings", "reviewer": reviewer.pk, "link": "https://x.example/1"}

    answer = client.post(setting(action, "done"), given, headers=OVER_BOARD)
    assert answer.status_code == 422
    assert "Enter each finding" in answer.content.decode()
    given["findings"] = "Pin the seed\n\nTest the fallback"
    assert client.post(setting(action, "done"), given, headers=OVER_BOARD).status_code == 204

    action.refresh_from_db()
    assert (action.state, action.result, action.reviewer) == ("done", "findings", reviewer)
    found = type(action).objects.filter(origin=action.subject).order_by("pk")
    assert [(one.title, one.owner) for one in found] == [("Pin the seed", ana), ("Test the fallback", ana)]
    assert "Pin the seed" in client.get(f"/actions/{action.reference}/").content.decode()


def test_who_may_not_change_a_card_cannot_move_it(client, ana):
    action = actions.action(owner=people.user("Wei"))

    assert client.get(setting(action, "blocked")).status_code == 403
    assert client.post(setting(action, "doing"), {"version": 1}).status_code == 403
    assert client.post(setting(action, "open"), {"version": 1}).status_code == 403
    assert "data-moves" not in client.get(BOARD).content.decode()


def test_a_card_of_others_is_not_found(client, ana):
    hidden = actions.action(viewers=[people.team().subject_id])

    assert client.get(setting(hidden, "blocked")).status_code == 404
