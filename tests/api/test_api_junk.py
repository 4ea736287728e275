"""Invalid input to every address of the API: an error that names the fault, never a 5xx.

The requests name objects that exist, so that their bodies are read. Each is rolled back.
"""

import json
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve

from kit.actor import SYSTEM
from people.operations import token
from people.states import Role, TokenScope
from rest.exporting import ExportOfList
from rest.resource import Item, SpecView
from riskhub import schema
from tests.conftest import AT
from tests.factories import people
from tests.house import addresses
from tests.house.asking import token_of
from tests.house.world import build

pytestmark = pytest.mark.django_db

NOW = AT + timedelta(minutes=10)
KEYS = ["1", "A-1", "R-99999999999999999", "x", "%00", "9" * 30, "%C2%B2", "-1"]
WRITTEN_KEYS = ["%00", "9" * 30]  # the addresses of writes are mostly those of reads, which get all keys
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
MISSING = "999999"
JSON = {"content_type": "application/json"}

OPERATIONS = [
    (address, method.lower())
    for address, _ in addresses.RESOURCES
    for method in addresses.resource(address).methods
]
GETS = [address for address, method in OPERATIONS if method == "get"]
WRITES = [(address, method) for address, method in OPERATIONS if method != "get"]

CLIENT = Client(
    raise_request_exception=False
)  # one client for all tests, because each client loads the middleware


@pytest.fixture(scope="module")
def prepared_world(prepared):
    return prepared("world", NOW, build)


@pytest.fixture
def world(prepared_world, move_clock):
    move_clock(NOW)
    return prepared_world()


@pytest.fixture
def auth(world):
    return {"HTTP_AUTHORIZATION": f"Bearer {token_of(world.people['administrator'])}"}


def published(address):
    """Return the operations of an address by method, as the schema publishes them."""
    return schema.document()["paths"]["/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", address)]


def declared(method, path):
    """Return the statuses that the schema declares for an address; 404 for one that does not resolve."""
    try:
        route = resolve(unquote(path.partition("?")[0])).route
    except Resolver404:
        return {"404"}
    return set(published(route.removeprefix("api/v1/"))[method]["responses"])


def send(method, path, auth, **extra):
    """Send one request, roll its effect back, and check that its answer is declared and complete."""
    with transaction.atomic():
        answer = CLIENT.generic(method.upper(), path, **auth, **extra)
        if answer.streaming:
            list(answer.streaming_content)  # the last part closes what it read from
        transaction.set_rollback(True)
    assert answer.status_code != 401, (method, path)  # otherwise the view was not tested
    assert str(answer.status_code) in declared(method, path), (method, path, answer.status_code)
    assert answer.status_code < 500, (method, path, extra.get("data"), answer.content[:300])
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", (method, path)
        assert json.loads(answer.content)["detail"]
    return answer


def of(address, world):
    """Return the path with an object that exists. An event exists only if something happened to the risk."""
    return addresses.resource(address).url_of(world, world.open)


def filled(address, key):
    """Return the path with this key for each of its objects."""
    return "/api/v1/" + re.sub(r"<\w+:\w+>", key, address)


# What each role is answered is in tests/house/addresses.txt, whose test checks the declarations too. These
# three differ in what they may do at all.
ROLES = [
    (Role.VIEWER, TokenScope.READ),
    (Role.MEMBER, TokenScope.INGEST),
    (Role.ADMINISTRATOR, TokenScope.WRITE),
]


@pytest.mark.parametrize(("role", "scope"), ROLES)
def test_every_status_is_declared_for_each_role(role, scope, world):
    """Requests without If-Match, for existing and missing objects, with another type."""
    user = people.user("Somebody", role=role)
    _, text = token.issue(user, name=scope, scope=scope, by=SYSTEM, at=AT)
    theirs = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    for address, method in OPERATIONS:
        send(method, of(address, world), theirs)
        if "<" in address:
            send(method, filled(address, MISSING), theirs, data=b"" if method == "get" else b"{}", **JSON)
        if method != "get":
            send(method, of(address, world), theirs, data=b"a=1", content_type="text/plain")


def test_no_operation_declares_a_default_answer():
    """A declaration of every status would make the check of answers against the schema meaningless."""
    for address, method in OPERATIONS:
        assert "default" not in published(address)[method]["responses"], (method, address)


def test_a_versioned_step_declares_428():
    assert "428" in published("models/<str:key>/stage")["post"]["responses"]
    assert "428" in published("threshold-versions/<str:key>/agree")["post"]["responses"]
    assert "428" not in published("review-requests/<str:key>/answer")["post"]["responses"]


# They have a required parameter.
WANTS_MORE = {"points", "search", "risks/likely", "runs/compare", "filled-templates/compare"}


