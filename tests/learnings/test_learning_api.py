"""Learnings by API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learnings.api.learning import LearningRow
from learnings.queries import learning as queries
from tests.factories import actions, learnings, people

pytestmark = pytest.mark.django_db
LIST = "/api/v1/learnings"


@pytest.fixture
def ana(client):
    person = people.user("Ana")
    client.force_login(person)
    return person


def test_the_row_read_is_the_row_the_serializer_declares(client, ana):
    learnings.draft("Draft")
    learnings.published("Taught", tags=["drift"], about=actions.action().subject)

    rows = client.get(f"{LIST}?order=id").json()["results"]

    assert [dict(LearningRow(row).data) for row in queries.learnings().order_by("id")] == rows
    assert client.get(f"{LIST}/{rows[1]['reference']}").json() == rows[1]


def test_the_list_costs_the_same_at_one_and_three_rows(client, ana):
    about = actions.action("Root").subject
    counts = []
    for _ in range(2):
        learnings.published(about=about)
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        counts.append(len(found))
        learnings.published(about=about)

    assert counts[0] == counts[1]


def test_the_list_is_filtered(client, ana):
    draft = learnings.draft()
    taught = learnings.published(tags=["drift"])

    for query, found in (
        ("state=draft", draft),
        ("tag=Drift", taught),
        ("tag=unused,drift", taught),
        (f"author={taught.author_id}", taught),
    ):
        assert [row["id"] for row in client.get(f"{LIST}?{query}").json()["results"]] == [found.pk]


def test_subjects_and_restricted_rows_are_shown_only_to_those_who_may_see_them(client, ana):
    team = people.team()
    secret = actions.action("Canary", viewers=[team.subject_id])
    learnings.published("Open", about=secret.subject, viewers=[ana.subject_id])
    hidden = learnings.published("Hidden", viewers=[team.subject_id])

    (row,) = client.get(LIST).json()["results"]

    assert (row["title"], row["about_reference"]) == ("Open", None)
    assert client.get(f"{LIST}/{hidden.reference}").status_code == 404


def test_a_learning_is_written_changed_and_published_by_api(client, ana):
    root = actions.action("Root")
    body = {"title": "Late labels", "about": root.reference, "tags": ["Drift"], "seen": "They came late."}

    made = client.post(LIST, body, "application/json", headers={"Idempotency-Key": "one"})
    again = client.post(LIST, body, "application/json", headers={"Idempotency-Key": "one"})
    second = client.post(LIST, body, "application/json")

    assert (made.status_code, made.json()["author_name"], made.json()["tags"]) == (201, "Ana", ["drift"])
    assert made.content == again.content
    assert (second.status_code, second.json()["errors"][0]["field"]) == (422, "about")
    address = made["Location"]
    assert client.patch(address, {"title": "X"}, "application/json").status_code == 428
    changed = client.patch(
        address, {"title": "Labels came late"}, "application/json", headers={"If-Match": made["ETag"]}
    )
    stale = client.patch(address, {"title": "X"}, "application/json", headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["title"], stale.status_code) == (200, "Labels came late", 412)
    told = client.post(f"{address}/publish", {}, "application/json", headers={"If-Match": changed["ETag"]})
    assert (told.status_code, told.json()["state"]) == (200, "published")


def test_steps_by_api(client, ana):
    draft = learnings.draft()
    address, tag = f"{LIST}/{draft.reference}", {"If-Match": client.get(f"{LIST}/{draft.reference}")["ETag"]}
    states = []
    for step, body in (
        ("take", {}), ("discard", {"reason": "Said before"}), ("restore", {}), ("publish", {}),
        ("withdraw", {}),
    ):  # fmt: skip
        answer = client.post(f"{address}/{step}", body, "application/json", headers=tag)
        assert answer.status_code == 200, (step, answer.content)
        tag = {"If-Match": answer["ETag"]}
        states.append(answer.json()["state"])

    assert states == ["draft", "discarded", "draft", "published", "draft"]
    assert client.post(f"{address}/withdraw", {}, "application/json", headers=tag).status_code == 409


def test_any_member_says_whether_it_worked_and_the_answer_says_who_and_when(client, ana):
    taught = learnings.published()
    tag = {"If-Match": client.get(f"{LIST}/{taught.reference}")["ETag"]}
    address = f"{LIST}/{taught.reference}"

    refused = client.patch(address, {"verdict": "worked"}, "application/json", headers=tag)
    wrong = client.post(f"{address}/judge", {"verdict": "great"}, "application/json", headers=tag)
    judged = client.post(f"{address}/judge", {"verdict": "did_not"}, "application/json", headers=tag)

    assert (refused.status_code, wrong.status_code, judged.status_code) == (403, 400, 200)
    row = judged.json()
    assert (row["verdict"], row["verdict_by_name"], row["verdict_at"]) == (
        "did_not",
        "Ana",
        "2026-11-23T10:00:00Z",
    )
    back = client.post(
        f"{address}/judge", {"verdict": ""}, "application/json", headers={"If-Match": judged["ETag"]}
    )
    assert (back.json()["verdict_by_id"], back.json()["verdict_at"]) == (None, None)


def test_a_reader_who_may_not_see_the_source_cannot_name_it(client, ana):
    secret = actions.action("Canary", viewers=[people.team().subject_id])

    for reference in (secret.reference, "A-99999"):
        answer = client.post(LIST, {"title": "X", "about": reference}, "application/json")
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (400, "about")
        assert error["detail"] == f"There is no object “{reference}”."
