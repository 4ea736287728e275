"""Every periodic task in one table. Plain intervals, none above ten minutes: the calendar lives in our tables."""

from collections.abc import Callable
from datetime import datetime

from celery import shared_task

from history import relay
from history.claims import Tally
from kit import clock
from notices.operations import digest, message
from riskhub.celery import app

# What one tick does, in this order: dates act, then what they caused is handed on, until nothing is left to do.
STEPS: tuple[Callable[[datetime], Tally], ...] = (
    lambda at: digest.schedule(at),
    lambda at: relay.act_on_dues(at=at),
    lambda at: relay.relay(at=at),
    lambda at: message.send_due(at=at),
)

EVERY = {
    "riskhub.tick": 20.0,
    "riskhub.hand_on": 10.0,
}
_ROUNDS = 20


def tick(at: datetime) -> int:
    """Let everything up to `at` happen; returns how many things did. Safe to run any number of times at once."""
    total = 0
    for _ in range(_ROUNDS):
        done = sum(step(at).done for step in STEPS)
        total += done
        if not done:
            break
    return total


@shared_task(name="riskhub.tick")
def tick_now() -> None:
    tick(clock.now())


@shared_task(name="riskhub.hand_on")
def hand_on() -> None:
    relay.relay()
    message.send_due(at=clock.now())


app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in EVERY.items()
}
