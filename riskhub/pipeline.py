"""The health of the pipeline: what lives, what is late, what was given up, and what the auditor found.

A condition is red if work does not get done, and a warning if a person has to decide something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from history import heartbeats
from history.heartbeats import LastHeartbeat
from notices.queries import sending
from people.queries.service_account import with_known_secret, without_responsible
from riskhub import releases
from riskhub.celery_heartbeats import AUDITOR, BACKUP, BEAT, TICK, WORKER
from riskhub.waiting_work import WaitingWork, waiting_work
from signals.models import Source
from signals.queries.source import silent_for

# Seconds. Beat and worker live every 10 seconds, and a tick runs every 20. The auditor runs every 10 minutes.
_SILENT = 45.0
_WAITS = 50.0
_AUDITOR_SILENT = 1_300.0


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    RED = "red"


_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that can be wrong.

    key: in metrics and JSON. value: in seconds, or a number of rows; None: never. limit: it is not ok above
    it. text: what is so now. fix: what to do, "" if nothing.
    """

    key: str
    label: str
    level: Level
    value: float | None
    limit: float
    is_seconds: bool
    text: str
    fix: str


def worst(conditions: Sequence[Condition]) -> Level:
    return max((one.level for one in conditions), key=_ORDER.index, default=Level.OK)


def conditions(at: datetime, *, is_starting: bool = False) -> list[Condition]:
    """Return all conditions at the moment `at`. Seven queries.

    is_starting: Riskhub was just started, so processes that are silent and work that waits do not count yet.
    """
    beats, work, is_held = heartbeats.read(), waiting_work(at), sending.is_held()
    if is_held:
        for name in ("due", "mail", "webhook"):
            work[name].oldest = 0.0  # they wait on purpose
    silent = [source.name for source in Source.objects.order_by("slug") if silent_for(source, at=at)]
    found = [
        _lives(beats, BEAT, "Beat", "Start beat. Without it no due date is processed."),
        _lives(beats, WORKER, "Worker", "Start a worker, and check that Valkey answers it."),
        _lives(beats, TICK, "Tick", "Read the log of the worker: its tasks fail or take too long."),
        _lives(
            beats,
            AUDITOR,
            "Auditor",
            "Read the log of the worker: the tick failed before the auditor ended.",
            _AUDITOR_SILENT,
        ),
        _audited(beats.get(AUDITOR)),
        _waits(
            work, "due", "Due dates", "Start more workers, or read the log of the worker for what is slow."
        ),
        _waits(
            work, "handover", "Events", "Start more workers, or read the log of the worker for what is slow."
        ),
        _waits(work, "mail", "Mails", "Check EMAIL_URL and the mail server. The page Mail shows its answer."),
        _waits(
            work, "webhook", "Webhooks", "The page Webhooks shows what their receivers answer.", Level.WARNING
        ),
        _given_up(work, "due", "due dates", "Run manage.py retry_work after the cause is fixed."),
        _given_up(work, "handover", "events", "Run manage.py retry_work after the cause is fixed."),
        _given_up(work, "mail", "mails", "Send them again or drop them on the page Mail.", Level.WARNING),
        _given_up(work, "webhook", "webhooks", "Replay them on the page Webhooks.", Level.WARNING),
        _uncertain(work["mail"].uncertain),
        _silent_sources(silent),
        _service_accounts(at),
        _held(is_held),
        _backed_up(beats.get(BACKUP)),
        _version(releases.unknown_migrations()),
    ]
    return list(map(_while_starting, found)) if is_starting else found


def _while_starting(one: Condition) -> Condition:
    """Return a condition as it counts during a start: nothing is late yet."""
    if one.level == Level.OK or not one.is_seconds:
        return one
    return replace(one, level=Level.OK, text=f"starting, {one.text}", fix="")


def _lives(
    beats: Mapping[str, LastHeartbeat], name: str, label: str, fix: str, limit: float = _SILENT
) -> Condition:
    beat = beats.get(name)
    is_alive = beat is not None and beat.age <= limit
    age = beat.age if beat else None
    text = "never seen" if age is None else f"last seen {_ago(age)} ago"
    return Condition(
        f"{name}_silence", label, Level.OK if is_alive else Level.RED, age, limit, True, text, fix
    )


