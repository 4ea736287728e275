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
