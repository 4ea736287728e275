"""The link to one comment, and comments in search."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM, Actor
from risklog.operations import risk as risk_operations
from talk.operations import comment as operations
from talk.queries.conversation import PAGE_SIZE
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


@pytest.mark.parametrize("newer", [0, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE])
@pytest.mark.parametrize("shown", ["all", "comments"])
def test_a_link_leads_to_the_page_of_the_timeline_that_has_the_comment(client, ana, newer, shown):
    action = actions.action("Check the feed")
    comment = factory.comment(action.subject, "This one", author=ana)
    for number in range(newer):
        at = AT + timedelta(minutes=number // 2)  # two of each moment
        factory.comment(action.subject, author=ana, at=at)

    answer = client.get(f"/comments/{comment.pk}/")
    path = f"/actions/{action.reference}/?comment={comment.pk}#comment-{comment.pk}"
    assert (answer.status_code, answer["Location"]) == (302, path)
    html = client.get(path, {"comment": comment.pk, "timeline": shown}).content.decode()

    assert f'id="comment-{comment.pk}"' in html
    assert ("Newest" in html) is (newer >= PAGE_SIZE)
    assert "comment=" not in html.partition('aria-label="Pages of the timeline"')[2].partition("</nav>")[0]


@pytest.mark.parametrize("number", ["999", "x", "9" * 30, "-1", ""])
def test_an_unknown_comment_shows_the_newest_page(client, ana, number):
    action = actions.action("Check the feed")
    factory.comment(action.subject, "A remark")

    html = client.get(f"/actions/{action.reference}/", {"comment": number}).content.decode()

    assert "A remark" in html


# ------------------------------------------------------------------ search


def found(client, **query) -> list[str]:
    groups = client.get("/search/", query).context["groups"]
    return [result.url for group in groups for result in group.results if group.heading == "Comments"]


def test_search_finds_comments_with_the_words_marked_and_a_link(client, ana):
    action = actions.action("Check the feed")
    comment = factory.comment(action.subject, "The **quantile** drifted.\n\n<b>Really</b>", author=ana)

    for text in ("quantile", "quanti", "Drifted quantile", "QUANTILE"):
        assert found(client, q=text) == [f"/comments/{comment.pk}/"], text
    assert found(client, q="quantile nothing") == []
    html = client.get("/search/", {"q": "quantile"}).content.decode()
    assert "<mark>quantile</mark>" in html
    assert "<b>Really" not in html
    assert f"Ana Moreau on {action.title}" in html


def test_search_finds_no_removed_and_no_hidden_comment(client, ana):
    by = Actor(ana, "page")
    removed = factory.comment(actions.action().subject, "Quetzal", author=ana)
    operations.remove(removed, by=by, at=AT)
    risk = risks.risk()
    factory.comment(risk.subject, "Quetzal too", author=ana)
    assert len(found(client, q="quetzal")) == 1

    risk_operations.restrict(risk, teams=[people.team("Fraud")], by=SYSTEM, at=AT)

    assert found(client, q="quetzal") == []
    assert found(client, q="quetzal", kind="comment") == []
    operations.restore(removed, by=by, at=AT)
    assert found(client, q="quetzal") == [f"/comments/{removed.pk}/"]


def test_an_edited_comment_is_found_by_its_current_words(client, ana):
    comment = factory.comment(actions.action().subject, "Before", author=ana)
    operations.change(comment, text="Afterwards", by=Actor(ana, "page"), at=AT)

    assert (found(client, q="before"), len(found(client, q="afterwards"))) == ([], 1)


def test_all_comments_are_a_list_with_pages_filters_and_orders(client, ana):
    action = actions.action("Check the feed")
    for number in range(52):
        at = AT - timedelta(days=60 if number < 3 else 1)
        factory.comment(action.subject, f"Quantile {number}", author=ana, at=at)

    first = client.get("/search/", {"q": "quantile"})
    assert len(found(client, q="quantile")) == 5
    assert "?q=quantile&amp;kind=comment" in first.content.decode()
    page = client.get("/search/", {"q": "quantile", "kind": "comment", "order": "-id"})
    (group,) = page.context["groups"]
    assert len(group.results) == 50
    after = page.context["page"].after
    assert len(found(client, q="quantile", kind="comment", order="-id", after=after)) == 2
    assert len(found(client, q="quantile", kind="comment", active="month")) == 49
    assert client.get("/search/", {"q": "x", "kind": "remark"}).status_code == 400


def test_search_costs_the_same_at_one_and_three_comments(client, ana):
    counts = []
    for _ in range(2):
        factory.comment(actions.action().subject, "Quantile")
        with CaptureQueriesContext(connection) as queries:
            client.get("/search/", {"q": "quantile"})
        counts.append(len(queries))
        factory.comment(actions.action().subject, "Quantile")

    assert counts[0] == counts[1]


def test_the_index_serves_the_words(client, ana):
    factory.comment(actions.action().subject, "Quantile")
    with CaptureQueriesContext(connection) as queries:
        found(client, q="quantile")
    (sql,) = [query["sql"] for query in queries if "@@" in query["sql"] and "talk_comment" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "talk_comment_words" in plan