@pytest.mark.parametrize("address", GETS)
def test_reading(address, world, auth):
    expected = {200, 404} if "<" in address else {400} if address in WANTS_MORE else {200}
    path = of(address, world)
    assert send("get", path, auth).status_code in expected
    for key in KEYS if "<" in address else []:
        send("get", filled(address, key), auth)
    for parameter in published(address)["get"].get("parameters", []):
        if parameter["in"] == "query":
            for text in (*TEXTS, *parameter["schema"].get("enum", [])):
                send("get", f"{path}?{parameter['name']}={text}", auth)


@pytest.mark.parametrize(("address", "method"), WRITES)
def test_writing(address, method, world, auth):
    sent = {**JSON, "HTTP_IF_MATCH": "*"}
    for key in WRITTEN_KEYS if "<" in address else []:
        send(method, filled(address, key), auth, data=b"{}", **sent)
    for body in (*BODIES, *_wrong_bodies(address, method)):
        send(method, of(address, world), auth, data=body, **sent)


# The world has no day off, session, acceptance, round of scores, import that can be applied, or action that
# was raised to a sponsor.
_NOT_THERE = (
    "holidays/",
    "me/sessions/",
    "risks/<str:key>/acceptances/",
    "risks/<str:key>/scoring-rounds/",
    "imports/",
    "executive/raised/",
)


def test_the_bodies_reach_objects_that_exist(world, auth):
    """Otherwise test_writing would only test what a missing object is answered."""
    missing = [
        address
        for address, method in WRITES
        if send(method, of(address, world), auth, data=b"{}", **JSON, HTTP_IF_MATCH="*").status_code == 404
        and not address.startswith(_NOT_THERE)
    ]
    assert missing == []


def _wrong_bodies(address, method):
    """Yield bodies: each value in all fields at once, and each field without a value beside texts."""
    body = published(address)[method].get("requestBody", {}).get("content", {})
    reference = body.get("application/json", {}).get("schema", {}).get("$ref", "")
    schemas = schema.document()["components"]["schemas"]
    fields = schemas.get(reference.rsplit("/", 1)[-1], {}).get("properties", {})
    if not fields:
        return
    for value in VALUES:
        yield json.dumps(dict.fromkeys(fields, value)).encode()
    for name in fields:
        yield json.dumps({**dict.fromkeys(fields, "x"), name: None}).encode()


# Tools add parameters and fields of their own to their alerts. No alert is lost for one.
_TAKES_ANY = "intake/"
NAMING_WRITES = [(address, method) for address, method in WRITES if not address.startswith(_TAKES_ANY)]


def named_fields(answer):
    """Return the fields that a refusal names."""
    body = json.loads(answer.content or b"{}") if answer.status_code >= 400 else {}
    return {error["field"] for error in body.get("errors", ())}


# How many addresses answer with the name of the unknown parameter, or field. The others answer 403 or 404
# before they read it: most of them are below an object that the world does not have.
LEAST_READS, LEAST_WRITES, LEAST_BODIES = 205, 310, 280


def refusals(world, auth, operations, suffix="", **sent):
    """Return the operations that name "nope" in their answers, and those that ignored it."""
    naming, ignoring = [], []
    for address, method in operations:
        answer = send(method, of(address, world) + suffix, auth, **sent)
        if any("nope" in name for name in named_fields(answer)):
            naming.append((method, address))
        elif answer.status_code not in (403, 404):
            ignoring.append((method, address, answer.status_code))
    return naming, ignoring


def test_an_unknown_parameter_of_a_read_is_refused_by_its_name(world, auth):
    """For each address: a typo is reported, never ignored."""
    naming, ignoring = refusals(world, auth, [(one, "get") for one in GETS], "?nope=1")

    assert ignoring == []
    assert len(naming) >= LEAST_READS


def test_an_unknown_parameter_of_a_write_is_refused_by_its_name(world, auth):
    naming, ignoring = refusals(world, auth, NAMING_WRITES, "?nope=1", data=b"{}", **JSON, HTTP_IF_MATCH="*")

    assert ignoring == []
    assert len(naming) >= LEAST_WRITES


def test_an_unknown_field_of_a_body_is_refused_by_its_name(world, auth):
    with_body = [(address, method) for address, method in NAMING_WRITES if method != "delete"]

    naming, ignoring = refusals(world, auth, with_body, data=b'{"nope": 1}', **JSON, HTTP_IF_MATCH="*")

    assert [one for one in ignoring if one[2] != 415] == []  # a file is sent in another form
    assert len(naming) >= LEAST_BODIES


def test_only_views_that_read_their_spec_leave_their_parameters_to_it():
    """ApiView checks the parameters of every other view, also of an item that has a spec."""

    class ItemWithSpec(Item):
        spec = None

        def get(self, request, key):
            raise NotImplementedError

    read, write = RequestFactory().get("/"), RequestFactory().post("/")
    assert ItemWithSpec().known_parameters(read) == {"fields"}
    assert ItemWithSpec().known_parameters(write) == frozenset()
    views = [view for _, view in addresses.RESOURCES]
    left = [view for view in views if view().known_parameters(read) is None]
    assert [view for view in left if not issubclass(view, SpecView | ExportOfList)] == []
