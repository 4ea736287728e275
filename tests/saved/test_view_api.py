"""The API of saved views."""

import pytest

from tests.factories import people
from tests.factories import saved as make

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


def test_a_view_is_saved_read_changed_deleted_and_restored(client, ana):
    body = {"list": "risks", "name": "Worst", "query": "level=5&limit=3"}
    made = client.post("/api/v1/views", body, content_type=JSON)
    assert (made.status_code, made["Location"]) == (201, f"/api/v1/views/{made.json()['id']}")
    url, tag = made["Location"], made["ETag"]
    assert made.json()["query"] == "level=5"

    assert client.patch(url, {"name": "Bad"}, content_type=JSON).status_code == 428
    changed = client.patch(url, {"name": "Bad"}, content_type=JSON, headers={"If-Match": tag})
    assert changed.json()["name"] == "Bad"
    assert client.delete(url, headers={"If-Match": tag}).status_code == 412
    assert client.delete(url).status_code == 428
    assert client.delete(url, headers={"If-Match": changed["ETag"]}).status_code == 204

    deleted = client.get(url)
    assert deleted.json()["state"] == "deleted"
    assert client.get("/api/v1/views").json()["results"] == []
    restored = client.post(f"{url}/restore", {}, content_type=JSON, headers={"If-Match": deleted["ETag"]})
    assert restored.json()["state"] == "active"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"list": "cakes", "name": "A"}, "list"),
        ({"list": "risks", "name": "A", "query": "level=9"}, "query"),
        ({"list": "risks", "name": "A", "colour": "red"}, "colour"),
        ({"list": "risks"}, "name"),
    ],
)
def test_a_bad_view_is_refused_by_field(client, ana, body, field):
    answer = client.post("/api/v1/views", body, content_type=JSON)

    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["field"] == field


def test_the_list_has_own_and_shared_views(client, ana):
    make.view("Mine", owner=ana)
    shared = make.view("Theirs", is_shared=True)
    hidden = make.view("Hidden")

    def names(query=""):
        return [row["name"] for row in client.get(f"/api/v1/views{query}").json()["results"]]

    assert names() == ["Mine", "Theirs"]
    assert names("?is_shared=true") == ["Theirs"]
    assert names("?owner=me&list=risks") == ["Mine"]
    assert client.get(f"/api/v1/views/{hidden.pk}").status_code == 404
    headers = {"If-Match": "*"}
    assert client.delete(f"/api/v1/views/{shared.pk}", headers=headers).status_code == 403
