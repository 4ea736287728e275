"""Search by API: kinds, models, time, comments, visibility, paging."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import Actor
from talk.operations import comment
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana")
    client.force_login(person)
    return person


def found(client, **query):
    answer = client.get("/api/v1/search", query)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_a_result_has_its_kind_page_and_the_text_around_the_words(client, ana):
    risk = risks.risk("Late labels", description="The quokka feed is <b>late</b>")

    assert found(client, q="quokka") == [
        {
            "id": risk.subject_id,
            "kind": "risk",
            "object_id": risk.pk,
            "reference": risk.reference,
            "title": "Late labels",
            "is_retired": False,
            "url": f"/risks/{risk.reference}/",
            "fragment": "<mark>quokka</mark> feed is  late · Data drift",
        }
    ]


def test_results_are_narrowed_by_kind_model_and_time(client, ana):
    model = risks.model("Quokka scoring")
    risk = risks.risk("Quokka drift", model=model)
    risks.risk("Quokka of no model")

    assert {row["kind"] for row in found(client, q="quokka", model=model.slug)} == {"risk", "model"}
    rows = found(client, q="quokka", model=model.slug, kind="risk")
    assert [row["reference"] for row in rows] == [risk.reference]
    assert found(client, q="quokka", since=(AT + timedelta(days=1)).date().isoformat()) == []
    assert len(found(client, q="quokka", since=AT.date().isoformat(), kind="risk")) == 2
    assert found(client, q="quokka", model="no-such-model") == []


def test_comments_are_found_as_a_kind(client, ana):
    risk = risks.risk("Late labels")
    said = comment.add(about=risk.subject, text="A quokka was seen", by=Actor(ana, "page"), at=AT)

    (row,) = found(client, q="quokka", kind="comment")

    assert (row["id"], row["reference"], row["title"]) == (said.pk, risk.reference, "Late labels")
    assert (row["url"], row["fragment"]) == (f"/comments/{said.pk}/", "<mark>quokka</mark> was seen")
    assert found(client, q="quokka", kind="comment", model="no-such-model") == []


def test_what_is_restricted_is_not_found(client, ana):
    team = people.team("Vault")
    secret = risks.restricted("Quokka in the vault", team)
    insider = people.user("Ben")
    comment.add(about=secret.subject, text="quokka", by=Actor(insider, "page"), at=AT)
    hidden = risks.model("Hidden", viewers=[team.subject_id])
    risks.risk("Quokka in the open", model=hidden, viewers=[ana.subject_id])

    assert [row["title"] for row in found(client, q="quokka")] == ["Quokka in the open"]
    assert found(client, q="quokka", kind="comment") == []
    assert found(client, q="quokka", model=hidden.slug) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "q"),
        ({"q": "x", "kind": "colour"}, "kind"),
        ({"q": "x", "since": "soon"}, "since"),
        ({"q": ""}, "q"),
    ],
)
def test_a_wrong_query_is_named(client, ana, query, field):
    answer = client.get("/api/v1/search", query)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize("kind", ["risk", "comment"])
def test_results_have_pages_and_a_constant_number_of_queries(client, ana, kind):
    def queries(number):
        for n in range(number):
            risk = risks.risk(f"Quokka {n}")
            comment.add(about=risk.subject, text=f"quokka {n}", by=Actor(ana, "page"), at=AT)
        client.get("/api/v1/search", {"q": "quokka", "kind": kind})
        with CaptureQueriesContext(connection) as captured:
            found(client, q="quokka", kind=kind)
        return len(captured)

    assert queries(1) == queries(2)
    rows, url = [], f"/api/v1/search?q=quokka&kind={kind}&limit=1"
    while url:
        page = client.get(url).json()
        rows += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(rows) == len(set(rows)) == 3
