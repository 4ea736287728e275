"""Reactions to comments: operations, pages and API."""

import pytest

from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from notices.models import Message
from people.states import Role
from talk.models import Reaction
from talk.operations import comment as comments
from talk.operations import reaction as operations
from tests.conftest import AT
from tests.factories import actions, people, risks
from tests.factories import talk as factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau")
    client.force_login(person)
    return person


@pytest.fixture
def comment(ana):
    return factory.comment(actions.action("Check the feed").subject, "A remark")


def test_a_reaction_is_given_once_and_taken_back_without_events_and_mails(ana, comment):
    events, by = Event.objects.count(), Actor(ana, "page")
    for _ in range(2):
        operations.react(comment, kind="agree", is_on=True, by=by, at=AT)
    operations.react(comment, kind="seen", is_on=True, by=by, at=AT)
    assert sorted(Reaction.objects.values_list("kind", flat=True)) == ["agree", "seen"]

    operations.toggle(comment, kind="agree", by=by, at=AT)

    assert list(Reaction.objects.values_list("kind", flat=True)) == ["seen"]
    assert (Event.objects.count(), Message.objects.count()) == (events, 0)


def test_an_unknown_reaction_and_a_removed_comment_are_refused(ana, comment):
    by = Actor(ana, "page")
    with pytest.raises(Refused, match="Use one of agree, disagree") as refusal:
        operations.toggle(comment, kind="party", by=by, at=AT)
    assert refusal.value.field == "reaction"
    comments.remove(comment, by=Actor(comment.author, "page"), at=AT)
    with pytest.raises(Refused, match="removed"):
        operations.toggle(comment, kind="agree", by=by, at=AT)


def test_the_page_shows_who_reacted_and_toggles(client, comment, ana):
    operations.react(comment, kind="agree", is_on=True, by=Actor(people.user("Ben"), "page"), at=AT)
    path = f"/comments/{comment.pk}/react/"

    answer = client.post(path, {"reaction": "agree"})
    assert (answer.status_code, answer["Location"]) == (
        303,
        f"/actions/{comment.about.reference}/#comment-{comment.pk}",
    )
    html = client.get(f"/actions/{comment.about.reference}/").content.decode()
    assert 'title="Agree: Ben, Ana Moreau"' in html
    assert 'aria-pressed="true"' in html.partition('value="agree"')[2][:60]

    part = client.post(path, {"reaction": "agree"}, headers={"HX-Request": "true"}).content.decode()
    assert 'title="Agree: Ben"' in part
    assert "<html" not in part


def test_an_unknown_reaction_on_the_page_is_told(client, comment):
    answer = client.post(f"/comments/{comment.pk}/react/", {"reaction": "party"}, follow=True)

    assert "Use one of agree" in answer.content.decode()


def test_a_viewer_sees_reactions_and_gives_none(client, comment, ana):
    operations.react(comment, kind="thanks", is_on=True, by=Actor(ana, "page"), at=AT)
    client.force_login(people.user(role=Role.VIEWER))

    assert 'title="Thanks: Ana Moreau"' in client.get(f"/actions/{comment.about.reference}/").content.decode()
    assert client.post(f"/comments/{comment.pk}/react/", {"reaction": "seen"}).status_code == 403


def test_a_hidden_comment_takes_no_reaction(client, ana):
    risk = risks.restricted("Hidden", people.team("Fraud"))
    comment = factory.comment(risk.subject)

    assert client.post(f"/comments/{comment.pk}/react/", {"reaction": "seen"}).status_code == 404
    assert client.post(f"/api/v1/comments/{comment.pk}/react", {"reaction": "seen"}).status_code in {404, 415}


def test_the_api_reacts_and_shows_reactions(client, comment, ana):
    path = f"/api/v1/comments/{comment.pk}"

    def react(**body):
        return client.post(f"{path}/react", body, content_type="application/json")

    given = react(reaction="unclear")
    assert given.json()["reactions"] == [
        {"reaction": "unclear", "person_id": ana.pk, "person_name": "Ana Moreau"}
    ]
    assert client.get(path).json()["reactions"] == given.json()["reactions"]
    assert client.get("/api/v1/comments").json()["results"][0]["reactions"] == given.json()["reactions"]
    assert react(reaction="unclear", is_on=False).json()["reactions"] == []
    refused = react(reaction="party")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "reaction")
