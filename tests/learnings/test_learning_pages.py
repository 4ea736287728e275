"""The pages of learnings, and the Atom feed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from history.models import Event
from kit.actor import SYSTEM
from learnings.models import Learning
from learnings.operations import learning as operations
from people.states import Role
from tests.factories import actions, learnings, people

pytestmark = pytest.mark.django_db
LIST = "/learnings/"


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def address(learning: Learning, name: str = "detail", *more: str) -> str:
    return reverse(f"learnings:learning_{name}", args=[learning.reference, *more])


def titles(answer) -> list[str]:
    return [row.title for row in answer.context["page"].rows]


def test_the_feed_shows_the_published_newest_first(client, ana, at):
    learnings.published("Older")
    learnings.published("Newer", at=at + timedelta(days=1))
    learnings.draft("Not yet")

    assert titles(client.get(LIST)) == ["Newer", "Older"]


def test_the_drafts_tab_shows_mine_and_those_without_an_author(client, ana):
    learnings.draft("Mine", author=ana)
    learnings.draft("Nobody's")
    learnings.draft("Wei's", author=people.user("Wei"))
    learnings.discarded(title="Gone")

    assert titles(client.get(LIST + "?show=drafts")) == ["Nobody's", "Mine"]
    assert titles(client.get(LIST + "?show=mine")) == ["Mine"]
    assert titles(client.get(LIST + "?show=discarded")) == ["Gone"]
    assert "Draft without an author" in client.get(LIST + "?show=drafts").content.decode()


@pytest.mark.parametrize("path", [LIST, LIST + "?q=drift&tag=drift", "/learnings/feed.atom"])
def test_pages_cost_the_same_at_one_and_three_rows(client, ana, path):
    about = actions.action("Root").subject
    counts = []
    for _ in range(2):
        learnings.published("Drift", tags=["drift"], about=about)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        counts.append(len(queries))
        learnings.published("Drift too", tags=["drift"], about=about)

    assert counts[0] == counts[1]


def test_search_finds_all_words_anywhere_and_the_tag(client, ana):
    learnings.published("Score drift", seen="The upstream job was late.", tags=["latency"])
    learnings.published("Other", seen="The upstream job was early.")

    assert titles(client.get(LIST + "?q=late+DRIFT")) == ["Score drift"]
    assert titles(client.get(LIST + "?q=latency")) == ["Score drift"]
    assert titles(client.get(LIST + "?tag=latency")) == ["Score drift"]
    assert titles(client.get(LIST + "?q=nothing")) == []
    assert client.get(LIST).context["tags"] == [("latency", 1)]


def test_the_list_refuses_what_it_does_not_know(client, ana):
    for query in ("show=x", "verdict=x", "tags=x", "order=x"):
        assert client.get(f"{LIST}?{query}").status_code == 400, query


def test_odd_words_and_cursors_are_no_error(client, ana):
    learnings.published()
    for query in ("after=zzz", "after=WzEsMl0", "after=WyJ4IiwgMV0", "q=%25_", "tag=%25"):
        assert client.get(f"{LIST}?{query}").status_code == 200, query


def test_a_restricted_learning_is_not_found_by_strangers(client, ana):
    team = people.team()
    hidden = learnings.published("Canary", author=people.user(teams=[team]), viewers=[team.subject_id])

    for method, name, more in (("get", "detail", []), ("get", "edit", []), ("post", "step", ["withdraw"])):
        assert getattr(client, method)(address(hidden, name, *more)).status_code == 404
    for path in (LIST, LIST + "?q=canary", "/learnings/feed.atom"):
        assert "Canary" not in client.get(path).content.decode()


def test_the_source_of_a_learning_is_shown_only_to_those_who_may_see_it(client, ana):
    secret = actions.action("Canary", viewers=[people.team().subject_id])
    open_one = learnings.published("Open", about=secret.subject, viewers=[ana.subject_id])

    for path in (LIST, address(open_one)):
        assert "Canary" not in client.get(path).content.decode()


def test_taking_writing_and_publishing_a_draft(client, ana):
    draft = learnings.draft("Drafted")
    client.post(address(draft, "step", "take"), {"version": 1})
    form = {"title": "Better", "seen": "It drifted.", "tags": "Drift, late jobs", "version": 2}

    answer = client.post(address(draft, "edit"), {**form, "then": "publish"})

    assert answer.status_code == 303
    draft.refresh_from_db()
    assert (draft.title, draft.state, draft.author, draft.tags) == (
        "Better",
        "published",
        ana,
        ["drift", "late jobs"],
    )
    published = Event.objects.get(verb="learnings.learning_published")
    assert published.data["rows"][0]["changes"]["title"] == ["Drafted", "Better"]


def test_an_edit_is_kept_or_both_texts_are_shown(client, ana, at):
    draft = learnings.draft("Old", author=ana)
    operations.change(draft, {"seen": "Theirs"}, by=SYSTEM, at=at)

    answer = client.post(address(draft, "edit"), {"title": "Old", "seen": "Mine", "version": 1})

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theirs" in page
    assert "Mine" in page


def test_publishing_without_a_text_names_the_fix(client, ana):
    draft = learnings.draft(seen="", author=ana)

    answer = client.post(address(draft, "step", "publish"), {"version": 1})
    editor = client.post(address(draft, "edit"), {"title": "X", "version": 1, "then": "publish"})

    assert (answer.status_code, editor.status_code) == (422, 422)
    assert "Describe what happened" in answer.content.decode()
    assert "seen" in editor.context["form"].errors


def test_a_preview_is_clean_and_keeps_nothing(client, ana):
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"

    answer = client.post("/learnings/preview/", {"seen": text}, headers={"HX-Request": "true"})

    page = answer.content.decode()
    assert "<strong>Bold</strong>" in page
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert not Learning.objects.exists()


def test_a_new_learning_names_its_source(client, ana):
    root = actions.action("Root")

    answer = client.post("/learnings/new/", {"title": "Taught", "about": root.reference})

    made = Learning.objects.get()
    assert (answer.status_code, answer.url) == (303, address(made))
    assert (made.about, made.author, made.state) == (root.subject, ana, "draft")


def test_a_second_draft_about_the_same_is_refused_on_its_field(client, ana):
    root = actions.action("Root")
    learnings.draft(about=root.subject)

    answer = client.post("/learnings/new/", {"title": "Twin", "about": root.reference})

    assert answer.status_code == 422
    assert "about" in answer.context["form"].errors


def test_steps_offer_their_undo(client, ana):
    draft = learnings.draft(author=ana)

    for step, back, state in (("publish", "withdraw", "published"), ("withdraw", "publish", "draft")):
        answer = client.post(address(draft, "step", step), {"version": draft.version}, follow=True)
        assert address(draft, "step", back) in answer.content.decode()
        draft.refresh_from_db()
        assert draft.state == state


@pytest.mark.parametrize(
    ("role", "is_author", "may"),
    [
        (Role.MEMBER, True, True),
        (Role.MEMBER, False, False),
        (Role.RISK_MANAGER, False, True),
        (Role.VIEWER, False, False),
    ],
)
def test_who_may_change_a_learning(client, role, is_author, may):
    person = people.user(role=role)
    draft = learnings.draft(author=person if is_author else people.user())
    client.force_login(person)

    assert client.post(address(draft, "step", "discard"), {"version": 1}).status_code == (303 if may else 403)
    assert client.get(address(draft)).status_code == 200


def test_the_atom_feed_reads_as_atom(client, ana):
    learnings.published("Score & drift", seen="*It* drifted.")

    answer = client.get("/learnings/feed.atom")

    feed = ElementTree.fromstring(answer.content)  # noqa: S314
    atom = {"a": "http://www.w3.org/2005/Atom"}
    assert [entry.findtext("a:title", namespaces=atom) for entry in feed.findall("a:entry", atom)] == [
        "Score & drift"
    ]


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_begins_one_draft():
    people.organisation()
    ana = people.user("Ana")

    def send(_) -> str:
        client = Client()
        client.force_login(ana)
        try:
            return client.post("/learnings/new/", {"title": "Taught", "once": "k1"}).url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        urls = set(pool.map(send, range(6)))

    assert urls == {address(Learning.objects.get())}
