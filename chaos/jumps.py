"""Row 8: the clock jumps by an hour, back by an hour, by three days, and over a leap day.

Four workers tick all the time. Their clock is a file, which this module moves; in some steps the clock of
each tick is an hour ahead or behind. After each jump the ledger is checked: nothing happened twice, and no
escalation climbed more than one rung.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.db import connection

from actions.operations import action
from chaos import breaking
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.pool import worker_pool
from chaos.sink import Sink
from history import operations as history
from history.models import Due
from kit.actor import SYSTEM
from meetings.operations import series
from people.models import Function, User
from people.operations import organisation, team
from people.states import Role
from risklog.models import Climb
from risklog.operations import escalation, ladder
from risklog.states import Who

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2028, 2, 21, 8, tzinfo=UTC)  # a Monday, eight days before the leap day
LEAP_DAY = date(2028, 2, 29)
WORKERS, ESCALATIONS, RUNGS, READERS = 4, 20, 30, 8
SAME, SKEWED = (0,), (-3600, 0, 3600)
# (jump, clocks of the workers). A jump of an hour or more is the limit of one rung.
JUMPS = (
    *((HOUR, SAME), (-HOUR, SAME), (HOUR, SAME), (HOUR, SAME)),
    *((3 * DAY, SAME), (-HOUR, SAME), (HOUR, SKEWED), (HOUR, SKEWED), (HOUR, SAME)),
    *((3 * DAY, SAME), (DAY, SAME), (-HOUR, SAME), (6 * HOUR, SAME)),  # the evening before the leap day
    *((12 * HOUR, SAME), (-HOUR, SKEWED), (DAY, SAME), (-HOUR, SAME), (HOUR, SAME)),
    *((3 * DAY, SAME), (3 * DAY, SKEWED), (-3 * HOUR, SAME), (3 * DAY, SAME)),
)
LONGEST = 60.0  # seconds for the work of one jump

# Each statement selects what happened twice.
DOUBLES = {
    "rungs of an escalation": """SELECT escalation_id || '/' || round || '/' || position FROM risklog_climb
        GROUP BY escalation_id, round, position HAVING count(*) > 1""",
    "digests of a week": """SELECT user_id || ' ' || week FROM notices_digest
        GROUP BY user_id, week HAVING count(*) > 1""",
    "reminders": """SELECT subject_id || ' ' || verb || ' ' || (data ->> 'due_on') FROM history_event
        WHERE verb IN ('actions.action_reminded', 'actions.action_overdue')
        GROUP BY subject_id, verb, data ->> 'due_on', data ->> 'when' HAVING count(*) > 1""",
    "escalations of an action": """SELECT about_id::text FROM risklog_escalation
        GROUP BY about_id HAVING count(*) > 1""",
    "meetings of a moment": """SELECT series_id || ' ' || starts_at FROM meetings_meeting
        GROUP BY series_id, starts_at HAVING count(*) > 1""",
    "due dates": """SELECT kind || subject_id || occurrence FROM history_due
        GROUP BY kind, subject_id, occurrence HAVING count(*) > 1""",
    "mails of a cause": "SELECT key FROM notices_message GROUP BY key HAVING count(*) > 1",
}
LOST = {
    "late or failed due dates": """SELECT kind || ' ' || occurrence || ' ' || error FROM history_due
        WHERE state = 'dead' OR (state <> 'done' AND at <= %(at)s)""",
    "handovers": "SELECT handler || ' ' || error FROM history_handover WHERE state <> 'done'",
    "mails": """SELECT id || ' ' || state || ' ' || error FROM notices_message
        WHERE state NOT IN ('done', 'unwanted')""",
    "overdue actions": """SELECT a.title FROM actions_action a
        WHERE a.due_on + 1 < %(at)s AND NOT EXISTS (SELECT 1 FROM history_event e
            WHERE e.subject_id = a.subject_id AND e.verb = 'actions.action_overdue'
              AND e.at >= a.due_on + 1)""",
    "digests": """SELECT u.email || ' ' || w.week
        FROM people_user u CROSS JOIN (VALUES ('2028-W08'), ('2028-W09')) w (week)
        WHERE NOT EXISTS (SELECT 1 FROM notices_digest d WHERE d.user_id = u.id AND d.week = w.week)""",
    "the meeting on the leap day": """SELECT 'none' WHERE NOT EXISTS
        (SELECT 1 FROM meetings_meeting WHERE starts_at::date = '2028-02-29')""",
}


def run(made: Ground, *, seed: int, broken: str, say: Callable[[str], None]) -> list[Claim]:
    """Run all jumps. broken: as in chaos.breaking."""
    made.fresh("chaos_8")
    if broken:
        breaking.in_database(broken)
    _fill()
    sink, clock_file, log = Sink(), made.folder / "clock-8", made.folder / "row8.log"
    sink.start()
    order = {"workers": WORKERS, "seed": seed, "only_mail": False, "ring_again": 0.1, "broken": broken}
    at, wrong = BEGIN, []
    try:
        _show(clock_file, at, SAME)
        with worker_pool(order | {"clock": str(clock_file)}, mail_port=sink.port, lease=60, log=log):
            _wait(clock_file, at)
            for jump, skews in JUMPS:
                at += jump
                wrong += _jump(clock_file, at, jump, skews)
                climbs = Climb.objects.count()
                say(f"  {at:%a %d %b %H:%M} after {jump / HOUR:+g} h: {climbs} climbs")
    finally:
        sink.stop()
    return _claims(sink, at, wrong, seed)


def _jump(clock_file: Path, at: datetime, jump: timedelta, skews: tuple[int, ...]) -> list[str]:
    """Move the clock, let every worker tick, and return which escalations climbed wrongly."""
    before = _rungs()
    _show(clock_file, at, skews)
    late = _wait(clock_file, at + timedelta(seconds=max(skews)))
    after = _rungs()
    climbed = {pk: after[pk] - before[pk] for pk in before}
    name = f"{at:%d %b %H:%M}, {jump / HOUR:+g} h"
    wrong = [f"{name}: {pk} climbed {count} rungs" for pk, count in climbed.items() if count > 1]
    if skews == SAME:
        wanted = {1} if jump >= 2 * HOUR else {0} if jump < timedelta(0) else {0, 1}
        wrong += [f"{name}: {pk} climbed {n} rungs" for pk, n in climbed.items() if n < 2 and n not in wanted]
    return wrong + late


def _show(clock_file: Path, at: datetime, skews: tuple[int, ...]) -> None:
    new = clock_file.with_suffix(".new")
    new.write_text(json.dumps({"at": at.isoformat(), "skews": skews}))
    new.replace(clock_file)


def _wait(clock_file: Path, at: datetime) -> list[str]:
    """Wait until all work up to `at` is done and each worker has ticked several times since."""
    ticks, ends = Path(f"{clock_file}.ticks"), time.monotonic() + LONGEST
    while time.monotonic() < ends:
        began = ticks.stat().st_size if ticks.exists() else 0
        while time.monotonic() < ends and (not ticks.exists() or ticks.stat().st_size < began + 4 * WORKERS):
            time.sleep(0.02)
        if not _is_open(at):
            return []
    return [f"{at:%d %b %H:%M}: the work was not done after {LONGEST:g} s"]


def _is_open(at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT 1 FROM history_due WHERE state IN ('pending', 'claimed') AND at <= %s)
            OR EXISTS (SELECT 1 FROM history_handover WHERE state IN ('pending', 'claimed'))
            OR EXISTS (SELECT 1 FROM notices_message WHERE state IN ('pending', 'claimed'))""",
            [at],
        )
        return cursor.fetchone()[0]


