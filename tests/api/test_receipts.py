"""Idempotency-Key: a repeated request acts once and gets the same answer (reliability, row 15)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from actions.models import Action
from kit.actor import SYSTEM
from people.models import Receipt
from people.operations import receipt, token
from riskhub.retention import deleting
from tests.conftest import AT
from tests.factories import people

pytestmark = pytest.mark.django_db


def bearer(user, scope="write"):
    _, text = token.issue(user, name="t", scope=scope, by=SYSTEM, at=AT)
    return {"HTTP_AUTHORIZATION": f"Bearer {text}"}


def send(auth, body, key="k-1", path="/api/v1/actions"):
    return Client().post(
        path, body, content_type="application/json", headers={"Idempotency-Key": key} if key else {}, **auth
    )


def test_a_repeat_acts_once_and_is_answered_byte_for_byte():
    auth = bearer(people.user())

    first, second = send(auth, {"title": "Once"}), send(auth, {"title": "Once"})

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first[name] == second[name]
    assert second["Idempotent-Replayed"] == "true"
    assert Action.objects.count() == 1


def test_another_body_or_address_under_the_same_key_is_refused():
    auth = bearer(people.user())
    made = send(auth, {"title": "Once"})

    assert send(auth, {"title": "Other"}).status_code == 422
    assert send(auth, {"title": "Once"}, path=made["Location"] + "/start").status_code == 422
    assert send(auth, {"title": "Once"}, path="/api/v1/actions?source=b").status_code == 400
    assert Action.objects.count() == 1


def test_keys_are_each_persons_own():
    send(bearer(people.user()), {"title": "Once"})
    send(bearer(people.user()), {"title": "Once"})

    assert Action.objects.count() == 2


def test_a_refusal_is_not_stored_and_the_fixed_request_may_use_the_key():
    auth = bearer(people.user())

    assert send(auth, {"title": ""}).status_code == 400
    assert not Receipt.objects.exists()
    assert send(auth, {"title": "Fixed"}).status_code == 201


def test_a_refusal_rolls_back_what_went_before_it(monkeypatch):
    from actions.api import action as api

    auth, real = bearer(people.user()), api.operations.add

    def add_then_fail(**values):
        real(**values)
        raise api.serializers.ValidationError({"title": ["Too late."]})

    monkeypatch.setattr(api.operations, "add", add_then_fail)

    assert send(auth, {"title": "Half"}).status_code == 400
    assert not Action.objects.exists()


def test_rights_are_asked_again_before_a_replay():
    user = people.user()
    send(bearer(user), {"title": "Once"})

    assert send(bearer(user, "read"), {"title": "Once"}).status_code == 403


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", "é"])
def test_a_key_that_is_none_is_refused(key):
    assert send(bearer(people.user()), {"title": "x"}, key=key).status_code == 400
    assert not Action.objects.exists()


def test_old_receipts_are_forgotten(at):
    auth = bearer(people.user())
    send(auth, {"title": "Once"})

    assert deleting.run(AT)["receipts"] == 0
    assert deleting.run(AT + timedelta(days=14))["receipts"] == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_with_one_key_have_one_effect():
    auth, start = bearer(people.user()), threading.Barrier(50, timeout=30)

    def one(_):
        start.wait()
        try:
            return send(auth, {"title": "Once"})
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))

    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {201, 409}
    assert Action.objects.count() == 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    late = send(auth, {"title": "Once"})
    assert late.status_code == 201
    assert late.content in {answer.content for answer in answers}


@pytest.mark.django_db(transaction=True)
def test_a_kill_between_effect_and_reply_leaves_one_effect_that_the_repeat_tells(monkeypatch):

    auth, real = bearer(people.user()), receipt.Book.keep

    class Killed(BaseException):
        pass

    def die_before_the_commit(self, **about):
        real(self, **about)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(receipt.Book, "keep", die_before_the_commit)
        with pytest.raises(Killed):
            send(auth, {"title": "Once"})
    assert not Action.objects.exists()

    from rest.resource import ApiView

    finish = ApiView.finalize_response
    calls = []

    def die_after_the_commit(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:  # the first call renders the stored answer, the second the sent one
            raise Killed
        return finish(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(ApiView, "finalize_response", die_after_the_commit)
        with pytest.raises(Killed):
            send(auth, {"title": "Once"})
    assert Action.objects.count() == 1

    again = send(auth, {"title": "Once"})

    assert again.status_code == 201
    assert Action.objects.count() == 1
    assert again.json()["id"] == Action.objects.get().pk
