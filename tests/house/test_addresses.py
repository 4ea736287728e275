"""Every address, requested by every role, compared with a reviewed table (test standard, rows 17 and 18).

The table is addresses.txt. An address that is not in it fails, and so does a line without an address.
After an intended change, write the table again and review the difference:

    RISKHUB_WRITE_ADDRESSES=new make test PYTEST_ARGS="tests/house/test_addresses.py -k every_address -n 0"

`new` asks only the addresses without a line, which takes seconds. `all` asks every address, which takes
minutes: use it after a change of permissions, or delete the lines that changed and use `new`.
"""

import json
import os
import re
from collections.abc import Callable, Container, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from rest.fields import Visible
from riskhub import schema
from tests.conftest import AT
from tests.house import addresses
from tests.house.asking import ask, client_of, content, token_of
from tests.house.test_service_accounts import COLLEAGUES, SHOWN
from tests.house.world import CANARY, ROBOT, ROLES, Objects, World, build

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parent / "addresses.txt"


NOW = AT + timedelta(minutes=10)
# No worker runs in the tests, so the health of the pipeline is red: 503.
RED = frozenset({"GET health_pipeline"})
# Roles that do not see what is restricted, although they see or may do much.
OTHERS = ("stranger", "manager", "administrator")


@pytest.fixture(scope="module")
def prepared_world(prepared) -> Callable[[], World]:
    return prepared("world", NOW, build)


@pytest.fixture
def world(prepared_world, move_clock) -> World:
    move_clock(NOW)
    return prepared_world()


def _answers(world: World, role: str, known: Container[str] = ()) -> Iterator[tuple[str, HttpResponse]]:
    """Yield the name and the answer of every address, without those that are known."""
    client = client_of(world, role)
    for address in [*addresses.pages(), *addresses.resources()]:
        methods = [method for method in address.methods if f"{method} {address.name}" not in known]
        if not methods:
            continue
        url = address.url_of(world, world.open)
        version = _version(address, world)
        for method in methods:
            answer = ask(client, method, url, is_api=address.is_api, version=version)
            yield f"{method} {address.name}", answer


def _version(address: addresses.Address, world: World, objects: Objects | None = None) -> int | None:
    """Return the current version of the object that a page writes; None without one, and for the API."""
    if address.object_of is None:
        return None
    obj = address.object_of(world, objects or world.open)
    return type(obj).objects.get(pk=obj.pk).version


def _read() -> dict[str, dict[str, int]]:
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    head, *rows = lines
    return {f"{row[0]} {row[1]}": dict(zip(head, map(int, row[2:]), strict=True)) for row in rows}


def _names() -> list[str]:
    every = [*addresses.pages(), *addresses.resources()]
    return [f"{method} {address.name}" for address in every for method in address.methods]


def _write(role: str, found: dict[str, int]) -> None:
    """Write the answers to one role, for every address, in the order of the addresses. 0: not asked yet."""
    known, names = _read() if TABLE.exists() else {}, _names()
    width = max(map(len, names)) + 2
    text = ["# Written by test_addresses.py, reviewed by a person: what each role is answered.", ""]
    text.append(" " * width + " ".join(f"{one:>13}" for one in ROLES))
    for name in names:
        row = {**dict.fromkeys(ROLES, 0), **known.get(name, {})}
        row[role] = found.get(name, row[role])
        text.append(f"{name:<{width}}" + " ".join(f"{row[one]:>13}" for one in ROLES))
    TABLE.write_text("\n".join(text) + "\n")