def _audited(beat: LastHeartbeat | None) -> Condition:
    findings = list(beat.findings) if beat else []
    return Condition(
        "audit_findings",
        "Rules",
        Level.RED if findings else Level.OK,
        len(findings),
        0,
        False,
        " ".join(findings) or "all hold",
        "Report this with the log of the worker: a rule that always holds does not." if findings else "",
    )


def _waits(
    work: Mapping[str, WaitingWork], name: str, label: str, fix: str, level: Level = Level.RED
) -> Condition:
    oldest = work[name].oldest
    is_late = oldest > _WAITS
    text = f"the oldest has waited for {_ago(oldest)}" if oldest else "none waits"
    return Condition(
        f"{name}_wait",
        label,
        level if is_late else Level.OK,
        oldest,
        _WAITS,
        True,
        text,
        fix if is_late else "",
    )


def _given_up(
    work: Mapping[str, WaitingWork], name: str, label: str, fix: str, level: Level = Level.RED
) -> Condition:
    number = work[name].dead
    text = f"{number} failed too often" if number else "none"
    return Condition(
        f"{name}_given_up",
        f"Given up: {label}",
        level if number else Level.OK,
        number,
        0,
        False,
        text,
        fix if number else "",
    )


def _uncertain(number: int) -> Condition:
    fix = "Send them again or drop them on the page Mail." if number else ""
    level = Level.WARNING if number else Level.OK
    text = f"{number} mails may have arrived" if number else "none"
    return Condition("mail_uncertain", "Uncertain mails", level, number, 0, False, text, fix)


def _silent_sources(names: Sequence[str]) -> Condition:
    text = f"silent for longer than expected: {', '.join(names)}" if names else "all send as expected"
    fix = "Check the tool that sends, and its address and token." if names else ""
    level = Level.WARNING if names else Level.OK
    return Condition("silent_sources", "Sources", level, len(names), 0, False, text, fix)


def _service_accounts(at: datetime) -> Condition:
    orphans = [account.name for account in without_responsible()]
    known = [token.user.name for token in with_known_secret(at)]
    texts = [f"nobody is responsible for {', '.join(orphans)}"] if orphans else []
    texts += [f"a person who left may know the token of {', '.join(known)}"] if known else []
    fix = (
        "On the pages of the service accounts, choose who is responsible. "
        "Replace secrets with an overlap of 0 days, so that the former one ends."
    )
    return Condition(
        "service_accounts",
        "Service accounts",
        Level.WARNING if texts else Level.OK,
        len(orphans) + len(known),
        0,
        False,
        "; ".join(texts) or "somebody is responsible for each",
        fix if texts else "",
    )


def _held(is_held: bool) -> Condition:
    text = "held: no mail and no webhook is sent, and no due date acts" if is_held else "not held"
    fix = (
        "Start sending with the button on top of each page, or with manage.py release_sending."
        if is_held
        else ""
    )
    level = Level.WARNING if is_held else Level.OK
    return Condition("sending_held", "Sending", level, int(is_held), 0, False, text, fix)


def _backed_up(last: LastHeartbeat | None) -> Condition:
    limit = settings.BACKUP_HOURS * 3600.0
    age = last.age if last else None
    is_fine = not limit or (age is not None and age <= limit)
    text = "no backup was made" if age is None else f"the last was made {_ago(age)} ago"
    fix = "" if is_fine else "Run manage.py backup every day, or set RISKHUB_BACKUP_HOURS=0."
    level = Level.OK if is_fine else Level.WARNING
    return Condition("backup_age", "Backup", level, age, limit, True, text, fix)


def _version(unknown: list[str]) -> Condition:
    """Say if the database is newer than this code, as after a downgrade, or during an upgrade."""
    text = releases.newer(unknown) if unknown else "the database and the code fit"
    fix = f"Restart this process with the new version. To go back: {releases.FIX}" if unknown else ""
    level = Level.WARNING if unknown else Level.OK
    return Condition("newer_database", "Version", level, len(unknown), 0, False, text, fix)


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
