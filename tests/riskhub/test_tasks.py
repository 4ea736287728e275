"""Tasks start each other, so that a mail does not wait for the next interval. With a real broker."""

import json

import pytest
import redis
from django.conf import settings

from actions.models import Action
from history import heartbeats, relay
from history.claims import Tally
from history.models import Due
from notices.models import Message
from riskhub import schedule
from riskhub.celery import app
from riskhub.celery_heartbeats import AUDITOR, TICK
from tests.factories import actions, people
from tests.moments import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ordered():
    """Return a function that returns the tasks that wait in a queue, in the order of their arrival."""

    def waiting(queue: str = "celery") -> list[str]:
        return [json.loads(one)["headers"]["task"] for one in reversed(broker.lrange(queue, 0, -1))]

    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("celery", "mail")
        yield waiting
        broker.delete("celery", "mail")


def test_a_tick_that_wrote_a_reminder_starts_the_sending_of_its_mail(ordered, at):
    action = actions.action(owner=people.user(), due_on=(at.replace(year=at.year + 1)).date())
    schedule.tick_now()
    Message.objects.all().delete()
    Due.objects.filter(subject=action.subject, occurrence__startswith="before/").update(at=at)
    before = ordered("mail")

    schedule.tick_now()

    assert Message.objects.filter(verb="actions.action_reminded").count() == 1
    assert ordered("mail") == [*before, "riskhub.send"]
    assert "riskhub.send" not in ordered()


def test_a_tick_without_work_starts_nothing(ordered, at):
    assert not Action.objects.exists()
    schedule.tick_now()
    before = ordered(), ordered("mail")

    schedule.tick_now()

    assert (ordered(), ordered("mail")) == before


@pytest.fixture
def queues():
    """Let this process be a worker of some queues, as the option --queues does."""
    known = app.amqp.queues
    yield lambda *names: known.select(names)
    known._consume_from = None


@pytest.mark.parametrize(
    ("names", "sent"), [(("mail",), 3), (("celery", "mail"), 1)], ids=["mail alone", "all work"]
)
def test_only_a_worker_that_has_other_work_sends_one_mail_while_an_event_waits(
    settings, queues, ordered, names, sent
):
    settings.IS_MAIL_KEPT = True
    for number in range(3):
        actions.action(f"Task {number}", owner=people.user())
    while relay.relay(at=AT).done:
        pass
    assert Message.objects.filter(state="pending").count() == 3
    actions.action("The next one", owner=people.user())  # its event waits
    queues(*names)

    schedule.send()

    assert Message.objects.filter(state="done").count() == sent


@pytest.mark.parametrize("run", [schedule.tick, lambda at: schedule.tick_now()], ids=["tick", "task"])
def test_a_search_that_fails_does_not_stop_the_rest_of_the_tick(monkeypatch, ordered, at, run):
    action = actions.action(owner=people.user(), due_on=at.date())
    Due.objects.filter(subject=action.subject, occurrence__startswith="before/").update(at=at)
    searched = []

    def fail(at):
        searched.append("failing")
        raise OverflowError("date value out of range")

    def find(at):
        searched.append("next")
        return Tally()

    monkeypatch.setattr(schedule, "SEARCHES", (fail, find))
    beats = heartbeats.read()

    with pytest.raises(ExceptionGroup) as raised:
        run(at)

    assert [type(one) for one in raised.value.exceptions] == [OverflowError]
    assert searched[:2] == ["failing", "next"] and searched.count("failing") == 1
    assert Message.objects.filter(subject=action.subject).exists()
    assert AUDITOR in heartbeats.read()
    assert TICK not in heartbeats.read().keys() - beats.keys(), "Health would say that the tick is well"
