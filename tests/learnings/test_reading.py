"""What a person has read of the feed."""

from datetime import timedelta

import pytest

from kit.actor import SYSTEM, Actor
from learnings.operations import learning as learning_operations
from learnings.operations import reading as operations
from learnings.queries import learning as queries
from tests.factories import learnings, people

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def unread(user) -> list[str]:
    rows = list(queries.published(user))
    queries.set_unread(user, rows)
    found = [row.title for row in rows if row.is_unread]
    assert len(found) == queries.unread_count(user)
    return found


def test_what_others_publish_is_unread_until_it_is_read(at):
    ana, by = people.user(), {"at": at + HOUR}
    first = learnings.published("First")
    learnings.published("Second")
    learnings.published("Mine", author=ana)
    learnings.draft("Not yet")
    assert unread(ana) == ["Second", "First"]

    operations.read(first, by=Actor(ana, "page"), **by)
    operations.read(first, by=Actor(ana, "page"), **by)

    assert unread(ana) == ["Second"]
    assert unread(people.user()) == ["Mine", "Second", "First"]


def test_all_are_read_until_something_new_or_published_again(at):
    ana, first = people.user(), learnings.published("First")
    operations.read_all(by=Actor(ana, "page"), at=at + HOUR)
    operations.read_all(by=Actor(ana, "page"), at=at + HOUR)
    assert unread(ana) == []

    learnings.published("New", at=at + 2 * HOUR)
    learning_operations.withdraw(first, by=SYSTEM, at=at + 2 * HOUR)
    learning_operations.publish(first, by=SYSTEM, at=at + 3 * HOUR)

    assert unread(ana) == ["First", "New"]


def test_the_feed_marks_the_unread_and_a_page_is_read_when_it_has_loaded(client, ana, at, move_clock):
    taught = learnings.published("Warm the cache")
    page = client.get(f"/learnings/{taught.reference}/").content.decode()
    assert f'hx-post="/learnings/{taught.reference}/read/"' in page
    mark = "</svg>Unread</span>"  # of a learning; the list has a view of this name too
    assert mark in client.get("/learnings/").content.decode()
    move_clock(at + HOUR)

    assert client.post(f"/learnings/{taught.reference}/read/").status_code == 204

    assert (
        "hx-post" not in client.get(f"/learnings/{taught.reference}/").content.decode().split("<article")[0]
    )
    assert mark not in client.get("/learnings/").content.decode()


def test_the_list_of_learnings_leaves_the_number_of_the_inbox_in_the_navigation(client, ana):
    learnings.published()

    page = client.get("/learnings/")

    assert page.context["may_mark_read"] and "Mark all as read" in page.content.decode()
    assert page.context["unread_count"] == client.get("/risks/").context["unread_count"] == ""  # none


def test_marking_all_by_page_and_by_api(client, ana, at, move_clock):
    learnings.published()
    list_of_unread = "/api/v1/learnings?reading=unread"
    assert len(client.get(list_of_unread).json()["results"]) == 1
    move_clock(at + HOUR)

    assert client.post("/learnings/read/").status_code == 303
    assert client.get(list_of_unread).json()["results"] == []
    taught = learnings.published(at=queries.published(ana)[0].published_at + 2 * HOUR)
    move_clock(at + 3 * HOUR)
    step = f"/api/v1/learnings/{taught.reference}/read"
    assert client.post(step, {}, "application/json").status_code == 200
    assert client.get(list_of_unread).json()["results"] == []
    assert client.post("/api/v1/learnings/read-all", {}, "application/json").status_code == 204
