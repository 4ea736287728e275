"""Files by API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk.api.file import FileRow
from talk.models import File
from talk.queries import file as queries
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db
LIST = "/api/v1/files"


@pytest.fixture
def ana(client):
    person = people.user("Ana")
    client.force_login(person)
    return person


def post(client, about, file=None, **headers):
    data = {"about": about, "file": file or factory.content()}
    return client.post(LIST, data, headers=headers)


def test_the_row_read_is_the_row_the_serializer_declares(client, ana):
    factory.file(actions.action().subject, author=ana)
    factory.file(risks.model().subject, "a.png", factory.PNG)

    rows = client.get(f"{LIST}?order=id").json()["results"]

    assert [dict(FileRow(file).data) for file in queries.files().order_by("id")] == rows


def test_a_file_is_attached_read_removed_and_restored(client, ana):
    made = post(client, actions.action().reference, factory.content("a.png", factory.PNG))
    assert (made.status_code, made.json()["media_type"]) == (201, "image/png")
    item = made["Location"]
    assert client.get(item).json() == made.json()
    content = client.get(f"{item}/content")
    assert b"".join(content.streaming_content) == factory.PNG
    assert client.get(item, headers={"If-None-Match": made["ETag"]}).status_code == 304

    missing = client.post(f"{item}/remove", "{}", content_type="application/json")
    removed = client.post(
        f"{item}/remove", "{}", content_type="application/json", headers={"If-Match": made["ETag"]}
    )
    assert (missing.status_code, removed.json()["state"]) == (428, "removed")
    assert client.get(f"{item}/content").status_code == 404
    restored = client.post(
        f"{item}/restore", "{}", content_type="application/json", headers={"If-Match": removed["ETag"]}
    )
    assert restored.json()["state"] == "attached"


def test_what_has_no_reference_is_named_by_kind_and_id(client, ana):
    model = risks.model()

    answer = post(client, f'{{"kind": "model", "id": {model.pk}}}')

    assert answer.json()["about_title"] == model.name


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"file": "new"}, 400, "about"),
        ({"about": "R-999", "file": "new"}, 400, "about"),
        ({"about": "14", "file": "new"}, 400, "about"),
        ({"about": "{", "file": "new"}, 400, "about"),
        ({"about": "A-1"}, 400, "file"),
        ({"about": "A-1", "file": "some text"}, 400, "file"),
        ({"about": ["A-1", "A-2"], "file": "new"}, 400, "about"),
        ({"about": "A-1", "file": "new", "name": "b"}, 400, "name"),
        ({"about": "A-1", "file": "empty"}, 422, "file"),
        ({"about": "A-1", "file": "wrong"}, 422, "file"),
    ],
)
def test_a_bad_body_is_refused_by_field(client, ana, body, status, field):
    action = actions.action()
    files = {
        "new": factory.content(),
        "empty": factory.content("a.txt", b""),
        "wrong": factory.content("a.pdf", factory.PNG),
    }
    data = {
        name: files.get(value, action.reference if value == "A-1" else value)
        if isinstance(value, str)
        else value
        for name, value in body.items()
    }

    answer = client.post(LIST, data)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert not File.objects.exists()


def test_a_file_above_the_limit_is_answered_with_413(client, ana, settings, stored):
    settings.FILE_LIMIT = 2**20
    answer = post(client, actions.action().reference, factory.content("a.txt", b"x" * (2**20 + 1)))

    assert (answer.status_code, answer.json()["detail"]) == (413, "The file is larger than 1 MB.")
    assert not stored.exists()


def test_a_body_that_is_no_form_is_answered_with_415(client, ana):
    answer = client.post(LIST, "{}", content_type="application/json")

    assert (answer.status_code, answer.json()["detail"]) == (
        415,
        "Send the body with Content-Type: multipart/form-data.",
    )


def test_an_equal_request_with_one_key_attaches_once(client, ana, stored):
    about = actions.action().reference
    answers = [post(client, about, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    other = post(client, about, factory.content(data=b"Other notes\n"), **{"Idempotency-Key": "k1"})

    assert answers[0].json() == answers[1].json()
    assert other.status_code == 422
    assert File.objects.count() == len([path for path in stored.rglob("*") if path.is_file()]) == 1


def test_the_list_is_filtered_and_costs_the_same_at_one_and_three_rows(client, ana):
    action, other = actions.action(), actions.action()
    factory.file(action.subject, "Drift in May.txt", author=ana)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        counts.append(len(found))
        factory.file(other.subject, "a.png", factory.PNG)
        factory.file(other.subject)

    assert counts[0] == counts[1]
    assert client.get(f"{LIST}?about={action.reference}").json()["count"] == 1
    assert client.get(f"{LIST}?author={ana.pk}&q=drift").json()["count"] == 1
    assert client.get(f"{LIST}?media_type=image/png&state=attached").json()["count"] == 2
    assert client.get(f"{LIST}?nothing=1").status_code == 400
