"""Invalid input to every address of the API: an error that names the fault, never a 5xx."""

import json
import re
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from actions.operations import action
from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from riskhub import schema
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db

KEYS = ["1", "A-1", "R-99999999999999999", "x", "%00", "9" * 30, "%C2%B2", "-1"]
TEXTS = ["x", "-1", "9" * 30, "%C2%B2", "%00", "2026-13-45"]
VALUES = [
    None,
    True,
    -1,
    0,
    10**17,
    2**63,
    1e308,
    "",
    "x" * 400,
    "é\n",
    "2026-13-45",
    "9999-12-31",
    [],
    [[]],
    [None],
    {},
    {"a": 1},
]
BODIES = [b"", b"null", b"[]", b"1", b'"x"', b"{}", b'{"": 1}', b'{"\\u0000": 1}', b'{"__class__": {}}']


CLIENT = Client(
    raise_request_exception=False
)  # one client for all tests, because each client loads the middleware


def operations():
    for path, methods in schema.document()["paths"].items():
        for method, one in methods.items():
            yield path, method, one


@pytest.fixture
def auth(at):
    people.organisation()
    boss = people.user("Boss", role=Role.ADMINISTRATOR, function=people.function())
    team = people.team("Fraud", lead=boss)
    people.member(team, boss)
    action.add(title="One", owner=boss, by=SYSTEM, at=at)
    _, text = token.issue(boss, name="t", scope="write", by=SYSTEM, at=AT)
    return {"HTTP_AUTHORIZATION": f"Bearer {text}"}


def declared(method, path):
    """Return the statuses that the schema declares for an address; 404 for one that does not resolve."""
    try:
        route = resolve(unquote(path.partition("?")[0])).route
    except Resolver404:
        return {"404"}
    template = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)
    return set(schema.document()["paths"][template][method]["responses"])


def send(method, path, auth, **extra):
    answer = CLIENT.generic(method.upper(), path, **auth, **extra)
    assert answer.status_code != 401, (method, path)  # otherwise the view was not tested
    assert str(answer.status_code) in declared(method, path), (method, path, answer.status_code)
    assert answer.status_code < 500, (method, path, extra.get("data"), answer.content[:300])
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", (method, path)
        assert json.loads(answer.content)["detail"]
    if answer.streaming:
        list(answer.streaming_content)  # the last part closes what it read from
    return answer


def filled(path, key="1"):
    while "{" in path:
        path = path[: path.index("{")] + key + path[path.index("}") + 1 :]
    return path


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("scope", ["read", "write", "ingest"])
def test_every_status_is_declared_for_each_role(role, scope, auth):
    """Requests without If-Match, with invalid values, for existing and missing objects, with another type."""
    user = people.user("Somebody", role=role)
    if role == Role.VIEWER and scope != "read":
        pytest.skip("A viewer has no such token.")
    _, text = token.issue(user, name=scope, scope=scope, by=SYSTEM, at=AT)
    theirs = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    for path, method, _ in operations():
        for key in ["1", "999999"] if "{" in path else ["1"]:
            send(method, filled(path, key), theirs)
            if method != "get":
                send(method, filled(path, key), theirs, data=b"{}", content_type="application/json")
                send(method, filled(path, key), theirs, data=b"a=1", content_type="text/plain")


def test_no_operation_declares_a_default_answer():
    """A declaration of every status would make the check of answers against the schema meaningless."""
    for path, method, one in operations():
        assert "default" not in one["responses"], (method, path)


def test_a_versioned_step_declares_428():
    steps = schema.document()["paths"]

    assert "428" in steps["/api/v1/models/{key}/stage"]["post"]["responses"]
    assert "428" in steps["/api/v1/threshold-versions/{key}/agree"]["post"]["responses"]
    assert "428" not in steps["/api/v1/review-requests/{key}/answer"]["post"]["responses"]


WANTS_MORE = {"/api/v1/points", "/api/v1/search", "/api/v1/risks/likely"}  # they have a required parameter
GETS = [path for path, method, _ in operations() if method == "get"]
WRITES = [(path, method) for path, method, _ in operations() if method != "get"]


@pytest.mark.parametrize("path", GETS)
def test_reading(path, auth):
    one = schema.document()["paths"][path]["get"]
    expected = {200, 404} if "{" in path else {400} if path in WANTS_MORE else {200}
    assert send("get", filled(path), auth).status_code in expected
    for key in KEYS if "{" in path else ["1"]:
        send("get", filled(path, key), auth)
    for parameter in one.get("parameters", []):
        if parameter["in"] == "query":
            for text in (*TEXTS, *parameter["schema"].get("enum", [])):
                send("get", f"{filled(path)}?{parameter['name']}={text}", auth)


@pytest.mark.parametrize(("path", "method"), WRITES)
def test_writing(path, method, auth):
    kind = {"content_type": "application/json"}
    for key in KEYS if "{" in path else []:
        send(method, filled(path, key), auth, data=b"{}", **kind, HTTP_IF_MATCH="*")
    for body in BODIES:
        send(method, filled(path), auth, data=body, **kind, HTTP_IF_MATCH="*")
    for body in _wrong_bodies(path, method):
        send(method, filled(path), auth, data=json.dumps(body).encode(), **kind, HTTP_IF_MATCH="*")


def _wrong_bodies(path, method):
    found = schema.document()
    body = found["paths"][path][method].get("requestBody", {}).get("content", {})
    reference = body.get("application/json", {}).get("schema", {}).get("$ref", "")
    fields = found["components"]["schemas"].get(reference.rsplit("/", 1)[-1], {}).get("properties", {})
    for value in VALUES:
        yield dict.fromkeys(fields, value)
    for name in fields:
        yield {**dict.fromkeys(fields, "x"), name: None}
        yield {**dict.fromkeys(fields, 1), name: "x"}
