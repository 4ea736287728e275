"""Goal 18: the weekly digests of 1,000 people. Written and sent by Riskhub, and the bare minimum of that.

The bare sides have no claims, no rights and no database: one renders the same content with the same templates
and sends it with Django's SMTP backend, one sends finished mails with smtplib. All use one process and one
connection to the same mail server.
"""

from __future__ import annotations

import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection

from bench import figures
from bench.figures import Line
from bench.goals.digest_readers import RISKS_EACH, add_readers
from bench.meter import Meter
from bench.run import QUIET, Run
from history import operations as history
from history.models import Due
from notices.models import Digest, Message
from notices.operations import digest, mail_switch, message
from notices.queries import digest as contents
from notices.queries import rendered_mail
from notices.states import MessageState
from people import queries as people
from people.models import User

READERS = 1_000
READS = 12
TO_BARE, TO_SMTPLIB = 0.85, 0.55


@dataclass
class Part:
    """What one side did in one round. cpu: seconds of this process and of the database."""

    seconds: float
    cpu: float
    foreign: float


@dataclass
class Digests:
    """The measurements of all sides, of which the goal has three lines. wrong: "" if all was correct."""

    statements: list[str] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    sides: dict[str, list[Part]] = field(default_factory=dict)
    wrong: str = ""

    def to_bare(self, run: Run) -> Line:
        """Measure goal 18, and return its first line. The other lines are from the same rounds."""
        self._measure(run)
        line = Line(
            18,
            f"digests of {READERS:,} people with {RISKS_EACH} risks each, to bare render and SMTP",
            f"≥ {TO_BARE}",
        )
        return self._judged(line, "bare", TO_BARE)

    def to_smtplib(self, run: Run) -> Line:
        line = Line(18, "the same digests, to smtplib with finished mails", f"≥ {TO_SMTPLIB}, by overlapping")
        return self._judged(line, "smtplib", TO_SMTPLIB)

    def queries(self, run: Run) -> Line:
        line = Line(
            18, f"reads for the digests of {READERS:,} people", f"≤ {READS}", figure=len(self._reads())
        )
        line.met = not self.wrong and len(self._reads()) <= READS
        writes = [sql for sql in self.statements if sql.startswith(("INSERT", "UPDATE"))]
        line.why = self.wrong or f"And {len(writes)} writes, for all people together."
        line.details = {"statements": [sql[:80] for sql in self.statements]}
        return line

    def _reads(self) -> list[str]:
        return [sql for sql in self.statements if sql.startswith(("SELECT", "(SELECT"))]

    # ------------------------------------------------------------ measuring

    def _measure(self, run: Run) -> None:
        readers = add_readers(READERS, run.at)
        Message.objects.filter(state=MessageState.PENDING).update(state=MessageState.UNWANTED)
        with _mail_server(run) as sink:
            mail_switch.note(is_on=True, at=run.at)
            first = _planned(readers, "2001-W01", run)
            with connection.execute_wrapper(self._counting):
                digest.make(first, at=run.at)
            _Ours(readers, run).send(limit=20)
            Message.objects.filter(state=MessageState.PENDING).update(state=MessageState.UNWANTED)
            bare = _Bare("2001-W01")
            bare.render_and_send(20), bare.send_finished(20)
            for number in range(run.rounds):
                self._round(run, readers, f"2002-W{number + 1:02}", bare, sink)

    def _round(self, run: Run, readers: list[User], week: str, bare: _Bare, sink: _Sink) -> None:
        ours, due = _Ours(readers, run), _planned(readers, week, run)
        acts: dict[str, Callable[[], None]] = {
            "ours": lambda: ours.write_and_send(due),
            "bare": lambda: bare.render_and_send(READERS),
            "smtplib": lambda: bare.send_finished(READERS),
        }
        turn = len(self.written) % len(acts)
        names = list(acts)
        for name in names[turn:] + names[:turn]:
            sink.forget()
            self.sides.setdefault(name, []).append(_timed(run, acts[name]))
            reached = sink.recipients()
            if len(reached) != READERS or len(set(reached)) != READERS:
                self.wrong = (
                    self.wrong or f"{name} reached {len(set(reached))} people by {len(reached)} mails."
                )
        self.written.append(ours.seconds_to_write)
        self.wrong = self.wrong or ours.wrong(week)

    def _counting(self, execute: Any, sql: str, *args: Any) -> Any:
        self.statements.append(sql)
        return execute(sql, *args)

    # ------------------------------------------------------------ judging

    def _judged(self, line: Line, other: str, least: float) -> Line:
        if self.wrong or not self.sides:
            line.met, line.why = False, self.wrong or "It was not measured."
            return line
        ours, theirs = self.sides["ours"], self.sides[other]
        by_time = figures.ratios([one.seconds for one in theirs], [one.seconds for one in ours])
        by_cpu = figures.ratios([one.cpu for one in theirs], [one.cpu for one in ours])
        used = max(one.foreign for some in self.sides.values() for one in some)
        judged = by_time if used < QUIET else by_cpu
        line.figure, line.least, line.greatest = judged.median, judged.least, judged.greatest
        line.met = judged.median >= least
        rate = READERS / figures.spread(one.seconds for one in ours).median
        rate_of_other = READERS / figures.spread(one.seconds for one in theirs).median
        judged_by = "time" if used < QUIET else "CPU"
        line.why = (
            f"{rate:.0f} mails a second, {rate_of_other:.0f} bare;"
            f" {figures.spread(self.written).median:.2f} s to write all digests."
            f" By time {by_time.median:.2f}, by CPU {by_cpu.median:.2f};"
            f" judged by {judged_by} (foreign load up to {used:.2f} cores)."
        )
        line.details = {"time_ratio": round(by_time.median, 3), "cpu_ratio": round(by_cpu.median, 3)}
        return line


