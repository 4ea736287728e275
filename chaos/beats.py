"""Row 6: three beats, one beat, or none with a manual tick have the same effects.

The same small register lives through two days each time: reminders, overdue actions on the ladder, a meeting
whose agenda is published, and the weekly digest.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as daytime
from pathlib import Path

from django.db import connection

from actions.operations import action
from chaos import pool
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.programs import Programs
from chaos.sink import Sink
from history import operations as history
from history.models import Event
from kit.actor import SYSTEM
from meetings.operations import series
from notices.models import Digest, Message
from notices.operations import mail_switch
from people import queries
from people.models import Function, User
from people.operations import organisation, team
from people.states import Role
from risklog.operations import ladder, taxonomy

GOAL, LONGEST = 6, 90.0
BEGIN = datetime(2027, 3, 3, 8, tzinfo=UTC)  # a Wednesday
STEPS = tuple(BEGIN + timedelta(hours=hours) for hours in (1, 6, 12, 24, 30, 36, 48, 54, 60, 72))
PEOPLE = 6


def run(made: Ground, *, seed: int, say: Callable[[str], None]) -> list[Claim]:
    """Live through the days with one beat, with three, and with none. Compare the effects."""
    effects: dict[int, Counter[str]] = {}
    for beats in (1, 3, 0):
        effects[beats] = _live(made, beats)
        say(f"  {beats} beats: {effects[beats].total()} effects")
    wanted = effects[1]
    return [
        Claim(
            GOAL,
            f"effects with {beats} beats that differ from those with one",
            len(wrong),
            "0",
            not wrong and wanted.total() > 0,
            seed=seed,
            why=wrong,
            counts={"effects": wanted.total()},
        )
        for beats in (3, 0)
        for wrong in [_differences(wanted, effects[beats])]
    ]


def _differences(wanted: Counter[str], found: Counter[str]) -> list[str]:
    missing = [f"missing: {what}" for what in (wanted - found).elements()]
    return missing + [f"too much: {what}" for what in (found - wanted).elements()]


def _live(made: Ground, beats: int) -> Counter[str]:
    made.fresh("chaos_6")
    sink, ticks = Sink(), made.folder / f"ticks-6-{beats}"
    sink.start()
    environment = pool.environment(mail_port=sink.port, lease=60) | {
        "CHAOS_TICKS": str(ticks),
        "CHAOS_BROKEN": "",
        "CHAOS_POISON": "",
    }
    running: list[Programs] = []
    try:
        _fill()
        for number in range(max(1, beats)):
            folder = made.folder / f"beat-{number}"
            folder.mkdir(exist_ok=True)
            running.append(Programs(environment, folder, has_worker=number == 0, has_beat=beats > 0))
        for at in STEPS:
            _move(at)
            _wait(at, lambda: None if beats else _tick_by_hand(environment))
        return _effects(sink)
    finally:
        for programs in running:
            programs.stop()
        sink.stop()


def _tick_by_hand(environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "tick"],
        cwd=Path(__file__).parent.parent, env={**os.environ, **environment}, check=True, capture_output=True,
    )  # fmt: skip


def _wait(at: datetime, tick: Callable[[], None]) -> None:
    """Wait until no work of the moment is left, also after one more second."""
    ends, quiet = time.monotonic() + LONGEST, 0
    while quiet < 4:
        if time.monotonic() > ends:
            raise RuntimeError(f"The work of {at:%d %b %H:%M} was not done.")
        tick()
        time.sleep(0.5)
        quiet = 0 if _is_open(at) else quiet + 1


def _is_open(at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT 1 FROM history_due WHERE state IN ('pending', 'claimed') AND at <= %s)
            OR EXISTS (SELECT 1 FROM history_handover WHERE state IN ('pending', 'claimed'))
            OR EXISTS (SELECT 1 FROM notices_message
                WHERE state = 'claimed' OR (state = 'pending' AND not_before <= %s))""",
            [at, at],
        )
        return bool(cursor.fetchone()[0])


def _effects(sink: Sink) -> Counter[str]:
    """Return what happened: events by object, digests, mails by cause and by whether they arrived."""
    events = Event.objects.filter(at__gt=BEGIN).values_list("verb", "subject__title")
    found = Counter(f"{verb} of {title}" for verb, title in events)
    found += Counter(
        f"digest {week} of {who}" for week, who in Digest.objects.values_list("week", "user__name")
    )
    mails = Message.objects.values_list("verb", "state", "user__name")
    found += Counter(f"mail {verb} to {who}, {state}" for verb, state, who in mails)
    found["mails accepted twice"] = len(sink.accepted) - len(set(sink.accepted))
    return found


def _move(at: datetime) -> None:
    known = queries.organisation()
    assert known is not None
    organisation.move_ahead(known, to=at, at=datetime.now(UTC))


def _fill() -> None:
    """Create people, a ladder, actions around their due dates, and a weekly meeting."""
    mail_switch.note(is_on=True, at=datetime(1970, 1, 1, tzinfo=UTC))
    organisation.found(name="Chaos", time_zone="UTC", is_sample=True, by=SYSTEM, at=BEGIN)
    taxonomy.seed(by=SYSTEM, at=BEGIN)
    functions = list(Function.objects.order_by("pk"))
    people = [_person(number, functions) for number in range(PEOPLE)]
    owners = team.add(name="Owners", lead=people[0], by=SYSTEM, at=BEGIN)
    for one in people[1:]:
        team.join(owners, one, by=SYSTEM, at=BEGIN)
    ladder.seed(by=SYSTEM, at=BEGIN)
    for number in range(3 * PEOPLE):
        due_on = date(2027, 3, 3) + timedelta(days=number % 4)
        action.add(title=f"Do {number}", owner=people[number % PEOPLE], due_on=due_on, by=SYSTEM, at=BEGIN)
    series.add(
        name="Forum",
        first_on=date(2027, 3, 5),
        starts_at=daytime(10),
        time_zone="UTC",
        rrule="FREQ=WEEKLY;BYDAY=FR",
        teams=[owners],
        functions=functions,
        by=SYSTEM,
        at=BEGIN,
    )
    _move(BEGIN)


def _person(number: int, functions: list[Function]) -> User:
    user = User(
        email=f"person{number}@example.org", name=f"Person {number}", handle=f"person-{number}",
        role=Role.RISK_MANAGER if number == 0 else Role.MEMBER, function=functions[number % len(functions)],
    )  # fmt: skip
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=BEGIN)
    return user
