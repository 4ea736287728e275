"""`make chaos`: rows of the test standard, and a test of these tests. `make soak`: row 27."""

import argparse
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chaos import claims
from chaos.claims import Claim
from chaos.endpoints import endpoints
from chaos.ground import Ground, ground
from chaos.installation import Missing

ROWS = {
    "1": "workers die",
    "2": "resend and park",
    "4": "PostgreSQL restarts",
    "5": "Valkey down, flushed, hung",
    "6": "three beats, and none",
    "7": "weekly work and daily restarts",
    "8": "clock jumps",
    "11": "closed stays quiet",
    "12": "poisoned mails, trouble with the mail server",
    "14": "malformed payloads to each intake endpoint",
    "23": "the API and its schema, for each role",
    "25": "backups under load, damaged ones, a restored register",
    "production": "the files of deploy/ on Debian's servers, under traffic",
    "upgrade": "from the previous release to this one, under traffic",
    "breaks": "the tests themselves",
    "27": "weeks in the life of an organisation",
}
# Row 27 takes long; production and upgrade need servers of Debian. They run only if they are named.
EACH_TIME = ("1", "2", "4", "5", "6", "7", "8", "11", "12", "14", "23", "25", "breaks")
# (full, with --short): kills, climbs, messages; for row 5 the share of its seconds.
FULL, SHORT = (1000, 1500, 3000), (60, 120, 300)


def main() -> int:
    """Return 0 if every judged claim is met."""
    asked = _asked()
    # SIGTERM also causes an orderly stop, because this process must stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed} (again with CHAOS_ARGS='--seed {seed}')", flush=True)
    found: list[Claim] = []
    try:
        with ground() as made:
            for row in asked.rows or EACH_TIME:
                print(f"{row}: {ROWS[row]}", flush=True)
                began = time.monotonic()
                found += _run(row, asked, made, seed)
                print(f"  {time.monotonic() - began:.0f} s", flush=True)
                claims.write(found, asked.out)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped, with the servers.", file=sys.stderr)
        return 130
    print(claims.table(found))
    return 0 if all(claim.met for claim in found) else 1


def _asked(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options. words: those of the command line, by default."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument(
        "rows",
        nargs="*",
        choices=[*ROWS, []],
        help="which rows (default: all but production, upgrade, 27)",
    )
    parser.add_argument("--seed", type=int, help="the seed of an earlier run, to repeat its choices")
    parser.add_argument(
        "--short", action="store_true", help="a quick run; its lines are marked and never met"
    )
    parser.add_argument(
        "--break", dest="broken", default="", help="remove a mechanism (chaos.breaking); rows must fail"
    )
    parser.add_argument("--down", type=float, default=600, help="seconds Valkey is down in row 5")
    parser.add_argument("--weeks", type=int, help="simulated weeks in row 7 (full: 8) and 27 (full: 4)")
    parser.add_argument("--closes", type=int, default=1000, help="closes in row 11")
    parser.add_argument("--mails", type=int, default=450, help="mails of each run in row 12")
    parser.add_argument("--payloads", type=int, help="payloads to each endpoint in row 14 (full: 10,000)")
    parser.add_argument("--endpoint", default="", choices=["", *endpoints()], help="only this one, in row 14")
    parser.add_argument("--out", type=Path, default=Path("chaos.jsonl"))
    return parser.parse_args(words)


def _run(row: str, asked: argparse.Namespace, made: Ground, seed: int) -> list[Claim]:
    # These imports need a configured Django.
    from chaos import (
        backups,
        beats,
        closing,
        contract,
        daily,
        jumps,
        outage,
        production,
        restarts,
        standard,
        trouble,
        upgrade,
        weeks,
    )

    about: dict[str, Any] = {"seed": seed, "say": _say}
    broken = about | {"broken": asked.broken}
    runs: dict[str, Callable[[], list[Claim]]] = {
        "1": lambda: _kill(row, asked, made, seed),
        "2": lambda: _kill(row, asked, made, seed),
        "4": lambda: restarts.run(made, is_short=asked.short, **about),
        "5": lambda: outage.run(made, down=asked.down, is_short=asked.short, **about),
        "6": lambda: beats.run(made, **about),
        "7": lambda: daily.run(made, weeks=asked.weeks or daily.WEEKS, **broken),
        "8": lambda: jumps.run(made, **broken),
        "11": lambda: closing.run(made, closes=asked.closes, **broken),
        "12": lambda: trouble.run(made, mails=asked.mails, **broken),
        "14": lambda: _malformed(asked, made, about),
        "23": lambda: contract.run(made, is_short=asked.short, **about),
        "25": lambda: backups.run(made, is_short=asked.short, **about),
        "27": lambda: weeks.run(made, weeks=asked.weeks or weeks.WEEKS, **about),
        "production": lambda: production.run(**about),
        "upgrade": lambda: upgrade.run(**about),
        "breaks": lambda: standard.run(made, **about),
    }
    return runs[row]()


def _kill(row: str, asked: argparse.Namespace, made: Ground, seed: int) -> list[Claim]:
    """Run row 1 or 2."""
    from chaos import killing

    made.fresh(f"chaos_{row}")
    kills, climbs, messages = SHORT if asked.short else FULL
    plan = killing.Plan(kills, climbs, messages, seed, freezes=max(2, kills // 50), broken=asked.broken)
    if row == "2":
        plan = killing.late_answers(plan)
    outcome = killing.run(plan, log=made.folder / f"row{row}.log", say=_say)
    judged = (killing.claims_of_row_1 if row == "1" else killing.claims_of_row_2)(plan, outcome)
    return [killing.shortened(claim) for claim in judged] if asked.short else judged


def _malformed(asked: argparse.Namespace, made: Ground, about: dict[str, Any]) -> list[Claim]:
    """Run row 14."""
    from chaos import malformed

    number = asked.payloads or malformed.PAYLOADS
    return malformed.run(made, payloads_each=number, only=asked.endpoint, is_short=asked.short, **about)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
