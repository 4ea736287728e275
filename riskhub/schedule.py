"""All periodic tasks, at intervals of at most ten minutes. Dates are in the database, in history.Due."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.management import call_command

from catalogue.operations import registry_reading
from history import audit as history_audit
from history import documents, heartbeats, relay
from history.claims import Tally
from incidents.operations import observer as incident_observers
from incidents.operations import privacy as incident_privacy
from incidents.operations import role as incident_roles
from incidents.operations import waiting_review
from kit import clock
from leaders.operations import snapshot
from learnings.operations import glossary
from learnings.operations import privacy as learning_privacy
from meetings.operations import acceptance, agreement, incident_items, tripwire
from notices.operations import audit as mail_audit
from notices.operations import delivery, digest, entry, mail_switch, message
from notices.queries import sending
from people import queries as people
from people.operations import calendar_reading, session, sign_in
from riskhub.celery import app, sends_only_mail
from riskhub.celery_heartbeats import AUDITOR, TICK
from riskhub.retention import deleting
from risklog.operations import audit as escalations_audit
from risklog.operations import experiment_privacy, experiment_sight, import_run, risk_privacy, stewardship
from signals.operations import months, mute, packing, silence, source_silence
from talk.operations import file

logger = logging.getLogger(__name__)

# What a tick looks for, in this order. Each creates rows and events for what is due. If one fails, the others
# and the work below still run.
SEARCHES: tuple[Callable[[datetime], Tally], ...] = (
    digest.schedule,
    stewardship.schedule,
    lambda at: tripwire.check(at=at),
    lambda at: silence.note_silent(at=at),
    lambda at: source_silence.note_silent_sources(at=at),
    lambda at: mute.note_over(at=at),
)
# Parameters of a piece of work: the moment, and the seconds it may take.
Work = tuple[Callable[[datetime, float], Tally], ...]
# Events are handled before due dates, so nobody is notified about something that was settled while no worker
# ran.
WORK: Work = (
    lambda at, seconds: relay.relay(at=at, seconds=seconds),
    lambda at, seconds: relay.act_on_dues(at=at, seconds=seconds),
)
# While sending is held after a restore, no date acts. Handlers of events go on: their mails wait.
WORK_WHILE_HELD = WORK[:1]

EVERY = {
    "riskhub.tick": 20.0,
    "riskhub.hand_on": 10.0,
    "riskhub.send": 10.0,
    "riskhub.read_calendars": 20.0,
    "riskhub.read_registries": 20.0,
    "riskhub.send_webhooks": 10.0,
    "riskhub.apply_imports": 10.0,
    "riskhub.take_snapshots": 300.0,
    "riskhub.tidy": 600.0,
}
# What the auditor checks: each returns one sentence for each rule that does not hold.
AUDITS: tuple[Callable[[datetime], list[str]], ...] = (
    history_audit.findings,
    escalations_audit.findings,
    mail_audit.findings,
)
_AUDITED_EVERY = 600.0  # seconds
_ROUNDS = 20
_DOCUMENTS_A_RUN = 50_000
_PACKING_SECONDS = 6.0
_RETENTION_SECONDS = 8.0  # the other work of the same task needs the rest of its 25


def tick(at: datetime, *, is_simulated: bool = False) -> int:
    """Process everything up to `at`, including mails. Returns the number of items. Safe in parallel.

    is_simulated: `at` is not the present, as in a sample. Mails are only shown on the page of sent mail, and
    no calendar or registry is read and no webhook is sent.
    """
    done = import_run.run_due(at=at).done
    with _failing_at_the_end() as failures:
        done += _act(at, failures)
        if is_simulated:
            return done + message.send_due(at=at, is_kept=True).done
        _note_tick(failures)
        note_mail_switch(at)
        if sending.is_held():
            return done
        done += calendar_reading.read_due(at=at).done + registry_reading.read_due(at=at).done
        done += delivery.send_due(at=at).done
        return done + message.send_due(at=at).done


@contextmanager
def _failing_at_the_end() -> Iterator[list[Exception]]:
    """Yield a list for failures. Raises them after the block as an ExceptionGroup, if there are any."""
    failures: list[Exception] = []
    yield failures
    if failures:
        raise ExceptionGroup("A search of the tick failed. The rest of the tick was done.", failures)


def _note_tick(failures: Sequence[Exception]) -> None:
    """Let the auditor run if it is due. A tick with a failure does not count, so that Health shows it."""
    audit_when_due()
    if not failures:
        heartbeats.note(TICK)


def note_mail_switch(at: datetime) -> None:
    """Record whether a mail server is configured, so that older mails are held back when one is added."""
    mail_switch.note(is_on=not settings.IS_MAIL_KEPT, at=at)


def act(at: datetime) -> int:
    """tick() without mail, which may wait for a slow server. While sending is held, no due date acts."""
    with _failing_at_the_end() as failures:
        return _act(at, failures)


def _act(at: datetime, failures: list[Exception], *, seconds: float = float("inf")) -> int:
    """Run the searches and the work. Begins no further round after `seconds`.

    failures: gets what searches raise. One that fails is not run again in this tick, so that reminders and
    ladders do not wait for it.
    """
    is_held = sending.is_held()
    searches = [] if is_held else [*SEARCHES]
    work = WORK_WHILE_HELD if is_held else WORK
    total, ends = 0, time.monotonic() + seconds
    for _ in range(_ROUNDS):
        if time.monotonic() >= ends:
            break
        done = 0
        for search in [*searches]:
            try:
                done += search(at).done
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:
                logger.exception("A search of the tick failed.")
                failures.append(error)
                searches.remove(search)
        done += sum(piece(at, ends - time.monotonic()).done for piece in work)
        total += done
        if not done:
            break
    return total


def audit_when_due() -> None:
    """Let the auditor run if its last run was ten minutes ago, also when beat starts more often than that."""
    last = heartbeats.read().get(AUDITOR)
    if last is None or last.age >= _AUDITED_EVERY:
        audit()


def audit() -> None:
    """Check the rules that must always hold. The page *Health* shows what does not."""
    at = clock.now()
    # While sending is held, due dates and mails wait on purpose.
    audits = [escalations_audit.findings] if sending.is_held() else AUDITS
    heartbeats.note(AUDITOR, findings=[text for findings in audits for text in findings(at)])


def _in_present_time(task: Callable[[], None]) -> Callable[[], None]:
    """Run a task in the time of the register: a sample may be ahead of the clock."""

    @wraps(task)
    def run() -> None:
        with clock.ahead_by(people.time_ahead()):
            task()

    return run


@shared_task(name="riskhub.tick")
@_in_present_time
def tick_now() -> None:
    """Run what is due, and the sending of the mails about it, so that they do not wait for its interval."""
    with _failing_at_the_end() as failures:
        if _act(clock.now(), failures, seconds=10):
            _start("riskhub.send")
        _note_tick(failures)


@shared_task(name="riskhub.send")
@_in_present_time
def send() -> None:
    """Send mails for two seconds, so that a slow mail server only delays mail.

    In a worker that has other tasks too, it stops between two mails if a handover waits, because handlers
    notify people first. hand_on() sends this task again after them.
    """
    at = clock.now()
    note_mail_switch(at)
    gives_way = _never if sends_only_mail() else relay.is_waiting
    message.send_due(at=at, seconds=2, gives_way=gives_way)


def _never() -> bool:
    return False


@shared_task(name="riskhub.hand_on")
@_in_present_time
def hand_on() -> None:
    """Run the handlers of waiting events. Mails and long imports have tasks of their own, which it starts."""
    if import_run.is_waiting():
        _start("riskhub.apply_imports")
    if relay.relay(seconds=10).done:
        _start("riskhub.send")


def _start(task: str) -> None:
    """Ask a worker to run another task now. If the message is lost, its interval comes within seconds."""
    app.send_task(task, retry=False, ignore_result=True, expires=10)


# A long import is one transaction and takes longer than other tasks, so this task has limits of its own.
@shared_task(name="riskhub.apply_imports", soft_time_limit=300, time_limit=330)
@_in_present_time
def apply_imports() -> None:
    """Check, apply and undo long imports, one after the other."""
    import_run.run_due(at=clock.now(), seconds=10)


@shared_task(name="riskhub.read_calendars")
@_in_present_time
def read_calendars() -> None:
    """Read the duty calendars that are due. A slow server delays only other calendars.

    None is read while sending is held: a restored copy asks no other system.
    """
    if not sending.is_held():
        calendar_reading.read_due(at=clock.now())


# A large registry has many pages, so this task has limits of its own.
@shared_task(name="riskhub.read_registries", soft_time_limit=150, time_limit=180)
@_in_present_time
def read_registries() -> None:
    """Import from the model registries that are due. None is read while sending is held."""
    if not sending.is_held():
        registry_reading.read_due(at=clock.now(), seconds=8)


@shared_task(name="riskhub.send_webhooks")
@_in_present_time
def send_webhooks() -> None:
    """Send webhooks. A slow receiver delays only webhooks."""
    delivery.send_due(at=clock.now(), seconds=8)


# A snapshot counts the whole register in one transaction, so this task has limits of its own.
@shared_task(name="riskhub.take_snapshots", soft_time_limit=150, time_limit=180)
@_in_present_time
def take_snapshots() -> None:
    """Take the snapshot of today, in the first minutes of the day."""
    snapshot.take_due(clock.now())


@shared_task(name="riskhub.tidy")
@_in_present_time
def tidy() -> None:
    """Delete old data: counts of sign-in tries, expired sessions, and once a day what retention says.

    It makes the partitions of points for the months ahead, and once a day it packs old points.

    It also deletes the contents of removed files, and of files whose transaction failed.

    It logs acceptances and agreements to thresholds that were decided before the log of decisions had them.

    It adds what registers of an earlier release lack: the standard words in an empty glossary, the sight
    of unfinished incidents and their reviews for people with a role, and the restrictions that the personal
    data of models demands. It stops the reminders and escalations of reviews that wait for their incident,
    and takes these off agendas. It replaces observers of reviews who are involved in the incident.

    It rebuilds the search documents whose language has changed, as many as fit before the next run.
    """
    at = clock.now()
    sign_in.forget_old(at=at)
    file.delete_removed(at=at)
    file.sweep(at=at)
    acceptance.log_missing(at=at)
    agreement.log_missing(at=at)
    entry.add_missing_topics()
    glossary.add_to_empty(at=at)
    incident_roles.show_missing(at=at)
    risk_privacy.restrict_missing(at=at)
    incident_privacy.restrict_missing(at=at)
    # The next one may not restrict less than what an experiment is about.
    experiment_sight.restrict_missing(at=at)
    experiment_privacy.restrict_missing(at=at)
    learning_privacy.restrict_missing(at=at)
    waiting_review.stop_where_missing(at=at)
    incident_observers.renew_missing(at=at)
    incident_items.finish_where_waiting(at=at)
    months.make_ahead(at=at)
    packing.pack_when_due(at, seconds=_PACKING_SECONDS)
    deleting.run_when_due(at, seconds=_RETENTION_SECONDS)
    call_command("clearsessions")
    session.forget_ended()
    for _batch in documents.rebuild(limit=_DOCUMENTS_A_RUN):
        pass


app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in EVERY.items()
}
