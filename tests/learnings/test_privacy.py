"""The privacy constraints of a model act on the learnings about it."""

import pytest

from kit.actor import SYSTEM, Actor
from learnings.operations import learning as operations
from tests.factories import catalogue, learnings, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def guarded():
    """A model whose risks and learnings only its team sees by default."""
    team = people.team("Credit")
    return catalogue.model(owner_team=team, has_personal_data=True, privacy=["restricted"])


def test_a_learning_about_such_a_model_is_restricted_to_its_team_by_default(guarded):
    author, team = people.user("Ana"), guarded.owner_team

    made = learnings.draft(model=guarded, author=author)

    assert team.subject_id in made.subject.viewers
    assert made.subject.is_visible_to(people.user(teams=[team]))
    assert type(made).objects.visible_to(author).exists()
    assert not type(made).objects.visible_to(people.user()).exists()


def test_a_draft_is_restricted_when_it_is_said_to_be_about_it_and_a_published_one_is_not(guarded, at):
    draft, published = learnings.draft(), learnings.published()

    for one in (draft, published):
        operations.change(one, {"model": guarded}, by=SYSTEM, at=at)
        one.subject.refresh_from_db()

    assert guarded.owner_team.subject_id in draft.subject.viewers
    assert published.subject.viewers is None


def test_a_draft_that_is_published_about_it_is_restricted_too(guarded, at):
    draft, author = learnings.draft(), people.user("Ana")

    operations.publish(draft, values={"model": guarded, "seen": "x"}, by=Actor(author, "page"), at=at)

    draft.subject.refresh_from_db()
    assert draft.subject.is_visible_to(people.user(teams=[guarded.owner_team]))
    assert type(draft).objects.visible_to(author).exists()
    assert not type(draft).objects.visible_to(people.user()).exists()


def test_the_page_shows_the_constraints(client, guarded):
    people.organisation()
    mate = people.user(teams=[guarded.owner_team])
    client.force_login(mate)
    taught = learnings.published(model=guarded)

    assert guarded.privacy_labels[0] in client.get(f"/learnings/{taught.reference}/").content.decode()
