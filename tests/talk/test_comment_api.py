"""Comments and watches by API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.actor import Actor
from people.states import Role
from talk.api.comment import CommentRow
from talk.models import Comment
from talk.operations import comment as operations
from talk.queries import comment as queries
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db
LIST = "/api/v1/comments"


@pytest.fixture
def ana(client):
    person = people.user("Ana", handle="ana")
    client.force_login(person)
    return person


def send(client, method, path, body=None, **headers):
    return getattr(client, method)(path, body, content_type="application/json", headers=headers)


def test_the_row_read_is_the_row_the_serializer_declares(client, ana):
    edited = factory.comment(actions.action().subject, "First", author=ana)
    operations.change(edited, text="Second @ana", by=Actor(ana, "page"), at=AT)
    factory.comment(risks.model().subject, author=ana)

    rows = client.get(f"{LIST}?order=id").json()["results"]

    comments = list(queries.comments().order_by("id"))
    for comment in comments:
        comment.unknown_mentions = []
    assert [dict(CommentRow(comment).data) for comment in comments] == rows


def test_a_comment_is_posted_changed_removed_and_restored(client, ana):
    action = actions.action()
    made = send(client, "post", LIST, {"about": action.reference, "text": "Hello @ana"})
    assert (made.status_code, made.json()["mentioned_ids"]) == (201, [ana.pk])
    item = made["Location"]
    assert client.get(item).json() == made.json()

    changed = send(client, "patch", item, {"text": "Better"}, **{"If-Match": made["ETag"]})
    removed = send(client, "post", f"{item}/remove", {}, **{"If-Match": changed["ETag"]})
    restored = send(client, "post", f"{item}/restore", {}, **{"If-Match": removed["ETag"]})

    assert [answer.json()["text"] for answer in (changed, removed, restored)] == ["Better", "", "Better"]


def test_the_answer_names_handles_that_mention_nobody(client, ana):
    about = actions.action().reference
    gone = people.user("Gone", handle="gone")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    made = send(client, "post", LIST, {"about": about, "text": "@nobody-here, @ana, @gone, `@code`"})
    item = made["Location"]
    assert (made.status_code, made.json()["unknown_mentions"]) == (201, ["nobody-here", "gone"])
    assert client.get(item).json() == made.json()

    changed = send(client, "patch", item, {"text": "@ana @no-one"}, **{"If-Match": made["ETag"]})

    assert changed.json()["unknown_mentions"] == ["no-one"]


def test_an_author_does_not_restore_what_an_administrator_removed(client, ana):
    comment = factory.comment(actions.action().subject, "Rude words", author=ana)
    admin = people.user("Administrator", role=Role.ADMINISTRATOR)
    operations.remove(comment, by=Actor(admin, "api"), at=AT)
    restore = f"{LIST}/{comment.pk}/restore"

    assert send(client, "post", restore, {}, **{"If-Match": "*"}).status_code == 403
    client.force_login(admin)
    assert send(client, "post", restore, {}, **{"If-Match": "*"}).json()["text"] == "Rude words"


def test_an_empty_change_leaves_the_comment_as_it_is(client, ana):
    comment = factory.comment(actions.action().subject, "Kept", author=ana)
    item = f"{LIST}/{comment.pk}"

    same = send(client, "patch", item, {}, **{"If-Match": client.get(item)["ETag"]})

    assert (same.status_code, same.json()["text"], same.json()["edited_at"]) == (200, "Kept", None)
    assert send(client, "patch", item, {}, **{"If-Match": '"comment-1-9"'}).status_code == 412


def test_a_change_needs_the_version_that_was_read(client, ana):
    comment = factory.comment(actions.action().subject, "Kept", author=ana)
    item = f"{LIST}/{comment.pk}"

    assert send(client, "patch", item, {"text": "x"}).status_code == 428
    assert send(client, "patch", item, {"text": "x"}, **{"If-Match": '"comment-1-9"'}).status_code == 412
    assert Comment.objects.get().text == "Kept"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "Hello"}, "about"),
        ({"about": "R-999", "text": "Hello"}, "about"),
        ({"about": 14, "text": "Hello"}, "about"),
        ({"about": "A-1"}, "text"),
        ({"about": "A-1", "text": " "}, "text"),
        ({"about": "A-1", "text": "x" * 10_001}, "text"),
        ({"about": "A-1", "text": "Hello", "author": 3}, "author"),
    ],
)
def test_a_bad_body_is_refused_by_field(client, ana, body, field):
    action = actions.action()
    body = {**body, "about": action.reference} if body.get("about") == "A-1" else body

    answer = send(client, "post", LIST, body)

    assert answer.status_code in {400, 422}
    assert field in answer.content.decode()
    assert not Comment.objects.exists()


def test_an_equal_request_with_one_key_posts_one_comment(client, ana):
    body = {"about": actions.action().reference, "text": "Once"}
    answers = [send(client, "post", LIST, body, **{"Idempotency-Key": "k1"}) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert Comment.objects.count() == 1


def test_the_list_is_filtered_and_costs_the_same_at_one_and_three_rows(client, ana):
    action, other = actions.action(), actions.action()
    factory.comment(action.subject, "Drift in May @ana", author=ana)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        counts.append(len(found))
        factory.comment(other.subject, "@ana @nobody-here")
        factory.comment(other.subject, "@ana")

    assert counts[0] == counts[1]
    assert client.get(f"{LIST}?about={action.reference}").json()["count"] == 1
    assert client.get(f"{LIST}?author={ana.pk}&q=drift").json()["count"] == 1
    assert client.get(f"{LIST}?nothing=1").status_code == 400


def test_watches_are_ones_own_and_set_once_an_object(client, ana):
    action = actions.action()
    factory.comment(action.subject)  # its author watches
    path = "/api/v1/watches"

    first = send(client, "post", path, {"about": action.reference})
    second = send(client, "post", path, {"about": action.reference, "is_muted": True})

    assert (first.status_code, first.json()["is_muted"], second.json()["is_muted"]) == (200, False, True)
    rows = client.get(path).json()["results"]
    assert [(row["about_reference"], row["is_muted"]) for row in rows] == [(action.reference, True)]
