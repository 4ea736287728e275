"""The API of tokens: who sees which, who gets a secret, and what was done with one."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from actions.operations import action
from history.models import Event
from kit.actor import SYSTEM, Actor
from people.models import Receipt, Token
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


def bearer(text, **further):
    return Client(headers={"Authorization": f"Bearer {text}", **further})


def issued(user, scope="write", **given):
    return token.issue(user, name="t", scope=scope, by=SYSTEM, at=AT, **given)


@pytest.fixture
def signed_in():
    def client(user):
        found = Client()
        found.force_login(user)
        return found

    return client


def post(client, path, body=None, **headers):
    return client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)


def test_a_signed_in_person_creates_a_token_and_it_works(signed_in):
    ana = people.user()

    answer = post(signed_in(ana), "tokens", {"name": "CI", "scope": "read", "days": 30})

    row = answer.json()
    assert (answer.status_code, row["name"], row["state"], row["owner_id"]) == (201, "CI", "live", ana.pk)
    assert answer["Location"] == f"/api/v1/tokens/{row['id']}"
    again = bearer(row["text"]).get(f"/api/v1/tokens/{row['id']}")
    assert (again.status_code, again.json()["text"]) == (200, None)


@pytest.mark.parametrize("scope", ["read", "write", "ingest"])
def test_a_token_creates_no_token(scope):
    _, text = issued(people.user(), scope)

    assert post(bearer(text), "tokens", {"name": "CI"}).status_code == 403
    assert Token.objects.count() == 1


def test_an_answer_with_a_token_is_never_stored(signed_in):
    answer = post(signed_in(people.user()), "tokens", {"name": "CI"}, **{"Idempotency-Key": "k"})

    assert (answer.status_code, "is not stored" in answer.text) == (400, True)
    assert not Receipt.objects.exists()
    assert not Token.objects.exists()


@pytest.mark.parametrize("scope", ["read", "write", "ingest"])
def test_a_token_rotates_itself_and_no_other(scope):
    ana = people.user()
    made, text = issued(ana, scope)
    other, _ = issued(ana)
    any_version = {"If-Match": "*"}

    answer = post(bearer(text), f"tokens/{made.pk}/rotate", {"overlap_days": 0}, **any_version)
    new = answer.json()["text"]

    assert answer.status_code == 200
    assert post(bearer(text), f"tokens/{made.pk}/rotate", {}, **any_version).status_code == 401
    assert post(bearer(new), f"tokens/{other.pk}/rotate", {}, **any_version).status_code == 403
    prolonged = post(bearer(new), f"tokens/{made.pk}/rotate", {"days": 300}, **any_version)
    assert (prolonged.status_code, "Leave days out" in prolonged.text) == (422, True)
    assert post(bearer(new), f"tokens/{made.pk}/rotate", {}).status_code == 428


def test_a_former_secret_works_until_its_end_and_gets_no_new_one():
    """Whoever found it could otherwise go on, and shut out the program that has the new one."""
    made, former = issued(people.user())
    any_version = {"If-Match": "*"}
    address = f"tokens/{made.pk}/rotate"
    new = post(bearer(former), address, {"overlap_days": 7}, **any_version).json()["text"]

    assert bearer(former).get("/api/v1/me").status_code == 200
    assert post(bearer(former), address, {}, **any_version).status_code == 403
    assert post(bearer(new), address, {}, **any_version).status_code == 200


def test_an_administrator_gets_no_secret_of_another_person(signed_in):
    made, _ = issued(people.user())
    boss = people.user(role=Role.ADMINISTRATOR)

    answer = post(signed_in(boss), f"tokens/{made.pk}/rotate", {}, **{"If-Match": "*"})

    assert answer.status_code == 403


def test_revoke_then_use_is_401_at_once():
    ana = people.user()
    made, text = issued(ana)
    _, other = issued(ana)
    assert bearer(text).get("/api/v1/tokens").status_code == 200

    assert post(bearer(other), f"tokens/{made.pk}/revoke").status_code == 200

    assert bearer(text).get("/api/v1/tokens").status_code == 401


def test_revoke_all_ends_ones_own_and_for_administrators_those_of_others():
    ana, boss = people.user(), people.user(role=Role.ADMINISTRATOR)
    texts = [issued(ana)[1] for _ in range(3)]
    _, of_boss = issued(boss)

    assert post(bearer(texts[0]), "tokens/revoke-all", {"owner": boss.email}).status_code == 403
    answer = post(bearer(of_boss), "tokens/revoke-all", {"owner": ana.email})

    assert answer.json() == {"revoked": 3}
    assert {bearer(text).get("/api/v1/tokens").status_code for text in texts} == {401}
    assert post(bearer(of_boss), "tokens/revoke-all").json() == {"revoked": 1}
    assert bearer(of_boss).get("/api/v1/tokens").status_code == 401


def test_people_list_their_own_and_administrators_all(signed_in):
    ana, ben, boss = people.user(), people.user(), people.user(role=Role.ADMINISTRATOR)
    one, _ = issued(ana)
    two, _ = issued(ben, "read")

    def listed(user, query=""):
        return [row["id"] for row in signed_in(user).get(f"/api/v1/tokens{query}").json()["results"]]

    assert listed(ana) == [one.pk]
    assert listed(boss) == [two.pk, one.pk]
    assert listed(boss, f"?owner={ana.pk}") == [one.pk]
    assert listed(boss, "?scope=read&order=id") == [two.pk]
    assert listed(ben, f"?owner={ana.pk}") == []
    assert signed_in(ben).get(f"/api/v1/tokens/{one.pk}").status_code == 404
    assert signed_in(boss).get("/api/v1/tokens?state=old").status_code == 400


def test_the_list_filters_by_state(signed_in, move_clock):
    ana = people.user()
    revoked, live, expired = issued(ana)[0], issued(ana)[0], issued(ana, days=1)[0]
    token.revoke(revoked, by=SYSTEM, at=AT)
    move_clock(AT + timedelta(days=2))

    for state, made in {"revoked": revoked, "live": live, "expired": expired}.items():
        rows = signed_in(ana).get(f"/api/v1/tokens?state={state}").json()["results"]
        assert [(row["id"], row["state"]) for row in rows] == [(made.pk, state)]


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_the_same_number_of_queries(number, signed_in, django_assert_num_queries):
    ana = people.user()
    for _ in range(number):
        issued(ana)
    client = signed_in(ana)

    with django_assert_num_queries(3):  # session, person, page with its count
        rows = client.get("/api/v1/tokens").json()["results"]

    assert len(rows) == number


# ------------------------------------------------------------------ what was done with a token


def _acted(user, made, number=1, **placed):
    by = Actor(user, "api", token=made)
    return [
        action.add(title=f"Cap {n}", owner=user, by=by, at=AT + timedelta(minutes=n), **placed)
        for n in range(number)
    ]


def test_the_events_of_a_token_are_those_made_with_it(signed_in):
    ana = people.user()
    made, _ = issued(ana)
    other, _ = issued(ana)
    acted = _acted(ana, made, 3)
    _acted(ana, other)

    answer = signed_in(ana).get(f"/api/v1/tokens/{made.pk}/events?limit=2").json()

    assert [row["subject_id"] for row in answer["results"]] == [
        acted[2].subject_id,
        acted[1].subject_id,
    ]
    following = signed_in(ana).get(answer["next"]).json()["results"]
    assert [row["subject_id"] for row in following] == [acted[0].subject_id]
    page = signed_in(ana).get(f"/people/tokens/{made.pk}/")
    assert page.text.count('class="timeline-item" id="event-') == 4  # three actions, and its creation


def test_the_events_of_a_token_are_for_its_owner_and_administrators(signed_in):
    ana, ben, boss = people.user(), people.user(), people.user(role=Role.ADMINISTRATOR)
    made, text = issued(ana)
    _acted(ana, made)

    for address in (f"/api/v1/tokens/{made.pk}/events", f"/people/tokens/{made.pk}/"):
        assert signed_in(ben).get(address).status_code == 404
        assert signed_in(boss).get(address).status_code == 200
    assert len(bearer(text).get(f"/api/v1/tokens/{made.pk}/events").json()["results"]) == 1


def test_an_administrator_sees_nothing_restricted_and_nobody_anonymous_through_a_token(signed_in):
    ana, boss = people.user(), people.user(role=Role.ADMINISTRATOR)
    made, _ = issued(ana)
    (restricted,) = _acted(ana, made, viewers=[ana.subject_id])
    hidden = Actor(ana, "api", token=made).unnamed()
    unnamed = action.add(title="Anonymous canary", owner=None, by=hidden, at=AT)

    def seen(user):
        rows = signed_in(user).get(f"/api/v1/tokens/{made.pk}/events").json()["results"]
        return {row["subject_id"] for row in rows}

    assert seen(ana) == {restricted.subject_id, unnamed.subject_id}
    assert seen(boss) == set()
    page = signed_in(boss).get(f"/people/tokens/{made.pk}/").text
    assert "Cap 0" not in page
    assert "Anonymous canary" not in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_events_take_the_same_number_of_queries(number, signed_in, django_assert_num_queries):
    ana = people.user()
    made, _ = issued(ana)
    _acted(ana, made, number)
    client = signed_in(ana)

    with django_assert_num_queries(5):  # session, person, token, page with its count, names
        rows = client.get(f"/api/v1/tokens/{made.pk}/events").json()["results"]
    assert len(rows) == number

    client.get(f"/people/tokens/{made.pk}/")
    with django_assert_num_queries(11):
        client.get(f"/people/tokens/{made.pk}/")


def test_the_page_rotates_and_shows_the_secret_once(signed_in):
    ana = people.user()
    made, old = issued(ana)
    client, address = signed_in(ana), f"/people/tokens/{made.pk}/rotate/"

    assert client.post(address, {"overlap_days": 1}).status_code == 428
    assert client.post(address, {"overlap_days": 9, "version": made.version}).status_code == 422
    page = client.post(address, {"overlap_days": 1, "version": made.version})

    assert page.status_code == 200
    (new,) = set(re.findall(rf"rh_{made.prefix}_[0-9a-f]{{64}}", page.text))
    assert new != old
    assert bearer(new).get("/api/v1/tokens").status_code == 200
    assert bearer(old).get("/api/v1/tokens").status_code == 200
    assert new not in client.get(f"/people/tokens/{made.pk}/").text


def test_the_page_revokes_all(signed_in):
    ana, ben, boss = people.user(), people.user(), people.user(role=Role.ADMINISTRATOR)
    _, text = issued(ana)
    _, of_ben = issued(ben)

    assert signed_in(ana).post(f"/people/{ben.pk}/tokens/revoke/").status_code == 403
    assert signed_in(boss).post(f"/people/{ben.pk}/tokens/revoke/").status_code == 303
    assert signed_in(ana).post(f"/people/{ana.pk}/tokens/revoke/").status_code == 303

    assert bearer(of_ben).get("/api/v1/tokens").status_code == 401
    assert bearer(text).get("/api/v1/tokens").status_code == 401
    assert Event.objects.filter(verb="people.token_revoked").exclude(chain_no=None).count() == 2


def test_a_token_gets_another_name_and_keeps_its_secret(signed_in):
    ana = people.user()
    made, text = issued(ana)
    client, address = signed_in(ana), f"/people/tokens/{made.pk}/rename/"
    assert 'value="t"' in client.get(address).text

    assert client.post(address, {"name": "CI", "version": made.version}).status_code == 303
    made.refresh_from_db()
    answer = client.patch(
        f"/api/v1/tokens/{made.pk}",
        {"name": "CI of drift"},
        content_type="application/json",
        headers={"If-Match": "*"},
    )

    assert (answer.status_code, answer.json()["name"]) == (200, "CI of drift")
    assert Event.objects.filter(verb="people.token_changed").count() == 2
    assert bearer(text).get(f"/api/v1/tokens/{made.pk}").status_code == 200
    assert signed_in(people.user("Ben")).get(address).status_code == 404
