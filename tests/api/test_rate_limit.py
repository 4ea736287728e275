"""The rate limit: what each answer tells, what happens above it, and while the cache is away."""

import socket
from datetime import timedelta

import pytest
from django.core.cache import caches

from kit import shared_cache
from kit.actor import Actor
from people.operations import token
from people.states import TokenScope
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limited(settings, at, move_clock):
    """Three requests a minute, five of a token that pushes signals, at the start of a minute."""
    settings.API_RATES = {"default": 3, "ingest": 5}
    caches["shared"].clear()
    shared_cache._state["quiet_until"] = 0.0
    move_clock(at.replace(second=0))
    yield
    shared_cache._state["quiet_until"] = 0.0


@pytest.fixture
def ask(client, at):
    """Ask the API with a token of a scope. Each scope has a token of its own."""
    people.organisation()
    ana = people.user("Ana")
    secrets = {
        scope: token.issue(ana, name=scope, scope=scope, days=9, by=Actor(ana), at=at)[1]
        for scope in TokenScope.values
    }

    def ask(scope="read", path="actions"):
        return client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secrets[scope]}"})

    return ask


def test_each_answer_tells_what_is_left(ask):
    left = [ask()["RateLimit"] for _ in range(3)]

    assert left == [f'"default";r={number};t=60' for number in (2, 1, 0)]
    assert ask("write")["RateLimit-Policy"] == '"default";q=3;w=60'


def test_above_the_limit_the_answer_says_when_to_go_on(ask, at, move_clock):
    move_clock(at.replace(second=40))
    for _ in range(3):
        assert ask().status_code == 200

    answer = ask()

    assert answer.status_code == 429
    assert answer["Retry-After"] == "21"
    assert answer["RateLimit"] == '"default";r=0;t=20'
    assert answer.json()["title"] == "Too many requests"
    move_clock(at.replace(second=0) + timedelta(minutes=1))
    assert ask().status_code == 200


def test_each_token_has_its_own_limit_and_ingest_a_higher_one(ask):
    for _ in range(4):
        ask()

    assert ask().status_code == 429
    assert ask("write").status_code == 200
    assert [ask("ingest").get("RateLimit") for _ in range(5)][-1] == '"default";r=0;t=60'


def test_a_session_is_limited_too_and_an_unknown_token_is_not_counted(client, ask):
    client.force_login(people.user("Bea"))
    assert [client.get("/api/v1/actions").status_code for _ in range(4)] == [200, 200, 200, 429]

    answer = client.get("/api/v1/actions", headers={"Authorization": "Bearer rh_no_one"})
    assert (answer.status_code, answer.get("RateLimit")) == (401, None)


def test_nothing_is_limited_without_a_limit_or_while_the_cache_is_away(ask, settings):
    settings.API_RATES = {"default": 0, "ingest": 0}
    assert ask().get("RateLimit") is None

    settings.API_RATES = {"default": 1, "ingest": 1}
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    settings.CACHES = settings.CACHES | {"shared": settings.CACHES["shared"] | {"LOCATION": url}}
    assert [ask().status_code for _ in range(3)] == [200, 200, 200]


def test_a_counter_ends_after_its_seconds_however_often_it_counts():
    shared = caches["shared"]

    assert [shared.count("calls", seconds=60) for _ in range(3)] == [1, 2, 3]
    assert 0 < shared._client.ttl(shared.make_key("calls")) <= 60
