"""The inventory by API."""

import json

import pytest

from catalogue.api.model import ModelRow
from catalogue.models import Model
from kit.actor import SYSTEM
from people.operations import token
from people.states import Role
from tests.conftest import AT
from tests.factories import catalogue, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client):
    person = people.user("Ana", role=Role.RISK_MANAGER)
    _, text = token.issue(person, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, address, body=None, **headers):
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(
            f"/api/v1/{address}", **sent, headers={"Authorization": f"Bearer {text}", **headers}
        )

    return call


def test_a_model_is_registered_read_changed_and_moved(api):
    team = people.team("Fraud")

    made = api("post", "models", {"name": "Fraud score", "owner_team": "fraud", "tier": 1})
    assert made.status_code == 201
    assert made["Location"] == "/api/v1/models/fraud-score"
    read = api("get", "models/fraud-score")
    assert (read.json()["owner_team_id"], read.json()["owner_team_slug"]) == (team.pk, "fraud")

    changed = api("patch", "models/fraud-score", {"purpose": "Cards."}, **{"If-Match": read["ETag"]})
    assert changed.json()["purpose"] == "Cards."
    assert api("patch", "models/fraud-score", {"purpose": "x"}).status_code == 428
    assert (
        api("patch", "models/fraud-score", {"purpose": "x"}, **{"If-Match": read["ETag"]}).status_code == 412
    )
    moved = api("post", "models/fraud-score/stage", {"stage": "retired"}, **{"If-Match": changed["ETag"]})
    assert moved.json()["stage"] == "retired"


def test_the_list_is_filtered_and_equal_to_the_serializer(api):
    people.team("Fraud")
    catalogue.model("a", tier=1)
    catalogue.model("b", tier=2, stage="retired")

    rows = api("get", "models").json()["results"]

    assert rows == json.loads(json.dumps(ModelRow(Model.objects.order_by("name"), many=True).data))
    assert [row["slug"] for row in api("get", "models?stage=production").json()["results"]] == ["a"]
    assert api("get", "models?stage=odd").status_code == 400


def test_a_strangers_model_is_not_there(api):
    catalogue.model("secret", viewers=[people.user().subject_id])

    assert api("get", "models").json()["results"] == []
    assert api("get", "models/secret").status_code == 404