def _asked_before(role: str) -> set[str]:
    return {name for name, row in _read().items() if row[role]} if TABLE.exists() else set()


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_each_role_as_the_table_says(world, role):
    if written := os.environ.get("RISKHUB_WRITE_ADDRESSES", ""):
        known = set() if written == "all" else _asked_before(role)
        _write(role, {name: answer.status_code for name, answer in _answers(world, role, known)})
        pytest.skip("The table was written: review the difference, and run this test without the variable")
    found, texts = {}, {ROBOT: set(), CANARY: set()}
    for name, answer in _answers(world, role):
        found[name], body = answer.status_code, content(answer)
        for text, names in texts.items():
            if text.encode() in body:
                names.add(name)

    table = _read()
    assert set(found) - set(table) == set(), "An address that is not in the table"
    assert set(table) - set(found) == set(), "A line without an address"
    wrong = {
        name: (status, table[name][role]) for name, status in found.items() if table[name][role] != status
    }
    assert wrong == {}, "address: (answered, table)"
    assert [name for name, status in found.items() if status >= 500 and name not in RED] == []
    assert [(name, status) for name, status in found.items() if not _is_declared(name, status)] == []
    if role in COLLEAGUES:
        assert texts[ROBOT] & {f"GET {name}" for name in _shown_to_nobody()} == set(), "A service account"
    if role in OTHERS:
        assert texts[CANARY] == set(), "It shows what is restricted"


def _shown_to_nobody() -> set[str]:
    """Return the names of the addresses that must not show a service account (test_service_accounts.py)."""
    return {address.name for address in [*addresses.pages(), *addresses.resources()]} - SHOWN


def _is_declared(name: str, status: int) -> bool:
    """Return True if the published schema declares this status for the operation; pages are in no schema."""
    method, _, address = name.partition(" api/")
    if not address:
        return True
    path = "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", address)
    return str(status) in schema.document()["paths"][path][method.lower()]["responses"]


def test_a_page_refuses_another_method_and_names_its_own(world):
    client, wrong, asked = client_of(world, "administrator"), [], 0
    for address in addresses.pages():
        for method in set(addresses.PAGE_METHODS) - set(address.methods):
            asked += 1
            answer = ask(client, method, address.url_of(world, world.open), is_api=False)
            named = {one for one in addresses.PAGE_METHODS if one in answer.headers.get("Allow", "")}
            if (answer.status_code, named) != (405, set(address.methods)):
                wrong.append((method, address.name, answer.status_code, named))

    assert wrong == []
    assert asked > 100


# ------------------------------------------------------------------ without a version (row 17)

# Writes that only add or end a row of the writer overwrite nothing, so they need no version (rest/steps.py).
NEEDS_NO_VERSION = {
    "people:person_link",
    "people:team_leave",
    "risklog:risk_from_breach",
    "risklog:risk_from_pattern",
    "incidents:role_take",  # it takes a role that nobody has, and the operation refuses another one
    "meetings:check_in_place",  # it creates something from a check-in, and changes nothing
    "meetings:check_in_act",
    "meetings:check_in_risk",
    "meetings:check_in_experiment",
    "learnings:learning_vote",
    "learnings:learning_choose",
    "learnings:session_sign_up",
    "learnings:session_withdraw",
    "learnings:session_follow_up",
    "review-requests/<str:key>/answer",
    "meetings/<str:key>/attend",
}


@pytest.mark.parametrize("role", ["owner", "administrator"])
def test_a_step_without_a_version_writes_nothing(world, role):
    """The API answers 428 to a role that sees the object and has the permission.

    A page shows its form again, or a toast.
    """
    client, by_address, wrote = client_of(world, role), {}, []
    for address in [*addresses.pages(), *addresses.resources()]:
        if not _is_versioned(address):
            continue
        url = address.url_of(world, world.open)
        for method in set(address.methods) - {"GET"}:
            with CaptureQueriesContext(connection) as queries:
                answer = ask(client, method, url, is_api=address.is_api, version=0)
            if any('INSERT INTO "history_event"' in query["sql"] for query in queries):
                wrote.append(f"{method} {address.name}")
            by_address[f"{method} {address.name}"] = answer.status_code

    assert wrote == []
    of_api = {name: code for name, code in by_address.items() if " api/" in name}
    assert {name: code for name, code in of_api.items() if code not in {403, 404, 428}} == {}
    assert list(by_address.values()).count(428) > 20


def _is_versioned(address: addresses.Address) -> bool:
    if not address.is_api:
        return address.object_of is not None and address.name not in NEEDS_NO_VERSION
    name = address.name.removeprefix("api/")
    view = dict(addresses.RESOURCES)[name]
    return getattr(view, "is_versioned", "PATCH" in address.methods) and name not in NEEDS_NO_VERSION


# ------------------------------------------------------------------ objects of others (row 18)


