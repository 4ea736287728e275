"""Row 7: worker and beat are restarted every day of eight simulated weeks. Everyone gets eight digests.

The time of the register is moved ahead, as in a sample, while the tasks and the intervals of Riskhub run in a
real worker and a real beat (chaos.quick_celery). Each day they are ended at a random moment of their work,
mostly by SIGKILL, and the schedule file of beat is lost.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from chaos import breaking, pool
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.programs import Programs
from chaos.sink import Sink
from history import operations as history
from kit import clock
from kit.actor import SYSTEM
from notices.models import Digest, Message
from notices.operations import mail_switch
from notices.queries import rendered_mail
from people import queries
from people.models import User
from people.operations import organisation
from people.states import Role
from risklog.models import Category
from risklog.operations import risk, taxonomy

DAY, WEEK = timedelta(days=1), timedelta(days=7)
WEEKS, ORDERLY_SHARE, LEASE = 8, 0.25, 1
ZONES = (
    *("Pacific/Honolulu", "America/Los_Angeles", "America/New_York", "America/St_Johns", "America/Sao_Paulo"),
    *("UTC", "Europe/London", "Europe/Berlin", "Africa/Cairo", "Asia/Kolkata", "Asia/Tokyo"),
    *("Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Kiritimati"),
)
# The work of a day begins when these hours (UTC) come. Digests are due on Friday at 15:00 of each zone.
HOURS = (1, 7, 14, 20, 23)
LONGEST = 60.0  # seconds for a tick


@dataclass
class Register:
    folder: Path
    environment: dict[str, str]
    chance: random.Random
    kills: int = 0
    stops: int = 0

    @property
    def ticks(self) -> Path:
        return self.folder / "ticks-7"


def run(made: Ground, *, seed: int, weeks: int, broken: str, say: Callable[[str], None]) -> list[Claim]:
    """Live through `weeks` weeks, and compare digests and mails."""
    made.fresh("chaos_7")
    if broken:
        breaking.in_database(broken)
    sink = Sink()
    sink.start()
    began = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    began += timedelta(days=7 - began.weekday())
    state = Register(made.folder, _environment(made, sink.port, broken), random.Random(seed))
    try:
        _fill(began)
        for day in range(7 * weeks):
            if day % 7 == 0:
                _add_news(began + day * DAY)
                say(f"  week {day // 7 + 1}: {Digest.objects.count()} digests, {state.kills} kills")
            _live(state, began + day * DAY)
        _settle(state, began + 7 * weeks * DAY)
    finally:
        sink.stop()
    return _claims(state, sink, weeks, seed)


def _live(state: Register, day: datetime) -> None:
    """Let worker and beat start, work through the hours of the day, and end at a random moment."""
    programs = Programs(state.environment, state.folder)
    try:
        _wait_for_ticks(state, 1)
        hours = sorted(state.chance.sample(HOURS, 2))
        _move(day + timedelta(hours=hours[0]))
        _wait_for_ticks(state, 1)
        _move(day + timedelta(hours=hours[1]))
        time.sleep(state.chance.uniform(0, 2))
        if state.chance.random() < ORDERLY_SHARE:
            programs.stop()
            state.stops += 1
    finally:
        if state.chance is not None and programs.running[0].poll() is None:
            programs.kill()
            state.kills += 1


def _settle(state: Register, at: datetime) -> None:
    """Let worker and beat finish what is left, without a kill."""
    _move(at)
    programs = Programs(state.environment, state.folder)
    ends = time.monotonic() + LONGEST
    try:
        _wait_for_ticks(state, 3)
        while _is_open(at) and time.monotonic() < ends:
            time.sleep(0.2)
    finally:
        programs.stop()


def _wait_for_ticks(state: Register, count: int) -> None:
    def size() -> int:
        return state.ticks.stat().st_size if state.ticks.exists() else 0

    wanted, ends = size() + count, time.monotonic() + LONGEST
    while size() < wanted:
        if time.monotonic() > ends:
            raise RuntimeError(f"No tick: {(state.folder / 'celery.log').read_text()[-2000:]}")
        time.sleep(0.05)


def _is_open(at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT 1 FROM history_due WHERE state IN ('pending', 'claimed') AND at <= %s)
            OR EXISTS (SELECT 1 FROM notices_message WHERE state IN ('pending', 'claimed'))""",
            [at],
        )
        return cursor.fetchone()[0]


def _move(at: datetime) -> None:
    found = queries.organisation()
    assert found is not None
    organisation.move_ahead(found, to=at, at=datetime.now(UTC))


def _fill(at: datetime) -> None:
    mail_switch.note(is_on=True, at=datetime(1970, 1, 1, tzinfo=UTC))  # so that no mail is held back as older
    organisation.found(name="Chaos", time_zone="UTC", is_sample=True, by=SYSTEM, at=at)
    taxonomy.seed(by=SYSTEM, at=at)
    for number, zone in enumerate(ZONES):
        user = User(
            email=f"reader{number}@example.org", name=f"Reader {number}", handle=f"reader-{number}",
            role=Role.MEMBER, time_zone=zone,
        )  # fmt: skip
        user.set_unusable_password()
        history.record(user, "people.person_added", by=SYSTEM, at=at)
    _move(at)


def _add_news(at: datetime) -> None:
    """Add a risk that everybody sees, because a digest without news is not mailed."""
    category = Category.objects.order_by("pk")[0]
    risk.add(title=f"Risk of {at:%d %B}", category=category, likelihood=4, impact=4, by=SYSTEM, at=at)


def _environment(made: Ground, mail: int, broken: str) -> dict[str, str]:
    return pool.environment(mail_port=mail, lease=LEASE) | {
        "CHAOS_TICKS": str(made.folder / "ticks-7"),
        "CHAOS_BROKEN": broken,
        "CHAOS_POISON": "",
    }


def _claims(state: Register, sink: Sink, weeks: int, seed: int) -> list[Claim]:
    of_person = Counter(Digest.objects.values_list("user__email", flat=True))
    people = list(User.objects.values_list("email", flat=True))
    counted = [of_person[email] for email in people]
    wrong = [f"{email} has {of_person[email]} digests" for email in people if of_person[email] != weeks]
    accepted, names = Counter(sink.accepted), rendered_mail.host()
    states = Counter(Message.objects.values_list("state", flat=True))
    missing = [
        f"mail {row.pk} is {row.state} and was accepted {accepted[f'{row.pk}@{names}']} times: {row.error}"
        for row in Message.objects.exclude(state="uncertain")
        if (row.state, accepted[f"{row.pk}@{names}"]) != ("done", 1)
    ]
    repeats = [name for name, times in accepted.items() if times > 1]
    total, kept = weeks * len(people), states["done"] + states["uncertain"]
    counts = {"kills": state.kills, "orderly stops": state.stops, "people": len(people), **states}
    about = {"seed": seed, "counts": counts}
    is_whole = weeks >= WEEKS
    short = [] if is_whole else ["short: eight weeks are needed"]
    restarts = state.kills + state.stops
    return [
        Claim(7, "digests a person", sum(counted) / len(counted), f"{weeks} each", not wrong and is_whole,
              min=min(counted), max=max(counted), why=wrong + short, **about),
        Claim(7, "mails: sent + uncertain", kept, f"{total}", kept == total and not missing,
              why=missing, **about),
        Claim(7, "mails: repeats", len(repeats), "0", not repeats, why=repeats, **about),
        Claim(7, "restarts of worker and beat", restarts, f"{7 * weeks}", restarts == 7 * weeks, **about),
    ]  # fmt: skip
