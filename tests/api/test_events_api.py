"""The API of events: only visible ones, and no anonymous actor in any column or filter."""

import json

import pytest

from history import operations as history
from kit.actor import SYSTEM, Actor
from people.operations import person, team, token
from people.states import Role
from signals.operations import threshold
from tests.conftest import AT
from tests.factories import people, signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(client):
    def ask(user, query="", path="/api/v1/events"):
        _, text = token.issue(user, name="t", scope="read", by=SYSTEM, at=AT)
        answer = client.get(f"{path}{query}", HTTP_AUTHORIZATION=f"Bearer {text}")
        return json.loads(answer.content)

    return ask


def test_events_are_listed_newest_first_and_filtered(get, at):
    ana = people.user("Ana")
    made = team.add(name="Fraud", by=Actor(ana, "page"), at=at)
    team.change(made, {"name": "Fraud ML"}, by=Actor(ana, "api"), at=at)

    rows = get(ana, f"?subject={made.subject_id}")["results"]

    assert [row["verb"] for row in rows] == ["people.team_changed", "people.team_added"]
    assert rows[0]["changes"] == [
        {"model": "people.team", "row_id": made.pk, "field": "name", "old": "Fraud", "new": "Fraud ML"}
    ]
    assert (rows[0]["actor_id"], rows[0]["actor_name"], rows[0]["via"]) == (ana.pk, "Ana", "api")
    assert len(get(ana, "?verb=people.team_added,people.team_changed")["results"]) == 2
    assert len(get(ana, f"?actor={ana.pk}&via=api")["results"]) == 1
    assert get(ana, "?kind=team&since=2030-01-01T00:00:00Z")["results"] == []
    assert get(ana, "?since=yesterday")["status"] == 400
    assert get(ana, path=f"/api/v1/events/{rows[0]['id']}") == rows[0]


def test_a_limit_of_many_digits_does_not_end_the_list(get, at):
    """jsonb stores 1e20 as digits, which are read as a whole number of more than 64 bits."""
    threshold.propose(signals.series(), warning=1e20, critical=1e308, reason="x", by=SYSTEM, at=at)

    rows = get(people.user("Ana"), "?verb=signals.threshold_proposed")["results"]

    told = {change["field"]: change["new"] for change in rows[0]["changes"]}
    assert (told["warning"], told["critical"]) == (1e20, 1e308)


def test_a_hidden_actor_is_in_no_column_and_found_by_no_filter(get, at):
    raiser, reader = people.user("Raiser Canary"), people.user("Reader")
    made = people.team("Fraud")
    hidden = Actor(raiser, "page").unnamed()
    # The change also names the raiser, as the new lead.
    event = history.change(made, {"lead": raiser}, by=hidden, at=at)

    for query in ("", f"?subject={made.subject_id}", "?order=at", "?order=-at"):
        rows = [row for row in get(reader, query).get("results", []) if row["id"] == event.pk]
        for row in rows:
            assert (row["actor_id"], row["actor_name"], row["is_actor_hidden"]) == (None, None, True)
            assert row["changes"][0]["new"] is None
            assert "Canary" not in str(row)
    assert all(row["id"] != event.pk for row in get(reader, f"?actor={raiser.pk}")["results"])
    assert get(reader, f"?actor={raiser.pk}")["count"] == 0
    assert get(raiser, f"?actor={raiser.pk}")["count"] == 0


def test_restricted_objects_notify_nobody_and_are_not_named(get, at):
    insider, outsider = people.user(), people.user()
    made = people.team("Fraud")
    from actions.models import Action

    secret = Action(title="Secret canary", made_at=at)
    history.record(secret, "actions.action_opened", by=SYSTEM, at=at, viewers=[insider.subject_id])
    named = Action(title="Open", made_at=at, about=secret.subject)
    history.record(named, "actions.action_opened", by=SYSTEM, at=at)

    seen = get(insider, f"?subject={named.subject_id}")["results"][0]["changes"]
    hidden = get(outsider, f"?subject={named.subject_id}")["results"][0]["changes"]

    def about(changes):
        return next(one["new"] for one in changes if one["field"] == "about_id")

    assert about(seen) == secret.subject_id
    assert about(hidden) is None
    assert get(outsider, f"?subject={secret.subject_id}")["count"] == 0
    assert made


def test_who_signed_in_is_for_that_person_and_administrators(get, at):
    ana, ben, boss = people.user(), people.user(), people.user(role=Role.ADMINISTRATOR)
    history.record(ana, "people.signed_in", by=Actor(ana, "page"), at=at)

    counts = [get(user, "?verb=people.signed_in")["count"] for user in (ana, ben, boss)]

    assert counts == [1, 0, 1]


def test_the_list_costs_the_same_for_one_and_many(client, at, django_assert_num_queries):
    ana = people.user()
    _, text = token.issue(ana, name="t", by=SYSTEM, at=AT)
    address, auth = "/api/v1/events?kind=team", {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    team.add(name="One", lead=ana, by=SYSTEM, at=at)
    client.get(address, **auth)

    with django_assert_num_queries(3):
        client.get(address, **auth)
    for name in ("Two", "Three"):
        team.add(
            name=name, lead=person.add(name=name, email=f"{name}@b.org", by=SYSTEM, at=at), by=SYSTEM, at=at
        )
    with django_assert_num_queries(3):
        client.get(address, **auth)
