"""Row 4: PostgreSQL restarts at once, twenty times, under load. Nobody restarts a process of Riskhub."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import connections

from actions.models import Action
from chaos.claims import Claim
from chaos.ground import Ground
from chaos.site import VISITORS, Site, run_site, settle
from chaos.visitor import Written
from history.models import Handover
from history.states import Work
from notices.models import Message

GOAL, RESTARTS, LONGEST = 4, 20, 5.0
BETWEEN = (1.0, 4.0)  # seconds of load before a restart


@dataclass
class Load:
    """What the visitors wrote.

    away: for each restart, the seconds until a page could be written again. restarted: until PostgreSQL ran.
    """

    written: list[tuple[float, Written]] = field(default_factory=list)
    away: list[float] = field(default_factory=list)
    restarted: list[float] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


def run(made: Ground, *, seed: int, is_short: bool, say: Callable[[str], None]) -> list[Claim]:
    """Write pages while PostgreSQL restarts. is_short: three restarts; no claim counts as met."""
    chance, load = random.Random(seed), Load()
    made.fresh("chaos_4")
    with run_site(made, "chaos_4") as site:
        with ThreadPoolExecutor(VISITORS) as pool:
            visits = [pool.submit(_write_until_over, site, number, load) for number in range(VISITORS)]
            try:
                for number in range(3 if is_short else RESTARTS):
                    time.sleep(chance.uniform(*BETWEEN))
                    load.away.append(_restart(made, load))
                    say(f"  restart {number + 1}: a page was written after {load.away[-1]:.1f} s")
                    say(f"    PostgreSQL itself answered after {load.restarted[-1]:.1f} s")
            finally:
                load.is_over.set()
            for visit in visits:
                visit.result()
        settle()
        found = _claims(site, load, seed)
    for claim in found if is_short else []:
        claim.what, claim.met = f"{claim.what} [SHORT]", False
    return found


def _write_until_over(site: Site, number: int, load: Load) -> None:
    turn = 0
    while not load.is_over.is_set():
        turn += 1
        one = site.visitors[number].write(f"Written by {number}, {turn}", site.user.pk)
        load.written.append((time.monotonic(), one))
        if one.status != 303:
            time.sleep(0.1)  # a person would wait, too


def _restart(made: Ground, load: Load) -> float:
    """Restart PostgreSQL as after a crash. Return the seconds until a page was written again."""
    connections.close_all()
    began = time.monotonic()
    made.cluster.restart("immediate")
    load.restarted.append(time.monotonic() - began)
    while time.monotonic() - began < 60:
        if any(
            at > began and one.status == 303 and at - one.seconds > began for at, one in load.written[-40:]
        ):
            break
        time.sleep(0.05)
    return time.monotonic() - began


def _claims(site: Site, load: Load, seed: int) -> list[Claim]:
    accepted = Counter(one.title for _, one in load.written if one.status == 303)
    tried = {one.title for _, one in load.written}
    rows = Counter(Action.objects.filter(title__startswith="Written ").values_list("title", flat=True))
    wrong = [f"{title!r} is missing" for title in accepted - rows]
    wrong += [f"{title!r} exists {times} times" for title, times in rows.items() if times > 1]
    wrong += [f"{title!r} was never sent" for title in rows if title not in tried]
    undone = Handover.objects.exclude(state=Work.DONE).count()
    unsent = Message.objects.exclude(state__in=["done", "unwanted"]).count()
    wrong += [f"{undone} events and {unsent} mails are not done"] if undone + unsent else []
    repeats = len(site.sink.accepted) - len(set(site.sink.accepted))
    restarts = [line.strip() for line in site.log.read_text().splitlines() if " ended (" in line]
    failed = sum(one.status != 303 for _, one in load.written)
    counts: dict[str, float] = {
        "writes": len(load.written), "refused meanwhile": failed,
        "mails": len(site.sink.accepted), "mails repeated": repeats,
    }  # fmt: skip
    counts["longest start of PostgreSQL, seconds"] = round(max(load.restarted), 1)
    after = [away - started for away, started in zip(load.away, load.restarted, strict=True)]
    about, worst = {"seed": seed, "counts": counts}, max(after)
    return [
        Claim(GOAL, f"lost or doubled after {len(load.away)} restarts of PostgreSQL", len(wrong), "0",
              not wrong and bool(accepted), why=wrong, **about),
        Claim(GOAL, "seconds from PostgreSQL's answer to a written page", round(worst, 1), f"<= {LONGEST:g}",
              worst <= LONGEST, min=round(min(after), 1), max=round(worst, 1), **about),
        Claim(GOAL, "programs that the supervisor restarted", len(restarts), "0", not restarts,
              why=restarts, **about),
    ]  # fmt: skip
