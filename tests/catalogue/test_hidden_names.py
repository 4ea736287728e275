"""The name of a model that a person may not see is answered like a reserved one."""

import pytest

from catalogue.models import Model
from catalogue.operations import alias as aliases
from catalogue.operations import model as models
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db
RESERVED = "This name is reserved. Choose another."


@pytest.fixture
def sam():
    people.organisation()
    return people.user("Sam", role=Role.RISK_MANAGER)


@pytest.fixture
def hidden(sam):
    return catalogue.model("fraud-score", viewers=[people.team("Security").subject_id])


@pytest.fixture
def post(client, sam):
    _, text = token.issue(sam, name="ci", scope="write", by=Actor(sam, "page"), at=AT)

    def send(body):
        headers = {"Authorization": f"Bearer {text}"}
        return client.post("/api/v1/models", body, "application/json", headers=headers)

    return send


def told(answer) -> tuple:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["field"], error["detail"]


def test_the_slug_of_a_hidden_model_is_answered_like_a_reserved_one(client, sam, hidden, post):
    reserved = post({"name": "Any", "slug": "new"})
    taken = post({"name": "Any", "slug": "fraud-score"})
    assert told(taken) == told(reserved) == (422, "slug", RESERVED)

    client.force_login(sam)
    form = {"name": "Any", "slug": "fraud-score", "stage": "production", "once": "a" * 32}
    page = client.post("/models/new/", form)
    text = page.content.decode()
    assert page.status_code == 422 and RESERVED in text and "already exists" not in text
    assert Model.objects.count() == 1


def test_the_slug_of_a_visible_model_exists_already(sam, post):
    catalogue.model("fraud-score")
    status, field, message = told(post({"name": "Any", "slug": "fraud-score"}))
    assert (status, field) == (422, "slug") and "already exists" in message
    assert "already exists" in told(post({"name": "Fraud score"}))[2]


@pytest.mark.parametrize("name", ["Fraud score", "fraud-score"])
def test_a_slug_that_nobody_chose_is_numbered_beside_a_hidden_one(hidden, post, name):
    made = post({"name": name})
    assert made.status_code == 201 and made.json()["slug"] == "fraud-score-2"
    assert post({"name": name + " b"}).json()["slug"] == "fraud-score-b"


def test_the_alias_of_a_hidden_model_is_reserved_too(hidden, sam, post):
    aliases.add(hidden, name="fs", by=SYSTEM, at=AT)
    assert told(post({"name": "Any", "slug": "fs"})) == (422, "slug", RESERVED)
    assert post({"name": "FS"}).json()["slug"] == "fs-2"
    own = catalogue.model("other")
    for name in ("fs", "fraud-score", "Fraud Score"):
        with pytest.raises(Refused, match=RESERVED) as refusal:
            aliases.add(own, name=name, by=Actor(sam, "page"), at=AT)
        assert refusal.value.field == "name"


def test_another_spelling_of_a_hidden_alias_is_numbered(hidden, post):
    aliases.add(hidden, name="credit pd", by=SYSTEM, at=AT)

    made = post({"name": "Credit_PD"})

    assert (made.status_code, made.json()["slug"]) == (201, "credit-pd-2")


def test_who_sees_the_model_is_told_that_it_exists(hidden, sam):
    insider = people.user("Ina", teams=[people.Team.objects.get(name="Security")])
    for by in (SYSTEM, Actor(insider, "page")):
        with pytest.raises(Refused, match="already exists"):
            models.add(name="Any", slug="fraud-score", by=by, at=AT)