@pytest.mark.parametrize("role", [*OTHERS, "token_write"])
def test_what_is_restricted_is_not_there_for_others(world, role):
    """Its own addresses answer 404 for every method. Other pages do not contain its texts.

    The test of every address requests the other pages as OTHERS, and searches their answers for these texts.
    """
    world.tokens["token_write"] = token_of(world.people["stranger"])
    client, found, said = client_of(world, role), {}, []
    for address in [*addresses.pages(), *addresses.resources()]:
        url, known = address.url_of(world, world.secret), address.url_of(world, world.open)
        if url == known and role in OTHERS:
            continue
        version = _version(address, world, world.secret)
        for method in address.methods:
            answer = ask(client, method, url, is_api=address.is_api, version=version)
            if url != known:
                found[f"{method} {address.name}"] = answer.status_code
            if CANARY.encode() in content(answer):
                said.append(f"{method} {url}")

    assert said == []
    assert len(found) > 60
    away = {302, 401} if role == "token_write" else set()
    there = {name: code for name, code in found.items() if code not in {403, 404, 405} | away}
    assert {name: code for name, code in there.items() if not _is_a_slot(name, code)} == {}
    assert [name for name, code in found.items() if code == 403 and not _is_refused_anyway(name, role)] == []


def _is_a_slot(name: str, code: int) -> bool:
    """On the agenda of an open meeting it is a restricted item. Facilitators see only its length."""
    return name.split()[1].startswith(("meetings:item_", "api/agenda-items")) and code in {200, 303, 409, 422}


def _is_refused_anyway(name: str, role: str) -> bool:
    """A role without the permission gets the refusal before any object is loaded."""
    return _read()[name][{"token_write": "stranger"}.get(role, role)] == 403


def test_no_filter_and_no_search_finds_what_is_restricted(world):
    """The models and signals; tests/flows/test_restricted_inputs.py has what is under a restricted risk."""
    client, secret, said = client_of(world, "stranger"), world.secret, []
    words = [secret.group.reference, secret.model.slug, str(secret.group.subject_id)]
    for address in [*addresses.pages(), *addresses.resources()]:
        if not address.is_list:
            continue
        url = address.url_of(world, world.open)
        for name in _parameters(address):
            for word in [CANARY[:5]] if name == "q" else words:
                if CANARY.encode() in content(client.get(url, {name: word})):
                    said.append(f"{url}?{name}={word}")

    assert said == []


def _parameters(address: addresses.Address) -> list[str]:
    if not address.is_api:
        return ["q", "about", "model", "risk", "breach"]
    view = dict(addresses.RESOURCES)[address.name.removeprefix("api/")]
    spec = getattr(view, "spec", None) or view
    return ["q", *getattr(spec, "filters", {}), *getattr(spec, "further", ())]


def test_in_a_body_what_is_restricted_is_answered_like_what_does_not_exist(world):
    """Every related object that a write names: the same field error for a hidden and for a missing one."""
    client, wrong, asked = client_of(world, "stranger"), [], 0
    for address, view in addresses.RESOURCES:
        for method, body in view.bodies.items():
            for name, one in body().fields.items() if body else ():
                if not isinstance(one, Visible):
                    continue
                asked += 1
                url = addresses.resource(address).url_of(world, world.open)
                for word in _named(world):
                    answers = [
                        ask(client, method, url, is_api=True, body=json.dumps({name: text}))
                        for text in (word, _like_none(word))
                    ]
                    secret, none = ((a.status_code, _errors(a, name)) for a in answers)
                    if secret[0] != none[0] or secret[1].replace(word, "") != none[1].replace(
                        _like_none(word), ""
                    ):
                        wrong.append((method, address, name, word, secret, none))

    assert wrong == []
    assert asked > 10


def _named(world: World) -> list[str]:
    secret = world.secret
    return [secret.risk.reference, secret.group.reference, secret.review.reference, secret.model.slug]


def _like_none(word: str) -> str:
    return re.sub(r"\d+$", "999999", word) if word[-1].isdigit() else "no-such-model"


def _errors(answer, name: str) -> str:
    return json.dumps([one for one in answer.json().get("errors", []) if one["field"].startswith(name)])
