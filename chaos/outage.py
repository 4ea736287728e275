"""Row 5: Valkey hangs, is flushed, and returns empty, under the real supervisor with web, worker, beat."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from actions.models import Action
from actions.operations import action as actions
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.site import VISITORS, Site, run_site, settle, waiting_rows
from chaos.visitor import Written
from history.models import Due, Event, Handover
from history.states import Work
from kit import clock
from kit.actor import SYSTEM
from notices.models import Message
from riskhub.engine.valkey import ping

HUNG_SECONDS, WRITES = 60.0, 200
DUES = 30
SLOWEST, LATEST = 2.0, 30.0  # seconds: a page write; a reminder after Valkey is back
GIVE_UP = 150.0  # seconds after the return until the wait for reminders ends


def run(made: Ground, *, seed: int, down: float, is_short: bool, say: Callable[[str], None]) -> list[Claim]:
    """Run row 5. down: seconds without Valkey. is_short: a tenth of all times, and no claim counts as met."""
    share = 0.1 if is_short else 1.0
    chance = random.Random(seed)
    made.fresh("chaos_5")
    found: list[Claim] = []
    with run_site(made, "chaos_5") as site:
        say(f"  Riskhub runs at {site.address}")
        for name, phase, seconds in (
            ("hung", _hang, HUNG_SECONDS * share),
            ("flushed", _flush, 0.0),
            (f"down for {down * share:.0f} s, then empty", _down, down * share),
        ):
            late = _phase(site, phase, seconds, chance, say)
            label = f"Valkey {name}: reminders after its return, latest, seconds"
            found.append(Claim(5, label, round(late, 1), f"<= {LATEST:g}", late <= LATEST, seed=seed))
            say(f"  Valkey {name}: latest reminder {late:.1f} s after its return")
        found += _ledger(site, seed)
    is_full = not is_short and down >= 600
    for claim in found if not is_full else []:
        claim.what, claim.met = f"{claim.what} [SHORT]", False
        claim.why.append("short: the full length is needed")
    return found


def _phase(site: Site, phase: Callable, seconds: float, chance: random.Random, say: Callable) -> float:
    """Add reminders that are due during an outage, cause the outage, and measure their delay."""
    wanted = _put_reminders(site, seconds, chance)
    phase(site, seconds, chance)
    back = time.monotonic()
    while len(_reminded(wanted)) < len(wanted) or not _mailed(site, wanted):
        if time.monotonic() - back > GIVE_UP:
            say(f"  {len(_reminded(wanted))} of {len(wanted)} reminded, {waiting_rows()} open")
            break
        time.sleep(0.25)
    site.reminded += len(wanted)
    return time.monotonic() - back


def _put_reminders(site: Site, seconds: float, chance: random.Random) -> list[int]:
    """Create actions whose reminder is due during the outage. Only the date is changed directly."""
    now = clock.now()
    wanted = []
    for number in range(DUES):
        due_on = date(now.year + 1, 3, 1 + number % 28)
        made = actions.add(
            title=f"Remind {number}", owner=site.user, due_on=due_on, by=SYSTEM, at=now
        ).subject_id
        moment = now + timedelta(seconds=1 + chance.uniform(0, max(seconds, 1)))
        Due.objects.filter(subject_id=made, occurrence__startswith="before/").update(at=moment)
        wanted.append(made)
    return wanted


def _reminded(subjects: list[int]) -> list[int]:
    rows = Event.objects.filter(verb="actions.action_reminded", subject_id__in=subjects)
    return list(rows.values_list("subject_id", flat=True))


def _mailed(site: Site, subjects: list[int]) -> bool:
    """Return True if the sink has accepted a mail for each of these reminders."""
    rows = Message.objects.filter(verb="actions.action_reminded", subject_id__in=subjects)
    taken = {one.split("@")[0] for one in site.sink.accepted}
    return sum(str(pk) in taken for pk in rows.values_list("pk", flat=True)) >= len(subjects)


# ------------------------------------------------------------------ the three outages


def _hang(site: Site, seconds: float, chance: random.Random) -> None:
    """Stop Valkey with SIGSTOP during page writes. Connections are accepted, but nothing answers."""
    pid = site.valkey.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        ends = time.monotonic() + seconds
        with ThreadPoolExecutor(VISITORS) as pool:
            each = WRITES // VISITORS
            visits = [
                pool.submit(_write_many, site, number, each, seconds / each) for number in range(VISITORS)
            ]
            for visit in visits:
                site.written += visit.result()
        time.sleep(max(0.0, ends - time.monotonic()))
    finally:
        os.kill(pid, signal.SIGCONT)


def _write_many(site: Site, number: int, count: int, pause: float) -> list[Written]:
    began, found = time.monotonic(), []
    for turn in range(count):
        time.sleep(max(0.0, began + turn * pause - time.monotonic()))
        found.append(site.visitors[number].write(f"Written by {number}, {turn}", site.user.pk))
    return found


def _flush(site: Site, seconds: float, chance: random.Random) -> None:
    """Delete everything in the running Valkey."""
    import redis

    with redis.Redis.from_url(site.valkey.url) as connection:
        connection.flushall()


def _down(site: Site, seconds: float, chance: random.Random) -> None:
    """Kill Valkey, write pages from time to time, and start it empty on the same port."""
    os.kill(site.valkey.pid, signal.SIGKILL)
    ends, turn = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        site.written.append(site.visitors[turn % VISITORS].write(f"Written while down, {turn}", site.user.pk))
        turn += 1
        time.sleep(max(0.0, min(seconds / 60, ends - time.monotonic())))
    (site.valkey.folder / "dump.rdb").unlink(missing_ok=True)
    site.valkey.stop()
    site.valkey.start()
    ping(site.valkey.url, seconds=5)


# ------------------------------------------------------------------ the ledger


def _ledger(site: Site, seed: int) -> list[Claim]:
    settle()
    slowest = max(one.seconds for one in site.written)
    refused = [f"{one.title!r} was answered {one.status}" for one in site.written if one.status != 303]
    rows = Counter(Action.objects.filter(title__startswith="Written ").values_list("title", flat=True))
    wanted = Counter(one.title for one in site.written)
    lost = [f"{title!r} is missing" for title in (wanted - rows).elements()]
    double = [f"{title!r} exists twice" for title in (rows - wanted).elements()]
    reminders = Counter(
        Event.objects.filter(verb="actions.action_reminded").values_list("subject_id", flat=True)
    )
    lost += [f"{site.reminded - len(reminders)} reminders"] if len(reminders) < site.reminded else []
    double += [f"reminder {subject}" for subject, times in reminders.items() if times > 1]
    unsettled = (
        Handover.objects.exclude(state=Work.DONE).count() + Message.objects.exclude(state="done").count()
    )
    lost += [f"{unsettled} handovers or messages are not done"] if unsettled else []
    repeats = len(site.sink.accepted) - len(set(site.sink.accepted))
    double += [f"{repeats} mails"] if repeats else []
    restarts = [line.strip() for line in site.log.read_text().splitlines() if " ended (" in line]
    counts = {"writes": len(site.written), "reminders": site.reminded, "mails": len(site.sink.accepted)}
    about = {"seed": seed, "counts": counts}
    wrong = refused + lost + double
    seconds = sorted(one.seconds for one in site.written)
    return [
        Claim(5, "lost or doubled: page writes, reminders, mails", len(wrong), "0", not wrong,
              why=wrong, **about),
        Claim(5, "slowest page write, seconds", round(slowest, 2), f"<= {SLOWEST:g}", slowest <= SLOWEST,
              min=round(seconds[0], 3), max=round(slowest, 3), **about),
        Claim(5, "programs that the supervisor restarted", len(restarts), "0", not restarts,
              why=restarts, **about),
    ]  # fmt: skip
