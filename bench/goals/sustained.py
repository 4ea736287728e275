"""Goal 12b: alerts with new rules at growing rates: the sustained rate, and the CPU time per alert."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import figures
from bench.figures import Line
from bench.goals.alerts import WAIT, Alerts, Watch, bare_create, send_at_rate, watch_reviews, yardstick_celery
from bench.meter import spent, tree
from bench.run import Run

RATES = (25, 50, 75, 100, 125, 150)
HOLD = 60  # seconds at each rate
HELD_P95 = 1.0  # seconds: above it in the last tenth, a queue counts as growing
TAKEN = 1 / 3  # of a core, taken by others in the last part
TAKEN_RATE, TAKEN_SECONDS = 50, 10
BARE = 150
# Computes for a third of each 30 ms, until it is ended.
_OTHER = """
import time
while True:
    ends = time.perf_counter() + 0.03 * {share}
    while time.perf_counter() < ends:
        pass
    time.sleep(0.03 * (1 - {share}))
"""


@dataclass(frozen=True, slots=True)
class Held:
    """The result of a rate.

    late: p95 in seconds. cpu: CPU seconds per alert. foreign: cores used by others. lost: missing reviews.
    """

    late: float
    cpu: float
    foreign: float
    lost: int

    def shown(self) -> dict[str, float]:
        return {
            "p95_ms": round(1000 * self.late),
            "cpu_ms_an_alert": round(1000 * self.cpu, 1),
            "foreign_cores": round(self.foreign, 2),
            "lost": self.lost,
        }


def sustained(run: Run) -> Line:
    """Measure goal 12b.

    CPU: web server, database, worker and beat, compared with a bare create and Celery.
    """
    line = Line(
        12,
        "12b: sustained alerts with new rules, to the committed review",
        "≥ 100 a second; CPU ≤ 4 ×; p95 ≤ 250 ms at 50/s with a third of a core taken",
        unit="a second",
    )
    with run.ground.worker(), watch_reviews() as watch:
        rates = _rates(run, watch)
        with _other_program():
            shared = _hold(run, TAKEN_RATE, watch, seconds=TAKEN_SECONDS, last=1.0)
    with yardstick_celery(run) as hop:
        bare = _cpu_of(run, lambda: [(bare_create(run, n), hop.trip()) for n in range(BARE)]) / BARE
    held = [rate for rate, at_rate in rates.items() if at_rate.late <= HELD_P95]
    ratio = rates[RATES[0]].cpu / bare
    foreign = max(at_rate.foreign for at_rate in rates.values())
    line.figure = float(max(held, default=0))
    line.met = line.figure >= 100 and ratio <= 4 and shared.late <= 0.25
    line.why = (
        f"A rate is held when the last tenth of {HOLD} s has a p95 of at most {HELD_P95:g} s. CPU an alert"
        f" {ratio:.1f} × that of bare create and Celery hop. At {TAKEN_RATE} a second with a third of a core"
        f" taken p95 {1000 * shared.late:.0f} ms. Foreign load {foreign:.2f} cores."
    )
    line.details = {
        "cpu_ratio": round(ratio, 2),
        "bare_cpu_ms": round(1000 * bare, 2),
        "with a third of a core taken": shared.shown(),
        **{f"at {rate}": at_rate.shown() for rate, at_rate in rates.items()},
    }
    return line


def _rates(run: Run, watch: Watch) -> dict[int, Held]:
    """Try the rates, slowest first, up to the first one that is not sustained."""
    rates: dict[int, Held] = {}
    for rate in RATES:
        rates[rate] = _hold(run, rate, watch, seconds=HOLD, last=0.1)
        if rates[rate].late > HELD_P95:
            break
    return rates


def _hold(run: Run, rate: int, watch: Watch, *, seconds: int, last: float) -> Held:
    """Send alerts of new rules at a rate. last: the part of them, from the end, whose p95 counts."""
    alerts = Alerts(run)
    alerts.is_new_rule = True
    before = tree(run.ground.served())
    with run.ours.metered() as reading:
        took, lost = send_at_rate(run, alerts, watch, rate=rate, seconds=seconds)
    cpu = spent(before, tree(run.ground.served()))
    counted = took[-max(1, round(len(took) * last)) :]
    late = WAIT if lost or not counted else figures.percentile(counted, 0.95)
    return Held(late, cpu / max(1, len(took)), reading.foreign, lost)


def _cpu_of(run: Run, act) -> float:
    """Return the CPU seconds that the servers and workers take for an act."""
    before = tree(run.ground.served())
    act()
    return spent(before, tree(run.ground.served()))


@contextmanager
def _other_program() -> Iterator[None]:
    """Run a program that takes TAKEN of a core."""
    process = subprocess.Popen([sys.executable, "-c", _OTHER.format(share=TAKEN)])
    try:
        yield
    finally:
        process.kill()
        process.wait()