class _Ours:
    """The side of Riskhub, as its worker runs it."""

    def __init__(self, readers: list[User], run: Run) -> None:
        self.readers, self.run = readers, run
        self.seconds_to_write = 0.0

    def write_and_send(self, due: Due) -> None:
        began = time.perf_counter()
        digest.make(due, at=self.run.at)
        self.seconds_to_write = time.perf_counter() - began
        self.send(limit=READERS)

    def send(self, *, limit: int) -> None:
        message.send_due(at=self.run.at, limit=limit, seconds=600)

    def wrong(self, week: str) -> str:
        """Return what is wrong with the mails of a week: each person must read of their team."""
        sent = Message.objects.filter(digest__week=week, state=MessageState.DONE).select_related("user")
        texts = {one.user.email: one.sent_text for one in sent}
        missing = [one.email for one in self.readers if one.expected not in texts.get(one.email, "")]
        return (
            f"{len(missing)} mails lack a risk of the team, such as that to {missing[0]}." if missing else ""
        )


def _planned(readers: list[User], week: str, run: Run) -> Due:
    """Plan the digests of a week. Returns the due date that writes all of them."""
    history.put_dues([(digest.DUE, one.subject_id, week, run.at) for one in readers])
    return Due.objects.select_related("subject").get(
        kind=digest.DUE, subject=readers[0].subject, occurrence=week
    )


class _Bare:
    """The bare sides. They know the content of a week, and what each reader may see of it."""

    def __init__(self, week: str) -> None:
        self.organisation = people.organisation()
        rows = Digest.objects.filter(week=week).select_related("user").order_by("user_id")
        self.mails = [(one.user, one, contents.shown(one.user, one.content)) for one in rows]
        self.finished = [
            (mail[0].email, self._built(*mail).message().as_bytes(linesep="\r\n")) for mail in self.mails
        ]

    def render_and_send(self, count: int) -> None:
        with get_connection() as server:
            for mail in self.mails[:count]:
                if server.send_messages([self._built(*mail)]) != 1:
                    raise RuntimeError("The mail server did not take a bare mail.")

    def send_finished(self, count: int) -> None:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as server:
            for to, data in self.finished[:count]:
                server.sendmail("riskhub@bench.example", [to], data)

    def _built(self, user: User, made: Digest, shown: contents.Shown) -> EmailMultiAlternatives:
        found = {
            "user": user,
            "digest": made,
            "sections": shown.sections,
            "figures": shown.figures,
            "chart": None,
            "preview": shown.preview,
            "url": settings.BASE_URL + "/",
            "stop_url": settings.BASE_URL + "/",
        }
        with people.known_organisation(self.organisation):
            mail = rendered_mail.from_templates(digest.VERB, "digest", found, user, made.made_at, names=None)
        built = EmailMultiAlternatives(mail.title, mail.text, "riskhub@bench.example", [mail.to])
        built.attach_alternative(mail.html, "text/html")
        return built


# ------------------------------------------------------------ the mail server


class _Sink:
    """The file of the mail server: a line for each accepted mail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = 0

    def forget(self) -> None:
        self.before = len(self.path.read_text().splitlines())

    def recipients(self) -> list[str]:
        return [line.split()[0] for line in self.path.read_text().splitlines()[self.before :]]


@contextmanager
def _mail_server(run: Run) -> Iterator[_Sink]:
    """Run the mail server (bench.sink), and point Django at it."""
    path, log = run.ground.home / "mails.txt", run.ground.logs / "sink.log"
    log.unlink(missing_ok=True)
    kept = {name: getattr(settings, name) for name in ("EMAIL_HOST", "EMAIL_PORT", "IS_MAIL_KEPT")}
    with run.ground.program("sink", [sys.executable, "-m", "bench.sink", str(path)]):
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _port(log)
        settings.IS_MAIL_KEPT = False
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        try:
            yield _Sink(path)
        finally:
            for name, value in kept.items():
                setattr(settings, name, value)


def _port(log: Path, seconds: float = 30) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if log.exists() and log.read_text().strip().isdigit():
            return int(log.read_text())
        time.sleep(0.1)
    raise RuntimeError(f"The mail server does not start; see {log}")


def _timed(run: Run, act: Callable[[], None]) -> Part:
    own = time.process_time()
    with Meter(0, run.ground.cluster.pid or 0, run.ground.ours) as reading:
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
    return Part(seconds, time.process_time() - own + reading.database, reading.foreign)
