"""Every periodic task in one table. Plain intervals, never above ten minutes: the calendar is in tables."""

import time
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from history import documents, relay
from history.claims import Tally
from kit import clock
from notices.operations import digest, mail_switch, message
from people.operations import receipt, sign_in
from riskhub.celery import app
from signals.operations import source

# What one tick does, in this order, until nothing is left: what happened is handed on, then dates act.
# So nobody is called about what was settled while no worker ran.
# Each takes the moment, and how many seconds it has.
STEPS: tuple[Callable[[datetime, float], Tally], ...] = (
    lambda at, seconds: digest.schedule(at),
    lambda at, seconds: relay.relay(at=at, seconds=seconds),
    lambda at, seconds: relay.act_on_dues(at=at, seconds=seconds),
)

EVERY = {
    "riskhub.tick": 20.0,
    "riskhub.hand_on": 10.0,
    "riskhub.send": 10.0,
    "riskhub.tidy": 600.0,
}
_ROUNDS = 20
_DOCUMENTS_A_RUN = 50_000


def tick(at: datetime, *, is_simulated: bool = False) -> int:
    """Let everything up to `at` happen and be told; return how many things did. May run many times at once.

    is_simulated: `at` is not the present, as in a sample: mails go to the page of sent mail and never leave.
    """
    done = act(at)
    if is_simulated:
        return done + message.send_due(at=at, is_kept=True).done
    note_mail_switch(at)
    return done + message.send_due(at=at).done


def note_mail_switch(at: datetime) -> None:
    """Note whether a mail server is configured, so that older mails are held back when one appears."""
    mail_switch.note(is_on=not settings.IS_MAIL_KEPT, at=at)


def act(at: datetime, *, seconds: float = float("inf")) -> int:
    """tick() without the mail, which may wait for a slow server. Begins nothing more after `seconds`."""
    total, ends = 0, time.monotonic() + seconds
    for _ in range(_ROUNDS):
        if time.monotonic() >= ends:
            break
        done = sum(step(at, ends - time.monotonic()).done for step in STEPS)
        total += done
        if not done:
            break
    return total


@shared_task(name="riskhub.tick")
def tick_now() -> None:
    act(clock.now(), seconds=10)


@shared_task(name="riskhub.send")
def send() -> None:
    """Send mails for two seconds, so that a slow mail server delays nothing but mail.

    Between two mails handovers go first: people are called before they are written to. hand_on() sends this
    task again after them.
    """
    at = clock.now()
    note_mail_switch(at)
    message.send_due(at=at, seconds=2, gives_way=relay.is_waiting)


@shared_task(name="riskhub.hand_on")
def hand_on() -> None:
    if relay.relay(seconds=10).done:
        app.send_task("riskhub.send", retry=False, ignore_result=True, expires=10)


@shared_task(name="riskhub.tidy")
def tidy() -> None:
    """Drop what is kept for a while only: receipts, counts of tries, bodies of deliveries, ended sessions.

    It also rebuilds search documents whose language has changed, as many as fit before the next run.
    """
    at = clock.now()
    receipt.forget_old(at=at)
    sign_in.forget_old(at=at)
    source.forget_deliveries(at=at)
    call_command("clearsessions")
    for _batch in documents.rebuild(limit=_DOCUMENTS_A_RUN):
        pass


app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in EVERY.items()
}
