"""Killed and concurrent workers, and subjects that close. Each test ends with the same ledger check."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from history.models import Subject
from history.states import InDoubt
from kit.actor import SYSTEM
from notices.models import Message
from notices.operations import message
from notices.states import MessageState
from people.operations import person as persons
from risklog.models import Escalation
from risklog.operations import escalation as escalations
from tests.factories import notices, people
from tests.notices.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)
SEED = int(os.environ.get("RISKHUB_SEED", "1047"))
KILLS = int(os.environ.get("RISKHUB_KILLS", "5"))
WORKER = """
import sys, time, django
from datetime import datetime
django.setup()
from django.conf import settings
from django.db import connection, transaction
from notices.operations import message
connection.settings_dict["NAME"] = sys.argv[1]
settings.IS_MAIL_KEPT = False
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[2])
at = datetime.fromisoformat(sys.argv[3])
while True:
    message.send_due(at=at, limit=7)
    time.sleep(0.005)
"""


def ledger(sink: Sink) -> Counter:
    """Check expected = rows = final states, and compare the sink's log with them by id."""
    accepted = Counter(one for _, one in sink.accepted)
    rows = {f"<{row.pk}@localhost>": row for row in Message.objects.all()}
    assert accepted.keys() <= rows.keys()
    for name, row in rows.items():
        if row.state == MessageState.DONE:
            assert accepted[name] >= 1
        if row.state in (MessageState.UNWANTED, MessageState.PENDING):
            assert accepted[name] == 0
        if row.policy == InDoubt.PARK:
            assert accepted[name] <= 1
    return accepted


def test_workers_that_race_send_each_mail_once(settings, at):
    for _ in range(12):
        notices.parked_kind(at=at)
    with notices.mail_server(settings) as sink:
        workers = [threading.Thread(target=_send_all, args=(at,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert set(ledger(sink).values()) == {1}
    assert Message.objects.filter(state=MessageState.DONE).count() == 12


def _send_all(at) -> None:
    try:
        message.send_due(at=at)
    finally:
        connection.close()


def test_killed_workers_lose_nothing_and_double_no_parked_kind(settings, at):
    for _ in range(30):
        notices.parked_kind(at=at)
        notices.resent_kind(at=at)
    chance, kills, seen = random.Random(SEED), 0, 0
    with notices.mail_server(settings) as sink:
        sink.on_rcpt = lambda address: time.sleep(0.01)
        workers = [_worker(sink, at)]
        ends = time.monotonic() + 120
        while _open() and time.monotonic() < ends:
            if kills < KILLS and len(sink.accepted) >= seen + 3:
                time.sleep(chance.uniform(0, 0.03))
                os.kill(workers[0].pid, signal.SIGKILL)
                workers[0].wait()
                kills, seen = kills + 1, len(sink.accepted)
                workers[0] = _worker(sink, at)
                _let_leases_of_the_dead_run_out()
            time.sleep(0.005)
        for worker in workers:
            worker.kill(), worker.wait()
        accepted = ledger(sink)

    story = f"seed {SEED}: {kills} kills, {len(sink.accepted)} accepted, {Counter(_states())}"
    assert kills == KILLS, story
    assert not _open(), story
    ended = Counter(Message.objects.filter(policy=InDoubt.RESEND).values_list("state", flat=True))
    assert ended == {"done": 30}
    assert sum(accepted.values()) <= 60 + kills


def _worker(sink: Sink, at: datetime) -> subprocess.Popen:
    """Start a separate process that sends at the moment `at`, independent of the machine's clock."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "riskhub.settings",
        "RISKHUB_MAIL_BUNDLE_MINUTES": "0",
    }
    arguments = [connection.settings_dict["NAME"], str(sink.port), at.isoformat()]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], env=environment)


def _open() -> int:
    return Message.objects.filter(state__in=["pending", "claimed"]).count()


def _states() -> list[str]:
    return list(Message.objects.values_list("state", flat=True))


def _let_leases_of_the_dead_run_out() -> None:
    """Expire all leases, because the test does not wait two minutes. No worker with a lease is alive."""
    Message.objects.filter(state="claimed").update(lease_until=Now() - timedelta(seconds=1))
    Message.objects.filter(state="pending").update(not_before=Now())


def test_what_closes_between_claim_and_send_is_not_begun_afterwards(settings, at):
    chance = random.Random(SEED)
    rows = [notices.resent_kind(people.user(), at=at) for _ in range(20)]
    closed: dict[str, float] = {}
    with notices.mail_server(settings) as sink:
        sender = threading.Thread(target=_send_all, args=(at,))
        sender.start()
        for row in chance.sample(rows, len(rows)):
            time.sleep(chance.uniform(0, 0.02))
            escalation = Escalation.objects.select_related("subject", "about").get(subject=row.subject)
            escalations.resolve(escalation, reason="Fixed", by=SYSTEM, at=at)
            with connection.cursor() as cursor:
                cursor.execute("SELECT clock_timestamp()")
                closed[str(row.pk)] = cursor.fetchone()[0]
        sender.join()
        message.send_due(at=at)

    ledger(sink)
    for row in Message.objects.all():
        assert row.state in (MessageState.DONE, MessageState.UNWANTED)
        if row.state == MessageState.DONE:
            assert row.begun_at < closed[str(row.pk)]


def _deactivate(row: Message, at: datetime) -> None:
    persons.deactivate(row.user, by=SYSTEM, at=at)


def _restrict(row: Message, at: datetime) -> None:
    """Write the columns that decide who sees the subject, as a restriction and the end of a grant do."""
    Subject.objects.filter(pk=row.subject_id).update(viewers=[people.user().subject_id], granted=[])


@pytest.mark.parametrize("act", [_deactivate, _restrict])
@pytest.mark.parametrize("is_committed", [True, False], ids=["commits", "rolls back"])
def test_a_mail_waits_for_who_is_just_taking_it_from_its_recipient(settings, at, act, is_committed):
    row = notices.parked_kind(at=at)
    begun, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                act(Message.objects.select_related("user__subject").get(pk=row.pk), at)
                begun.set()
                may_end.wait(20)
                transaction.set_rollback(not is_committed)
        finally:
            connection.close()

    holder, sender = threading.Thread(target=hold), threading.Thread(target=_send_all, args=(at,))
    with notices.mail_server(settings) as sink:
        holder.start()
        assert begun.wait(20)
        sender.start()
        try:
            assert _waits_for_a_lock()
            assert sink.accepted == []
        finally:
            may_end.set()
            holder.join(), sender.join()
        ledger(sink)

    row.refresh_from_db()
    assert row.state == (MessageState.UNWANTED if is_committed else MessageState.DONE)


def _waits_for_a_lock() -> bool:
    """Return True as soon as a transaction of this database waits for another one, at the latest in 10 s."""
    ends = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return True
            time.sleep(0.02)
    return False
