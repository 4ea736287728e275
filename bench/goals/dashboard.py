"""Goal 15: a dashboard of twelve charts compared with one of one chart, from the queries to the markup."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from bench import figures
from bench.figures import Line
from bench.run import Run
from history import operations as history
from kit.actor import SYSTEM
from people.models import User
from signals.dashboards import ChartPeriod
from signals.models import Series, Source
from signals.queries.dashboard import pictures
from signals.states import PanelKind, SignalKind

CHARTS, RATIO, STATEMENTS = 12, 8, 4
_DAYS = 45
_POINTS = """
INSERT INTO signals_point (series_id, ts, value)
SELECT id, at, 0.1 + 0.05 * sin(extract(epoch FROM at) / 9000 + id)
FROM unnest(%s::bigint[]) AS s(id)
CROSS JOIN generate_series(%s::timestamptz, %s::timestamptz, interval '6 minutes') AS at
"""


def dashboard_of_charts(run: Run) -> Line:
    """Measure goal 15 with 10,800 points in each chart."""
    period = ChartPeriod(run.at - timedelta(days=_DAYS), run.at)
    panels = [{"kind": PanelKind.SERIES, "series": [one.pk]} for one in _series(run, period)]
    user = User.objects.active().order_by("id").first()
    assert user is not None

    def page(count: int) -> str:
        shown = pictures(user, panels[:count], period)
        return render_to_string("signals/_pictures.html", {"pictures": shown, "is_fixed": True, "query": ""})

    with CaptureQueriesContext(connection) as captured:
        drawn = page(CHARTS).count('class="chart" data-chart')
    one, many = [], []
    for _ in range(run.rounds):
        one.append(_seconds(lambda: page(1)))
        many.append(_seconds(lambda: page(CHARTS)))
    found = figures.ratios(many, one)
    line = Line(15, f"dashboard of {CHARTS} charts to one chart", f"≤ {RATIO}, ≤ {STATEMENTS} queries")
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median <= RATIO and len(captured) <= STATEMENTS and drawn == CHARTS
    milliseconds = [round(1000 * min(times)) for times in (one, many)]
    line.why = f"{milliseconds[0]} → {milliseconds[1]} ms, {len(captured)} queries, {drawn} charts drawn."
    line.details = {"one_ms": milliseconds[0], "all_ms": milliseconds[1], "queries": len(captured)}
    return line


def _series(run: Run, period: ChartPeriod) -> list[Series]:
    """Return new series with a point every six minutes of the period."""
    tag, source = f"drawn-{time.time_ns()}", Source.objects.get(slug="bench")
    fresh = [
        Series(model_name="drawn", metric=tag, feature=f"f{number}", kind=SignalKind.DRIFT, source=source)
        for number in range(CHARTS)
    ]
    history.record_many(fresh, "signals.series_added", by=SYSTEM, at=run.at)
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, [[one.pk for one in fresh], period.start, period.end])
    return fresh


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
