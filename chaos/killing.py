"""Rows 1 and 2: workers are killed with SIGKILL at random moments, a few are frozen past their leases."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from chaos import breaking, cast, ledger
from chaos.claims import Claim
from chaos.ledger import Ledger
from chaos.pool import Pool, worker_pool
from chaos.sink import Sink
from history import relay
from history.models import Due, Handover
from history.states import Work
from kit import clock
from notices.models import Message
from notices.queries import rendered_mail
from risklog.operations.climb import CLIMB

POLL_SECONDS = 0.02
SPEED = 60.0  # one simulated minute per second, so that rungs of a minute are reached within the run


@dataclass(frozen=True)
class Plan:
    """The size of a run. lease: seconds of a claim (twice that for a mail). longest: the limit in seconds."""

    kills: int
    climbs: int
    messages: int
    seed: int
    freezes: int = 20
    frozen: float = 1.25  # in leases of a mail: by then other workers have taken over the work
    workers: int = 6
    lease: int = 2
    longest: float = 1500.0
    stall: float = 75.0  # without any progress, longer than any lease
    patience: float = 12.0  # without any progress, before pauses after a failed try are skipped
    is_mail_only: bool = False
    sink_delay: tuple[float, float] = (0.0, 0.0)
    broken: str = ""


@dataclass
class Outcome:
    ledger: Ledger
    made: cast.Cast
    counts: dict[str, Any] = field(default_factory=dict)


def run(plan: Plan, *, log: Path, say: Callable[[str], None]) -> Outcome:
    """Fill the database, start workers, kill them at work, and check the ledger."""
    at = clock.now() - timedelta(minutes=1)
    if plan.broken:
        breaking.in_database(plan.broken)
    began = time.monotonic()
    if plan.is_mail_only:
        made = cast.mailing(messages=plan.messages, at=at)
        while relay.relay(at=at).done:
            pass
    else:
        made = cast.climbing(climbs=plan.climbs, messages=plan.messages, at=at)
    say(f"  {made.climbs} climbs and {made.messages} messages to process ({time.monotonic() - began:.0f} s)")
    sink = Sink(delay=plan.sink_delay, seed=plan.seed)
    sink.start()
    began = time.monotonic()
    try:
        thaw_after = 2 * plan.lease * plan.frozen
        with worker_pool(
            _order(plan, at), mail_port=sink.port, lease=plan.lease, log=log, thaw_after=thaw_after
        ) as pool:
            end = _kill_until_done(plan, made, pool, say)
        counts = pool.counts
    finally:
        sink.stop()
    seconds = time.monotonic() - began
    closed = ledger.close(made, sink.accepted, rendered_mail.host())
    if end:
        closed.lost.append(end)
    errors = log.read_text(errors="replace").count("Traceback (most recent call last)")
    return Outcome(
        closed, made, counts | closed.counts | {"seconds": round(seconds, 1), "worker errors": errors}
    )


def _order(plan: Plan, at: datetime) -> dict[str, Any]:
    return {
        "workers": plan.workers,
        "seed": plan.seed,
        "only_mail": plan.is_mail_only,
        "began": time.monotonic(),
        "from": (at + timedelta(minutes=2)).isoformat(),
        "speed": SPEED,
        "ring_again": 0.0 if plan.is_mail_only else 0.3,
        "broken": plan.broken,
    }


def _kill_until_done(plan: Plan, made: cast.Cast, pool: Pool, say: Callable[[str], None]) -> str:
    """Kill by progress instead of by time, so that every kill hits a working worker.

    Returns "" or the reason for giving up.
    """
    chance = random.Random(plan.seed)
    total = _total(plan, made)
    at_work = [chance.randrange(int(total * 0.96)) for _ in range(plan.kills)]
    frozen = [chance.randrange(int(total * 0.9)) for _ in range(plan.freezes)]
    faults = sorted([(when, "kill") for when in at_work] + [(when, "freeze") for when in frozen])
    faults.reverse()
    began = moved = said = time.monotonic()
    last = -1
    while True:
        settled, now = _settled(plan), time.monotonic()
        if settled >= total and _is_done():
            return ""
        if settled != last:
            moved, last = now, settled
        if now - moved > plan.patience and (skipped := _skip_pauses()):
            moved, pool.skipped = now, pool.skipped + skipped
        if now - moved > plan.stall or now - began > plan.longest:
            return f"gave up after {now - began:.0f} s with {settled} of {total} settled"
        if now - said > 15:
            said = now
            say(f"  {settled} of {total} settled, {plan.kills + plan.freezes - len(faults)} faults so far")
        pool.thaw_due(now)
        while faults and faults[-1][0] <= settled:
            _, word = faults.pop()
            slot = chance.randrange(plan.workers)
            time.sleep(chance.uniform(0, 0.03))
            pool.order(word, slot)
        time.sleep(POLL_SECONDS)


def _total(plan: Plan, made: cast.Cast) -> int:
    """Return the number of rows to settle: dates, handovers, messages, also those of future climbs."""
    if plan.is_mail_only:
        return made.messages
    return made.climbs * 2 + Handover.objects.count() + made.messages


def _settled(plan: Plan) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM notices_message WHERE state NOT IN ('pending', 'claimed')")
        mails = cursor.fetchone()[0]
        if plan.is_mail_only:
            return mails
        cursor.execute(
            """SELECT (SELECT count(*) FROM history_due WHERE kind = %s AND state IN ('done', 'dead'))
                    + (SELECT count(*) FROM history_handover WHERE state IN ('done', 'dead'))""",
            [CLIMB],
        )
        return mails + cursor.fetchone()[0]


def _skip_pauses() -> int:
    """Skip the pauses after failed tries (up to four hours for a mail), when only such rows are left."""
    skipped = 0
    for rows in (Due.objects.filter(kind=CLIMB), Handover.objects.all(), Message.objects.all()):
        skipped += rows.filter(state=Work.PENDING, not_before__gt=Now()).update(not_before=Now())
    return skipped


def _is_done() -> bool:
    waiting = [Work.PENDING, Work.CLAIMED]
    rows = (Due.objects.filter(kind=CLIMB), Handover.objects.all(), Message.objects.all())
    return not any(of.filter(state__in=waiting).exists() for of in rows)


# ------------------------------------------------------------------ claims


def claims_of_row_1(plan: Plan, outcome: Outcome) -> list[Claim]:
    lost, doubled = outcome.ledger.lost, outcome.ledger.doubled
    about = {"seed": plan.seed, "counts": outcome.counts}
    killed = outcome.counts.get("kills", 0)
    is_whole = killed >= plan.kills
    wanted = [] if is_whole else [f"only {killed} of {plan.kills} kills"]
    work = f"{plan.kills:,} SIGKILLs over {plan.climbs:,} climbs and {plan.messages:,} messages"
    return [
        Claim(1, f"lost: {work}", len(lost), "0", not lost and is_whole, why=lost + wanted, **about),
        Claim(1, f"doubled: {work}", len(doubled), "0", not doubled and is_whole, why=doubled, **about),
    ]


def claims_of_row_2(plan: Plan, outcome: Outcome) -> list[Claim]:
    counts, about = outcome.counts, {"seed": plan.seed, "counts": outcome.counts}
    lost = outcome.ledger.lost + outcome.ledger.doubled
    kills, resent, parked = counts.get("kills", 0), outcome.made.resent, outcome.made.parked
    is_whole = kills >= plan.kills
    why = lost if is_whole else [*lost, f"only {kills} of {plan.kills} kills"]
    repeats, again = counts["resend repeats"], counts["park repeats"]
    kept = counts["park done"] + counts["park uncertain"]
    return [
        Claim(2, "resend: mails never accepted", resent - counts["resend done"], "0",
              counts["resend done"] == resent and not why, why=why, **about),
        Claim(2, "resend: repeats, each with the same Message-ID", repeats, f"<= kills ({kills})",
              repeats <= kills, **about),
        Claim(2, "park: repeats", again, "0", again == 0, **about),
        Claim(2, "park: sent + uncertain", kept, f"rows ({parked})", kept == parked, **about),
    ]  # fmt: skip


def late_answers(plan: Plan) -> Plan:
    """Return the plan of row 2: the same work, but the sink answers 2 to 30 ms after it accepts a mail."""
    return replace(plan, sink_delay=(0.002, 0.030))


def mail_only(plan: Plan) -> Plan:
    """Return a plan with only mails and late answers."""
    return replace(late_answers(plan), is_mail_only=True, lease=1)


def shortened(claim: Claim) -> Claim:
    """Mark a claim of a short run as not met, because only a full run counts."""
    return replace(
        claim, what=f"{claim.what} [SHORT]", met=False, why=[*claim.why, "short: full counts needed"]
    )
