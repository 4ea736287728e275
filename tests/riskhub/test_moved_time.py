"""A sample that `tick --at` moved ahead: pages, API, writes and tasks have the moved time, and no other."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from notices.models import Message
from people.models import Organisation, User
from people.states import Role
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
MOVED = AT + timedelta(days=11)


def tick(at: datetime) -> str:
    out = StringIO()
    call_command("tick", at=at.isoformat(), stdout=out)
    return out.getvalue()


@pytest.fixture
def sample(client) -> User:
    people.organisation()
    user = people.user("Ana", role=Role.ADMINISTRATOR)
    client.force_login(user)
    return user


def test_late_means_late_by_the_moved_time(client, sample):
    actions.action("Fix it", owner=sample, due_on=(AT + timedelta(days=3)).date())
    assert client.get("/api/v1/actions?due=late").json()["count"] == 0

    tick(MOVED)

    assert client.get("/api/v1/actions?due=late").json()["count"] == 1
    assert "8 d late" in client.get("/actions/?show=late").content.decode()


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_write_after_the_move_follows_what_the_move_did(client, sample, way):
    tick(MOVED)
    if way == "page":
        client.post("/actions/new/", {"title": "New", "type": "other"})
    else:
        client.post("/api/v1/actions", {"title": "New"}, content_type="application/json")

    assert Action.objects.get().made_at == MOVED


def test_a_mail_is_not_settled_before_it_was_made(sample):
    actions.action("Fix it", owner=people.user("Ben"), due_on=(AT + timedelta(days=3)).date())
    tick(MOVED)

    messages = list(Message.objects.exclude(settled_at=None))
    assert messages
    assert all(message.settled_at >= message.made_at for message in messages)


def test_time_moves_forward_only_and_goes_on(sample, move_clock):
    tick(MOVED)
    with pytest.raises(CommandError, match="in the past"):
        tick(MOVED - timedelta(hours=1))

    move_clock(AT + timedelta(hours=2))
    out = StringIO()
    call_command("tick", stdout=out)

    assert (MOVED + timedelta(hours=2)).astimezone(UTC).isoformat(timespec="minutes") in out.getvalue()


def test_a_real_register_keeps_the_time_of_the_clock(client):
    organisation = people.organisation(is_sample=False)
    with pytest.raises(CommandError, match="for sample instances"):
        tick(MOVED)
    with pytest.raises(IntegrityError, match="people_only_samples_are_moved"):
        Organisation.objects.filter(pk=organisation.pk).update(ahead_by=timedelta(days=1))


def test_the_time_of_a_sample_costs_the_api_no_query(client, sample):
    with CaptureQueriesContext(connection) as before:
        client.get("/api/v1/actions")
    tick(MOVED)
    with CaptureQueriesContext(connection) as after:
        client.get("/api/v1/actions")

    assert len(after) == len(before)
