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


def _issued(user, at, **given):
    return token.issue(user, name="CI", by=Actor(user, "page"), at=at, **given)


def test_a_rotation_gives_a_new_secret_and_the_old_one_works_for_the_overlap(at):
    user = people.user()
    made, old = _issued(user, at)

    new = token.rotate(made, by=Actor(user, "page"), at=at)

    assert find(new, at=at) == find(old, at=at) == made
    assert find(old, at=at + timedelta(hours=23)) == made
    assert find(old, at=at + timedelta(days=1)) is None
    assert find(new, at=at + timedelta(days=1)) == made


def test_without_an_overlap_the_old_secret_ends_at_once(at):
    user = people.user()
    made, old = _issued(user, at)

    new = token.rotate(made, overlap_days=0, by=Actor(user, "page"), at=at)

    assert (find(old, at=at), find(new, at=at)) == (None, made)


def test_a_second_rotation_ends_the_first_secret_and_revoking_ends_both(at):
    user = people.user()
    by = Actor(user, "page")
    made, first = _issued(user, at)
    second = token.rotate(made, overlap_days=7, by=by, at=at)
    third = token.rotate(made, overlap_days=7, by=by, at=at)

    assert [find(text, at=at) for text in (first, second, third)] == [None, made, made]

    assert made.has_former(at)

    token.revoke(made, by=by, at=at)

    assert [find(text, at=at) for text in (first, second, third)] == [None, None, None]
    assert not made.has_former(at)


def test_a_rotation_keeps_or_sets_the_date_and_no_secret_outlives_it(at):
    user = people.user()
    by = Actor(user, "page")
    made, _ = _issued(user, at, days=2)

    token.rotate(made, overlap_days=7, by=by, at=at)

    assert made.expires_at == made.former_until == at + timedelta(days=2)
    token.rotate(made, days=300, by=by, at=at)
    assert made.expires_at == at + timedelta(days=300)


def test_a_rotation_is_refused_for_what_no_longer_works(at):
    user = people.user()
    by = Actor(user, "page")
    made, _ = _issued(user, at, days=1)

    for wrong in ({"overlap_days": 8}, {"overlap_days": -1}, {"days": 366}, {"days": 0}):
        with pytest.raises(Refused) as refused:
            token.rotate(made, by=by, at=at, **wrong)
        assert refused.value.field in wrong
    with pytest.raises(Refused, match="expired"):
        token.rotate(made, by=by, at=at + timedelta(days=1))
    token.revoke(made, by=by, at=at)
    with pytest.raises(Refused, match="revoked"):
        token.rotate(made, by=by, at=at)


def test_a_token_does_not_prolong_itself(at):
    user = people.user()
    made, _ = _issued(user, at)

    with pytest.raises(Refused) as refused:
        token.rotate(made, days=300, by=Actor(user, "api", token=made), at=at)

    assert refused.value.field == "days"


def test_history_has_no_secret_and_no_name_of_a_token(at):
    user = people.user()
    made, first = token.issue(user, name="Anas laptop", by=Actor(user, "page"), at=at)

    second = token.rotate(made, by=Actor(user, "page"), at=at)

    stored = str(list(Event.objects.values()))
    for text in (first, second):
        secret = text.split("_")[2]
        assert secret not in stored
        assert token.hash_of(secret).hex() not in stored
    assert "laptop" not in stored
    assert [event.verb for event in Event.objects.filter(subject=made.subject_id).order_by("id")] == [
        "people.token_issued",
        "people.token_rotated",
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_all_tokens_of_a_person_end_together(number, at, django_assert_max_num_queries):
    user, other = people.user(), people.user()
    texts = [_issued(user, at)[1] for _ in range(number)]
    _, kept = _issued(other, at)

    with django_assert_max_num_queries(9):
        assert token.revoke_all(user, by=Actor(user, "page"), at=at) == number

    assert [find(text, at=at) for text in texts] == [None] * number
    assert find(kept, at=at)
    assert token.revoke_all(user, by=Actor(user, "page"), at=at) == 0
