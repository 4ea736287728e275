"""Lists: every cursor, limit and filter is applied or refused by name, never ignored and never a 500."""

import base64

import pytest
from django.test import Client

from kit.actor import SYSTEM
from people.operations import token
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
    ],
)
def test_nothing_that_is_asked_for_is_passed_over(get, address, field):
    assert is_refused(get(address), field)


def test_a_hundred_values_are_as_good_as_one(get):
    assert get("actions?owner=" + ",".join(map(str, range(100)))).status_code == 200
