"""The timeline with its comments, and the pages that write them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import SYSTEM, Actor
from people.states import Role
from risklog.operations import risk as risk_operations
from talk.models import Comment, Watch
from talk.operations import comment as operations
from talk.queries.conversation import PAGE_SIZE
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", handle="ana-moreau")
    client.force_login(person)
    return person


@pytest.fixture
def action(ana):
    return actions.action("Check the feed", owner=ana)


def page_of(action) -> str:
    return f"/actions/{action.reference}/"


def on(action, text="Looks fine", **fields) -> dict:
    return {"kind": "action", "object_id": action.pk, "text": text, **fields}


def test_a_posted_comment_stands_in_the_timeline(client, action, ana):
    answer = client.post("/comments/", on(action, "Looks **fine**, @ana-moreau"))

    comment = Comment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{page_of(action)}#comment-{comment.pk}")
    html = client.get(page_of(action)).content.decode()
    assert f'id="comment-{comment.pk}"' in html
    assert "Looks <strong>fine</strong>," in html
    assert f'<a href="/people/{ana.pk}/" rel="noopener nofollow">@Ana Moreau</a>' in html


def test_every_form_of_the_timeline_has_its_token(client, action, ana):
    factory.comment(action.subject, author=ana)
    html = (
        client.get(page_of(action)).content.decode().partition('id="timeline"')[2].partition("</section>")[0]
    )

    assert html.count("<form") == html.count("csrfmiddlewaretoken") == 4


def test_the_toast_names_mentions_of_nobody(client, action, ana):
    posted = client.post("/comments/", on(action, "@nobody-here and @ana-moreau"), follow=True)
    comment = Comment.objects.get()
    text = {"text": "@no-one and `@property`", "version": 1}
    saved = client.post(f"/comments/{comment.pk}/edit/", text, follow=True)
    quiet = client.post("/comments/", on(action, "@ana-moreau"), follow=True)

    assert "Comment posted. Nobody has the handle @nobody-here." in posted.content.decode()
    assert "Comment saved. Nobody has the handle @no-one." in saved.content.decode()
    assert "Nobody has the handle" not in quiet.content.decode()


def test_one_drawn_form_posts_one_comment(client, action):
    for _ in range(2):
        client.post("/comments/", on(action, once="a-key"))

    assert Comment.objects.count() == 1


def test_a_refused_comment_keeps_its_text(client, action):
    answer = client.post("/comments/", on(action, "x" * 10_001))

    assert answer.status_code == 422
    assert "x" * 10_001 in answer.content.decode()
    assert "at most 10000 characters" in answer.content.decode()


@pytest.mark.parametrize("kind", ["action", "nothing", ""])
def test_a_comment_on_what_is_not_there_keeps_its_text(client, ana, kind):
    answer = client.post("/comments/", {"kind": kind, "object_id": 987654, "text": "My remark"})

    assert answer.status_code == 422
    assert "My remark" in answer.content.decode()


def test_a_stranger_cannot_tell_a_hidden_object_from_none(client, ana):
    risk = risks.restricted("Hidden", people.team("Fraud"))
    hidden = client.post("/comments/", {"kind": "risk", "object_id": risk.pk, "text": "Hello"})
    missing = client.post("/comments/", {"kind": "risk", "object_id": 987654, "text": "Hello"})

    assert hidden.status_code == missing.status_code == 422
    assert hidden.context["form"].errors == missing.context["form"].errors
    assert "Hidden" not in hidden.content.decode()


def test_a_restricted_risk_hides_its_comments_at_once(client, ana):
    risk = risks.risk()
    comment = factory.comment(risk.subject, "Canary words", author=ana)
    risk_operations.restrict(risk, teams=[people.team("Fraud")], by=SYSTEM, at=AT)

    for path in ("", "edit/", "history/"):
        assert client.get(f"/comments/{comment.pk}/{path}").status_code == 404
    assert client.post(f"/comments/{comment.pk}/remove/", {"version": 1}).status_code == 404
    assert client.get(f"/api/v1/comments/{comment.pk}").status_code == 404
    assert "Canary" not in client.get("/api/v1/comments").content.decode()


def test_the_tabs_show_comments_or_changes(client, action, ana):
    factory.comment(action.subject, "A remark", author=ana)

    comments = client.get(f"{page_of(action)}?timeline=comments").content.decode()
    changes = client.get(f"{page_of(action)}?timeline=changes").content.decode()

    assert "A remark" in comments
    assert "created this action" not in comments
    assert "A remark" not in changes
    assert "created this action" in changes


def test_earlier_lines_are_on_further_pages(client, action, ana):
    for number in range(PAGE_SIZE + 1):
        factory.comment(
            action.subject, f"Remark no. {number}.", author=ana, at=AT + timedelta(minutes=number + 1)
        )

    first = client.get(page_of(action))
    cursor = first.context["conversation"].earlier
    second = client.get(page_of(action), {"earlier": cursor}).content.decode()

    assert "Remark no. 50." in first.content.decode()
    assert "Remark no. 0." not in first.content.decode()
    assert "Remark no. 0." in second
    assert "created this action" in second
    assert "Newest" in second


def test_the_timeline_costs_the_same_at_one_and_three_comments(client, action, ana):
    factory.comment(action.subject, "@ana-moreau", author=ana)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(action))
        counts.append(len(queries))
        factory.comment(action.subject, "@ana-moreau")
        factory.comment(action.subject, "@ana-moreau")

    assert counts[0] == counts[1]


def test_an_author_edits_and_earlier_texts_are_shown(client, action, ana):
    comment = factory.comment(action.subject, "First words", author=ana)

    answer = client.post(f"/comments/{comment.pk}/edit/", {"text": "Second words", "version": 1})

    assert answer.status_code == 303
    html = client.get(page_of(action)).content.decode()
    assert "Second words" in html
    assert f'href="/comments/{comment.pk}/history/"' in html
    versions = client.get(f"/comments/{comment.pk}/history/").content.decode()
    assert versions.index("Second words") < versions.index("First words")


def test_an_edit_without_a_version_or_of_an_old_one_is_shown_again(client, action, ana):
    comment = factory.comment(action.subject, "First", author=ana)
    operations.change(comment, text="Second", by=Actor(ana, "page"), at=AT)

    stale = client.post(f"/comments/{comment.pk}/edit/", {"text": "Third", "version": 1})
    unversioned = client.post(f"/comments/{comment.pk}/edit/", {"text": "Third"})

    assert (stale.status_code, unversioned.status_code) == (409, 428)
    assert "Third" in stale.content.decode()
    assert "Second" in stale.content.decode()
    assert Comment.objects.get().text == "Second"


def test_a_removal_can_be_undone(client, action, ana):
    comment = factory.comment(action.subject, "Oops", author=ana)

    client.post(f"/comments/{comment.pk}/remove/", {"version": 1})
    assert "This comment was removed." in client.get(page_of(action)).content.decode()
    client.post(f"/comments/{comment.pk}/restore/?version=2")

    assert Comment.objects.get().text == "Oops"


@pytest.mark.parametrize(
    ("role", "edits", "removes"),
    [(Role.MEMBER, 403, 403), (Role.RISK_MANAGER, 403, 403), (Role.ADMINISTRATOR, 403, 303)],
)
def test_who_may_edit_and_remove_comments_of_others(client, action, role, edits, removes):
    comment = factory.comment(action.subject)
    client.force_login(people.user(role=role))

    assert client.get(f"/comments/{comment.pk}/edit/").status_code == edits
    assert client.post(f"/comments/{comment.pk}/remove/", {"version": 1}).status_code == removes


def test_an_author_does_not_restore_what_an_administrator_removed(client, action, ana):
    comment = factory.comment(action.subject, "Rude words", author=ana)
    admin = people.user("Administrator", role=Role.ADMINISTRATOR)
    operations.remove(comment, by=Actor(admin, "page"), at=AT)
    restore = f"/comments/{comment.pk}/restore/"

    assert restore not in client.get(page_of(action)).content.decode()
    assert client.post(f"{restore}?version=2").status_code == 403
    client.force_login(admin)
    assert restore in client.get(page_of(action)).content.decode()
    assert client.post(f"{restore}?version=2").status_code == 303
    assert Comment.objects.get().text == "Rude words"


def test_another_administrator_restores_what_an_author_removed(client, action, ana):
    comment = factory.comment(action.subject, author=ana)
    operations.remove(comment, by=Actor(ana, "page"), at=AT)
    assert f"/comments/{comment.pk}/restore/" in client.get(page_of(action)).content.decode()
    client.force_login(people.user(role=Role.ADMINISTRATOR))

    assert client.post(f"/comments/{comment.pk}/restore/?version=2").status_code == 303


def test_a_viewer_reads_comments_and_writes_none(client, action):
    factory.comment(action.subject, "A remark")
    client.force_login(people.user(role=Role.VIEWER))

    html = client.get(page_of(action)).content.decode()
    assert "A remark" in html
    assert 'class="composer"' not in html
    assert client.post("/comments/", on(action)).status_code == 403


def test_the_preview_says_which_mentions_do_not_work(client, ana):
    team = people.team("Fraud")
    people.member(team, ana)
    people.user("Ben Okafor", handle="ben")
    risk = risks.restricted("Hidden", team)
    client.force_login(type(ana).objects.get(pk=ana.pk))

    text = {"kind": "risk", "object_id": risk.pk, "text": "*Look* @ben @nobody-here"}
    html = client.post("/comments/preview/", text).content.decode()

    assert "Ben Okafor may not see this." in html
    assert '<p class="notice notice-warn">Nobody has the handle @nobody-here.' in html
    assert "<em>Look</em>" in html
    assert not Comment.objects.exists()


def test_suggestions_are_people_who_may_see_the_object(client, ana):
    team = people.team("Fraud")
    people.member(team, ana)
    people.user("Anton Inside", handle="anton", teams=[team])
    people.user("Anders Outside", handle="anders")
    risk = risks.restricted("Hidden", team)
    client.force_login(type(ana).objects.get(pk=ana.pk))

    html = client.get("/comments/people/", {"kind": "risk", "object_id": risk.pk, "q": "an"}).content.decode()

    assert 'data-value="@anton"' in html
    assert 'data-value="@ana-moreau"' in html
    assert "anders" not in html


def test_watching_starts_and_stops_with_a_button(client):
    person = people.user("Wim")
    client.force_login(person)
    action = actions.action()
    assert ">Watch</button>" in client.get(page_of(action)).content.decode()

    client.post("/comments/watch/", {"kind": "action", "object_id": action.pk, "watch": "start"})
    assert ">Watching</button>" in client.get(page_of(action)).content.decode()
    client.post("/comments/watch/", {"kind": "action", "object_id": action.pk, "watch": "stop"})

    assert Watch.objects.get().is_muted
    assert ">Watch</button>" in client.get(page_of(action)).content.decode()


@pytest.mark.parametrize(
    "named", [{}, {"kind": "action", "object_id": "x"}, {"kind": "risk", "object_id": 1}]
)
def test_watching_what_is_not_there_is_not_found(client, ana, named):
    assert client.post("/comments/watch/", {**named, "watch": "start"}).status_code == 404