def _rungs() -> Counter:
    """Return the number of climbs of each of the escalations that were there from the beginning."""
    rows = Climb.objects.filter(escalation__title__startswith="Trouble")
    return Counter(rows.values_list("escalation_id", flat=True))


def _fill() -> None:
    """Create escalations, actions that are due around the leap day, and a monthly meeting on the 29th."""
    at = BEGIN - HOUR
    organisation.found(name="Chaos", time_zone="UTC", by=SYSTEM, at=at)
    readers = [_person(number, at) for number in range(READERS)]
    crew = Function.objects.order_by("pk")[0]
    User.objects.filter(pk=readers[0].pk).update(function=crew)
    step = {"who": Who.FUNCTION, "function": crew, "within_minutes": 60, "is_round_the_clock": True}
    ladder.add(name="Chaos", rungs=[step] * RUNGS, by=SYSTEM, at=at)
    for number in range(ESCALATIONS):
        about = action.add(title=f"Blocked task {number}", by=SYSTEM, at=at)
        escalation.start(
            about=about.subject, title=f"Trouble {number}", why="Nobody answered.", by=SYSTEM, at=at
        )
    for number in range(30):
        due_on = LEAP_DAY + timedelta(days=number % 10 - 6)
        action.add(title=f"Task {number}", owner=readers[number % READERS], due_on=due_on, by=SYSTEM, at=at)
    owners = team.add(name="Leap", lead=readers[1], by=SYSTEM, at=at)
    series.add(
        name="On the 29th", first_on=LEAP_DAY, starts_at=(at + 3 * HOUR).time(), time_zone="UTC",
        rrule="FREQ=MONTHLY;BYMONTHDAY=29", teams=[owners], functions=[crew], by=SYSTEM, at=at,
    )  # fmt: skip


def _person(number: int, at: datetime) -> User:
    user = User(
        email=f"reader{number}@example.org", name=f"Reader {number}", handle=f"r-{number}", role=Role.MEMBER
    )
    user.set_unusable_password()
    history.record(user, "people.person_added", by=SYSTEM, at=at)
    return user


def _claims(sink: Sink, at: datetime, wrong: list[str], seed: int) -> list[Claim]:
    doubled = [f"{what}: {row}" for what, statement in DOUBLES.items() for row in _select(statement, at)]
    doubled += [f"mail {name}" for name, times in Counter(sink.accepted).items() if times > 1]
    lost = [f"{what}: {row}" for what, statement in LOST.items() for row in _select(statement, at)]
    counts = {
        "jumps": len(JUMPS),
        "climbs": Climb.objects.count(),
        "due dates": Due.objects.count(),
        "mails": len(sink.accepted),
    }
    about = {"seed": seed, "counts": counts}
    what = f"{len(JUMPS)} jumps of the clock, over a leap day"
    return [
        Claim(8, f"doubled: {what}", len(doubled), "0", not doubled, why=doubled, **about),
        Claim(8, f"lost: {what}", len(lost), "0", not lost, why=lost, **about),
        Claim(8, "jumps after which an escalation did not climb as it must: one rung forward, none back",
              len(wrong), "0", not wrong, why=wrong, **about),
    ]  # fmt: skip


def _select(statement: str, at: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"at": at})
        return [text for (text,) in cursor.fetchall()]
