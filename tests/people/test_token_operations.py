"""Tokens are shown once, stored as hashes, and revoked immediately."""

from datetime import timedelta

import pytest

from history.models import Event
from kit.actor import Actor
from kit.refusals import Refused
from people.authentication import find
from people.models import Token
from people.operations import person, token
from people.states import Role
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_issue_stores_a_hash_and_gives_the_text_once(at):
    user = people.user()

    made, text = token.issue(user, name="CI", scope="write", days=30, by=Actor(user, "page"), at=at)

    secret = text.split("_")[2]
    assert text.startswith(f"rh_{made.prefix}_")
    assert len(secret) * 4 == 256
    stored = Token.objects.get()
    assert bytes(stored.secret_hash) == token.hash_of(secret)
    assert stored.expires_at == at + timedelta(days=30)
    assert secret not in str(list(Event.objects.values()))
    assert find(text, at=at) == made


def test_an_administrators_password_link_revokes_the_tokens(at):
    user, by = people.user(), Actor(people.user(role=Role.ADMINISTRATOR), "page")
    _, text = token.issue(user, name="a", by=by, at=at)
    _, others = token.issue(by.person, name="b", by=by, at=at)

    person.note_link(user, by=by, at=at)

    assert find(text, at=at) is None
    assert find(others, at=at) is not None
    assert Event.objects.filter(verb="people.token_revoked").count() == 1


def test_a_token_ends_by_time_by_revoking_and_with_its_owner(at):
    user, by = people.user(), Actor(people.user(role=Role.ADMINISTRATOR), "page")
    one, first = token.issue(user, name="a", by=by, at=at, days=1)
    _, second = token.issue(user, name="b", by=by, at=at)

    assert find(first, at=at + timedelta(days=1, seconds=1)) is None
    token.revoke(one, by=by, at=at)
    assert find(first, at=at) is None
    person.deactivate(user, by=by, at=at)
    assert find(second, at=at) is None
    person.reactivate(user, by=by, at=at)
    assert find(second, at=at) is None


@pytest.mark.parametrize("text", ["", "rh", "rh__", "rh_x_y_z", "rh_é_1", "rh_a_b\x00", "Bearer"])
def test_what_is_no_token_finds_nobody(text, at):
    assert find(text, at=at) is None


@pytest.mark.parametrize("wrong", [{"days": 366}, {"days": 0}, {"scope": "all"}])
def test_issue_refuses_more_than_a_year_and_unknown_scopes(wrong, at):
    user = people.user()

    with pytest.raises(Refused):
        token.issue(user, name="x", by=Actor(user, "page"), at=at, **wrong)


def test_a_viewer_cannot_have_a_writing_token(at):
    viewer = people.user(role=Role.VIEWER)

    with pytest.raises(Refused):
        token.issue(viewer, name="x", scope="write", by=Actor(viewer, "page"), at=at)


def test_only_its_owner_sees_a_token_in_history(at):
    user, other = people.user(), people.user()
    made, _ = token.issue(user, name="CI", by=Actor(user, "page"), at=at)

    events = Event.objects.filter(subject_id=made.subject_id)

    assert events.visible_to(user).exists()
    assert not events.visible_to(other).exists()


def test_last_use_is_noted_at_most_once_a_minute(at, django_assert_num_queries):
    user = people.user()
    made, _ = token.issue(user, name="CI", by=Actor(user, "page"), at=at)

    token.note_use(made, at=at)
    with django_assert_num_queries(0):
        token.note_use(made, at=at + timedelta(seconds=30))
    assert Token.objects.get().last_used_at == at
    token.note_use(made, at=at + timedelta(seconds=61))
    assert Token.objects.get().last_used_at == at + timedelta(seconds=61)
