"""Sparse fields: ?fields= of lists and of objects."""

import pytest

from kit.actor import Actor
from people.operations import token
from people.states import TokenScope
from tests.factories import actions, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client, at):
    """Ask the API as Ana. Returns the answer."""
    people.organisation()
    ana = people.user("Ana")
    _, secret = token.issue(ana, name="test", scope=TokenScope.READ, days=9, by=Actor(ana), at=at)
    made = actions.action("Check the drift", owner=ana)

    def ask(path):
        address = f"/api/v1/{path}".replace("A-1", str(made.reference))
        return client.get(address, headers={"Authorization": f"Bearer {secret}"})

    return ask


def test_a_list_has_the_chosen_fields_and_keeps_them_on_the_next_page(api):
    actions.action("Check the labels", owner=people.user("Bea"))

    page = api("actions?fields=title,reference&limit=1").json()

    assert [set(row) for row in page["results"]] == [{"title", "reference"}]
    assert "fields=title%2Creference" in page["next"]
    assert page["count"] == 2


def test_an_object_has_the_chosen_fields_and_its_etag(api):
    answer = api("actions/A-1?fields=title")

    assert answer.json() == {"title": "Check the drift"}
    assert answer["ETag"] == api("actions/A-1")["ETag"]


@pytest.mark.parametrize("path", ["actions", "actions/A-1"])
@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("fields=title,colour", "“colour” is no field of a row. Known: id, "),
        ("fields=", "“” is no field of a row. Known: id, "),
        ("fields=title&fields=id", "Send it once, with commas between the names."),
    ],
)
def test_an_unknown_field_is_named(api, path, query, detail):
    answer = api(f"{path}?{query}")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == "fields"
    assert error["detail"].startswith(detail)
