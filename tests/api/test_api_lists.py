"""Lists: every cursor, limit and filter is applied or refused by name, never ignored and never a 500."""

import base64
import re

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from riskhub import schema
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def get():
    """Return a function that requests an address below /api/v1/ as Ana."""
    _, text = token.issue(people.user("Ana"), name="t", scope="read", by=SYSTEM, at=AT)
    client = Client(raise_request_exception=False)
    return lambda address: client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {text}"})


def is_refused(answer, field):
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), body
    assert [error["field"] for error in body["errors"]] == [field]
    return body["errors"][0]["detail"]


def cursor(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("text", ["[Infinity]", "[-1e400]", "[NaN]", "[" * 5000, "[" + "9" * 5000 + "]"])
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_of_no_number_or_no_end_is_refused(get, text, way):
    is_refused(get(f"actions?order=id&{way}={cursor(text)}"), way)


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_cursor_of_another_order_is_refused(get, way):
    people.user("Ben")
    by_id = get("people?order=id&limit=1").json()["next"].partition("after=")[2]

    assert get(f"people?order=id&{way}={by_id}").status_code == 200
    is_refused(get(f"people?order=-id&{way}={by_id}"), way)


def test_after_and_before_together_are_refused_by_both_names(get):
    errors = get("people?after=x&before=y").json()["errors"]

    text = "Send either after or before, not both."
    assert errors == [{"field": "after", "detail": text}, {"field": "before", "detail": text}]


@pytest.mark.parametrize("limit", ["00000199999", "000001" + "9" * 5000, "0" * 6, "00000050"])
def test_a_limit_is_no_larger_for_leading_zeros(get, limit):
    is_refused(get(f"actions?limit={limit}"), "limit")


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("actions?owner=" + ",".join(map(str, range(101))), "owner"),
        ("risks?category=" + ",".join(["x"] * 101), "category"),
        ("actions?state=open&state=done", "state"),
        ("actions?order=id&order=-id", "order"),
        ("actions?owner=", "owner"),
        ("series?feature=", "feature"),
        ("actions?order=", "order"),
        ("risks?format=xml", "format"),
        ("events?kind=risks", "kind"),
        ("events?verb=risklog.opened", "verb"),
        ("views?list=risk", "list"),
    ],
)
def test_nothing_that_is_asked_for_is_passed_over(get, address, field):
    assert is_refused(get(address), field)


def test_a_hundred_values_are_as_good_as_one(get):
    assert get("actions?owner=" + ",".join(map(str, range(100)))).status_code == 200


# ------------------------------------------------------------------ parameters as the schema has them

LISTS = [(path, one) for path, one in schema.document()["paths"].items() if "{" not in path and "get" in one]
PARAMETERS = [
    (path, parameter["name"], parameter["schema"])
    for path, one in LISTS
    for parameter in one["get"].get("parameters", ())
    if parameter["in"] == "query" and parameter["name"] not in {"after", "before", "q"}
]
TEXTS = (
    *("1", "0", "-1", "1.5", "999999999999999999", "1" * 19, "me", "none", "nobody", "true", "false", "True"),
    *(
        "2026-03-31",
        "2026-13-31",
        "2026-03-31T10:00:00Z",
        "2026-03-31T10:00:00",
        "open",
        "high",
        "4x5",
        "6x1",
    ),
    *("data-drift", "R-1", "a b", "1,2", "me,none", "1,x", " 1", "1 ", ",", ",".join(["1"] * 101), "é"),
)


def allows(wanted, value):
    """Return whether a schema allows a value. jsonschema itself does not check formats."""
    if wanted.get("format") == "date":
        return value == "2026-03-31"  # the only date among TEXTS
    if wanted.get("format") != "date-time":
        return Draft202012Validator(wanted).is_valid(value)
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", value))


@pytest.mark.parametrize(("path", "name", "wanted"), PARAMETERS)
def test_a_value_is_taken_when_the_schema_says_so(client, path, name, wanted):
    """Of every parameter: what the schema refuses is a 400 that names it, and what it allows is none."""
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    required = {"points": {"series": "1"}, "search": {"q": "drift"}, "likely": {"title": "drift"}}.get(
        path.rpartition("/")[2], {}
    )
    others = {key: text for key, text in required.items() if key != name}
    wrong = {}
    for text in TEXTS:
        answer = client.get(path, {**others, name: text})
        value = int(text) if wanted.get("type") == "integer" and re.fullmatch(r"-?\d+", text) else text
        errors = answer.json().get("errors", ()) if answer.status_code == 400 else ()
        fields = {error["field"] for error in errors}
        if (answer.status_code == 400 and name in fields) is allows(wanted, value):
            wrong[text] = answer.status_code

    assert wrong == {}


def test_a_list_that_needs_a_parameter_names_it_beside_the_others_at_fault(client):
    client.force_login(people.user())

    answer = client.get("/api/v1/points?bogus=1&from=yesterday")

    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"series", "bogus", "from"}
