"""Goal 17: a back-test over 90 days compared with one scan of its points, and the tick over many series."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from bench import figures
from bench.figures import Line
from bench.run import Run
from history import bulk
from history import operations as history
from kit.actor import SYSTEM
from people.models import User
from signals import events
from signals.models import Series, Source, Threshold, ThresholdVersion
from signals.operations import silence
from signals.queries.backtest import DAYS, backtest
from signals.states import Agreement, RuleKind, SignalKind
from signals.thresholds import Rule

SERIES = 10_000
_POINTS = """
INSERT INTO signals_point (series_id, ts, value)
SELECT %s, at, 0.1 + 0.05 * sin(extract(epoch FROM at) / 9000) + 0.02 * random()
FROM generate_series(%s::timestamptz, %s::timestamptz, interval '1 minute') at
"""
_SCAN = "SELECT ts, value FROM signals_point WHERE series_id = %s AND ts >= %s AND ts < %s ORDER BY ts"
RULES = {
    "limit": Rule(warning=0.15, critical=0.165, clear=0.14),
    "change": Rule(kind=RuleKind.CHANGE, warning=20, window_hours=12),
    "deviation": Rule(kind=RuleKind.DEVIATION, warning=3, window_hours=12),
}


def back_tested(run: Run) -> Line:
    """Measure a back-test of a limit beside another one in force, to reading its points once."""
    one, start = _series(run, 1)[0], run.at - timedelta(days=DAYS)
    user = User.objects.active().order_by("id").first()
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, [one.pk, start, run.at])
    assert user is not None

    def scan() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SCAN, [one.pk, start, run.at])
            cursor.fetchall()

    def test(name: str) -> Callable[[], object]:
        return lambda: backtest(user, one, RULES[name], Rule(warning=0.16), at=run.at)

    scans, tests = [], []
    for _ in range(run.rounds):
        scans.append(_seconds(scan))
        tests.append(_seconds(test("limit")))
    found = figures.ratios(tests, scans)
    line = Line(17, "back-test over 90 days, a point a minute, to one scan of its points", "≤ 3")
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median <= 3
    others = {name: round(_seconds(test(name)) * 1000) for name in ("change", "deviation")}
    line.why = f"{DAYS * 24 * 60:,} points. Rules that look back: {others} ms."
    line.details = {"scan_ms": round(1000 * min(scans)), "test_ms": round(1000 * min(tests)), **others}
    return line


def ticked(run: Run) -> Line:
    """Measure how many series a second the tick checks for silence. None of them is silent."""
    acts = [_watched(one) for one in _series(run, SERIES)]
    for first in range(0, SERIES, 1_000):
        bulk.perform(acts[first : first + 1_000], by=SYSTEM, at=run.at)
    rates = [SERIES / _seconds(lambda: silence.note_silent(at=run.at)) for _ in range(run.rounds)]
    found = figures.spread(rates)
    line = Line(17, f"tick over {SERIES:,} series with a rule for silence, series a second", "≥ 5,000")
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median >= 5_000
    return line


def _watched(series: Series) -> bulk.Act:
    """Return the act that puts a rule for silence in force."""
    threshold = Threshold(series=series, name=series.subject_title)
    version = ThresholdVersion(
        threshold=threshold, number=1, state=Agreement.ACTIVE, kind=RuleKind.SILENCE, warning=48.0
    )
    noted = events.ThresholdProposed(number=1, direction="above", warning=48.0, why="Bench")
    return bulk.Act(threshold, noted, rows=[version])


def _series(run: Run, count: int) -> list[Series]:
    """Return new series whose newest point is of now."""
    tag = f"judged-{time.time_ns()}"
    source = Source.objects.get(slug="bench")
    fresh = [
        Series(
            model_name=f"judged-{number % 200}",
            metric=tag,
            feature=f"f{number}",
            kind=SignalKind.DRIFT,
            source=source,
            latest_ts=run.at,
            latest_value=0.1,
        )
        for number in range(count)
    ]
    history.record_many(fresh, "signals.series_added", by=SYSTEM, at=run.at)
    return fresh


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
