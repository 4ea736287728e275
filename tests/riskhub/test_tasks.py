"""Tasks start each other, so that a mail does not wait for the next interval. With a real broker."""

import json

import pytest
import redis
from django.conf import settings

from actions.models import Action
from history.models import Due
from notices.models import Message
from riskhub import schedule
from tests.factories import actions, people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ordered():
    """Return a function that returns the tasks that wait in the broker, in the order of their arrival."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("celery")
        yield lambda: [json.loads(one)["headers"]["task"] for one in reversed(broker.lrange("celery", 0, -1))]
        broker.delete("celery")


def test_a_tick_that_wrote_a_reminder_starts_the_sending_of_its_mail(ordered, at):
    action = actions.action(owner=people.user(), due_on=(at.replace(year=at.year + 1)).date())
    schedule.tick_now()
    Message.objects.all().delete()
    Due.objects.filter(subject=action.subject, occurrence__startswith="before/").update(at=at)
    before = ordered().count("riskhub.send")

    schedule.tick_now()

    assert Message.objects.filter(verb="actions.action_reminded").count() == 1
    assert ordered().count("riskhub.send") == before + 1


def test_a_tick_without_work_starts_nothing(ordered, at):
    assert not Action.objects.exists()
    schedule.tick_now()
    before = ordered()

    schedule.tick_now()

    assert ordered() == before
