"""Goal 34: the executive page of a large register, from snapshots, for a reader with restricted risks."""

from __future__ import annotations

import time
from datetime import timedelta

from bench import client, figures
from bench.figures import Line
from bench.run import Run
from leaders.models import NightlyFigures, NightlySnapshot
from leaders.operations import snapshot
from leaders.queries.overview import WEEKS

MILLISECONDS = 300.0
TIMES, WARM = 40, 5


def shown(run: Run) -> Line:
    """Measure goal 34: one client opens the page again and again, with a snapshot of each of 14 weeks."""
    line = Line(34, f"executive page at {run.risks:,} risks", f"≤ {MILLISECONDS:g} ms", unit="ms")
    NightlySnapshot.objects.all().delete()
    began = time.perf_counter()
    snapshot.take(run.at)
    seconds = time.perf_counter() - began
    _repeat_weekly()
    sent = client.request(f"/executive/?on={run.at:%Y-%m-%d}", headers={"Cookie": run.cookie})
    connection = client.Connection(run.ours.port)
    took: list[float] = []
    try:
        for number in range(WARM + TIMES):
            asked = time.perf_counter()
            status, body = connection.ask(sent)
            if number >= WARM:
                took.append((time.perf_counter() - asked) * 1000)
            if status != 200 or b"Highest risks" not in body:
                line.met, line.why = False, f"The answer is {status}: {body[:200]!r}"
                return line
    finally:
        connection.close()
    spread = figures.spread(took)
    line.figure, line.least, line.greatest = spread.median, spread.least, spread.greatest
    line.met = spread.median <= MILLISECONDS
    rows = NightlyFigures.objects.filter(snapshot__on__lte=run.at.date()).count()
    line.why = (
        f"{TIMES} pages by one client, p95 {figures.percentile(took, 0.95):.0f} ms; {rows:,} rows of"
        f" {WEEKS + 1} weeks. Taking a snapshot took {seconds:.1f} s."
    )
    return line


def _repeat_weekly() -> None:
    """Copy the snapshot to each week before, so that the page draws its trends."""
    latest = NightlySnapshot.objects.get()
    rows = list(NightlyFigures.objects.filter(snapshot=latest))
    for week in range(1, WEEKS + 1):
        back = timedelta(weeks=week)
        copy = NightlySnapshot.objects.create(on=latest.on - back, at=latest.at - back)
        NightlyFigures.objects.bulk_create(
            [
                NightlyFigures(
                    snapshot=copy,
                    team_id=row.team_id,
                    viewers=row.viewers,
                    granted=row.granted,
                    figures=row.figures,
                )
                for row in rows
            ],
            batch_size=500,
        )
