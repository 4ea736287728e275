"""Tests the tests: if one mechanism is removed, its row must fail."""

from collections.abc import Callable
from dataclasses import replace

from chaos import killing
from chaos.breaking import BREAKS
from chaos.claims import Claim
from chaos.ground import Ground

# A small plan with long freezes, because the claim check is for workers that lost their claim while they
# hung.
SMALL = killing.Plan(kills=10, climbs=60, messages=240, seed=0, freezes=24, frozen=3, lease=1)


def run(made: Ground, *, seed: int, say: Callable[[str], None]) -> list[Claim]:
    plans = {
        "": killing.mail_only(replace(SMALL, seed=seed)),
        "claim": killing.mail_only(replace(SMALL, seed=seed, broken="claim")),
        "unique": replace(SMALL, seed=seed, broken="unique"),
    }
    found = []
    for name, plan in plans.items():
        made.fresh("chaos_breaks")
        outcome = killing.run(plan, log=made.folder / f"break-{name or 'nothing'}.log", say=say)
        rows = killing.claims_of_row_2 if plan.is_mail_only else killing.claims_of_row_1
        red = [claim.what for claim in rows(plan, outcome) if not claim.met]
        say(f"  without {name or 'nothing'}: red {red or 'nothing'}")
        what = f"a row fails if {BREAKS[name]}" if name else "no row fails without a removed mechanism"
        wanted = "0" if not name else ">= 1"
        found.append(
            Claim(plan.is_mail_only + 1, what, len(red), wanted, bool(red) == bool(name), seed=seed,
                  counts=outcome.counts, why=[] if bool(red) == bool(name) else red or ["all stayed green"])
        )  # fmt: skip
    return found
