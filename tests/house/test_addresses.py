"""Every address, asked by every role, against a reviewed table (test standard, rows 17 and 18).

The table is addresses.txt. An address that is not in it fails, and so does a line without an address.
After a change that is meant, write it anew and review the difference:

    RISKHUB_WRITE_ADDRESSES=1 make test PYTEST_ARGS="tests/house/test_addresses.py -n 0"
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client

from kit import clock
from tests.conftest import AT
from tests.house import addresses
from tests.house.world import CANARY, ROLES, World, build

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parent / "addresses.txt"


@pytest.fixture
def world(monkeypatch) -> World:
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(minutes=10))
    return build()


def _client(world: World, role: str) -> Client:
    if role in world.tokens:
        return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {world.tokens[role]}"})
    client = Client(raise_request_exception=False)
    if role != "anonymous":
        client.force_login(world.people[role])
    return client


def _ask(client: Client, method: str, url: str, *, is_api: bool, body: str = "{}"):
    """One request with an empty body, whose effect is taken back."""
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    sent = {}
    if is_api and method != "GET":
        sent = {"data": body, "content_type": "application/json", "headers": {"If-Match": "*"}}
    with transaction.atomic():
        answer = getattr(client, method.lower())(url, **sent)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer


def _answers(world: World, role: str) -> Iterator[tuple[str, int]]:
    client = _client(world, role)
    for address in [*addresses.pages(), *addresses.resources()]:
        url = address.url_of(world, world.open)
        for method in address.methods:
            answer = _ask(client, method, url, is_api=address.is_api)
            yield f"{method} {address.name}", answer.status_code


def _read() -> dict[str, dict[str, int]]:
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    head, *rows = lines
    return {f"{row[0]} {row[1]}": dict(zip(head, map(int, row[2:]), strict=True)) for row in rows}


def _write(role: str, found: dict[str, int]) -> None:
    known = _read() if TABLE.exists() else {}
    width = max(map(len, found)) + 2
    text = ["# Written by test_addresses.py, reviewed by a person: what each role is answered.", ""]
    text.append(" " * width + " ".join(f"{one:>13}" for one in ROLES))
    for name, status in found.items():
        row = {**dict.fromkeys(ROLES, 0), **known.get(name, {}), role: status}
        text.append(f"{name:<{width}}" + " ".join(f"{row[one]:>13}" for one in ROLES))
    TABLE.write_text("\n".join(text) + "\n")


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_each_role_as_the_table_says(world, role):
    found = dict(_answers(world, role))

    if os.environ.get("RISKHUB_WRITE_ADDRESSES"):
        _write(role, found)
    table = _read()
    assert set(found) - set(table) == set(), "An address that is not in the table"
    assert set(table) - set(found) == set(), "A line without an address"
    wrong = {name: (status, table[name][role]) for name, status in found.items() if table[name][role] != status}
    assert wrong == {}, "address: (answered, table)"
    assert [name for name, status in found.items() if status >= 500] == []
