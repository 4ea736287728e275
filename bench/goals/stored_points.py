"""Goals 10, 14 and 16: loading many points, the chart of one of very many series, and packed points."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from django.db import connection, transaction

from bench import figures
from bench.figures import Line
from bench.run import Run
from catalogue.models import Model
from history import operations as history
from kit.actor import SYSTEM
from signals.mapping.points import Reading
from signals.mapping.text import to_micros
from signals.models import Series, Source
from signals.operations import packing, points
from signals.queries.points import window
from signals.states import SignalKind

POINTS_EACH = 10_000
STEP = timedelta(minutes=10)
BUCKETS = 250  # the lowest and the highest value of each: 500 points
BATCH = 10_000
CHARTS_A_ROUND = 20
_BYTES = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_partition_tree('signals_point')"
_PACKED_BYTES = "SELECT pg_total_relation_size('signals_packedpoints')"
# The points of many series as they arrive: all of one moment together.
_FILL = """
INSERT INTO signals_point (series_id, ts, value)
SELECT s.id, %(start)s::timestamptz + n * %(step)s::interval,
       0.1 + (hashint8(s.id * 100000 + n) %% 1000) / 10000.0
FROM generate_series(%(first)s::int, %(last)s::int) AS n CROSS JOIN unnest(%(ids)s::bigint[]) AS s(id)
ORDER BY {order}
"""
_COVERING = """
SELECT count(*), min(ts), max(ts), min(value), max(value) FROM signals_point
WHERE series_id = %s AND ts >= %s AND ts < %s GROUP BY date_bin(%s, ts, %s) ORDER BY min(ts)
"""
_COPIED = (
    "CREATE TEMPORARY TABLE bench_copied (series_id bigint, ts timestamptz, value float8) ON COMMIT DROP"
)
_FROM_COPIED = """
INSERT INTO signals_point (series_id, ts, value) SELECT series_id, ts, value FROM bench_copied
ON CONFLICT (series_id, ts) DO NOTHING
"""


class StoredPoints:
    """Very many stored points, which the goals share. number: how many."""

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.number = max(number // POINTS_EACH, 20) * POINTS_EACH
        self.start = run.at - packing.AFTER - timedelta(days=10) - POINTS_EACH * STEP
        self.end = self.start + POINTS_EACH * STEP

    @cached_property
    def arrived(self) -> list[int]:
        """Return the ids of series whose points were written in the order of their arrival."""
        ids = _new_series(self.run, self.number // POINTS_EACH, "arrived")
        for first in range(0, POINTS_EACH, 500):
            self._fill(ids, first, first + 499, "n, s.id")
        return ids

    @cached_property
    def in_order(self) -> list[int]:
        """Return the ids of 20 series whose points were written series by series."""
        ids = _new_series(self.run, 20, "in order")
        self._fill(ids, 0, POINTS_EACH - 1, "s.id, n")
        return ids

    def _fill(self, ids: Sequence[int], first: int, last: int, order: str) -> None:
        bounds = {"start": self.start, "step": STEP, "first": first, "last": last, "ids": list(ids)}
        with connection.cursor() as cursor:
            cursor.execute(_FILL.format(order=order), bounds)

    # ------------------------------------------------------------ goal 14

    def chart(self, run: Run) -> Line:
        """Measure goal 14: the points of a chart, compared with the bare query of the covering index."""
        arrived, in_order = self.arrived[: CHARTS_A_ROUND * 4], self.in_order
        _vacuum()
        taken: dict[str, list[float]] = {"ours": [], "covering": [], "in order": []}
        for number in range(run.rounds + 1):
            ids = [arrived[(number * CHARTS_A_ROUND + n) % len(arrived)] for n in range(CHARTS_A_ROUND)]
            covering = _seconds(self._covering, ids)
            found = {"ours": _seconds(self._window, ids), "covering": covering}
            found["in order"] = _seconds(self._window, in_order)
            for name, seconds in found.items() if number else ():  # the first round warms up
                taken[name].append(seconds)
        ratio = figures.ratios(taken["ours"], taken["covering"])
        order = figures.ratios(taken["ours"], taken["in order"])
        line = Line(
            14,
            f"chart of {POINTS_EACH:,} of {self.number:,} points, to the covering query",
            "≤ 1.5, in arrival order ≤ 1.3 × in series order",
        )
        line.figure, line.least, line.greatest = ratio.median, ratio.least, ratio.greatest
        line.met = ratio.median <= 1.5 and order.median <= 1.3
        line.why = f"Arrival to series order: {order.median:.2f}. Time of the query, in process."
        line.details = {name.replace(" ", "_") + "_ms": _milliseconds(found) for name, found in taken.items()}
        return line

    def _window(self, pk: int) -> None:
        found = window([pk], self.start, self.end, buckets=BUCKETS)[pk]
        assert len(found) == 2 * BUCKETS, len(found)

    def _covering(self, pk: int) -> None:
        width = (self.end - self.start) / BUCKETS
        with connection.cursor() as cursor:
            cursor.execute(_COVERING, [pk, self.start, self.end, width, self.start])
            assert len(cursor.fetchall()) == BUCKETS

    # ------------------------------------------------------------ goal 16

    def packed(self, run: Run) -> Line:
        """Measure goal 16: half of the series are packed, and charts of both halves are compared."""
        half = self.arrived[: len(self.arrived) // 2]
        others = self.arrived[len(half) :]
        before = self.end + STEP
        bytes_each = _number(_BYTES) / (self.number + 20 * POINTS_EACH)
        packed_before, began, number = _number(_PACKED_BYTES), time.perf_counter(), 0
        for first in range(0, len(half), 10):
            while taken := packing.pack_series(half[first : first + 10], before=before):
                number += taken
        seconds = time.perf_counter() - began
        _vacuum()
        packed_each = (_number(_PACKED_BYTES) - packed_before) / max(number, 1)
        ratios = self._charts(half, others, run.rounds)
        line = Line(16, f"{number:,} packed points, bytes of a point to those of one", "≥ 4, charts ≤ 1.2")
        line.figure = bytes_each / packed_each
        line.met = line.figure >= 4 and ratios.median <= 1.2 and number == len(half) * POINTS_EACH
        line.why = (
            f"{bytes_each:.0f} and {packed_each:.1f} bytes a point; a chart takes {ratios.median:.2f}"
            f" ({ratios.least:.2f} – {ratios.greatest:.2f}) × that of the others."
        )
        line.details = {"packed_a_second": round(number / seconds), "chart_ratio": round(ratios.median, 3)}
        return line

    def _charts(self, packed: Sequence[int], others: Sequence[int], rounds: int) -> figures.Spread:
        taken: tuple[list[float], list[float]] = [], []
        for number in range(rounds + 1):
            for ids, seconds in zip((packed, others), taken, strict=True):
                some = [ids[(number * CHARTS_A_ROUND + n) % len(ids)] for n in range(CHARTS_A_ROUND)]
                seconds.append(_seconds(self._window, some))
        return figures.ratios(taken[0][1:], taken[1][1:])

    # ------------------------------------------------------------ goal 10

    def loaded(self, run: Run) -> Line:
        """Measure goal 10: the operation that stores a batch, compared with COPY and ON CONFLICT."""
        ours, bare = _new_series(run, 20, "ours"), _new_series(run, 20, "bare")
        names = list(Series.objects.filter(pk__in=ours).order_by("pk").values_list(*_NAME))
        source, taken = Source.objects.get(slug="bench"), {"ours": [], "bare": []}
        for number in range(run.rounds + 1):
            start = run.at - timedelta(days=5) + number * timedelta(hours=1)
            times = [start + n * timedelta(seconds=1) for n in range(BATCH // 20)]
            reading = _reading(names, times)
            began = time.perf_counter()
            stored = points.store(reading, source=source, by=SYSTEM, at=run.at)
            taken["ours"].append(time.perf_counter() - began)
            assert stored.results == ["stored"] * BATCH
            text = "".join(f"{pk}\t{moment.isoformat()}\t0.1\n" for pk in bare for moment in times)
            began = time.perf_counter()
            _copy(text)
            taken["bare"].append(time.perf_counter() - began)
        ratio = figures.ratios(taken["bare"][1:], taken["ours"][1:])
        line = Line(10, f"{BATCH:,} points in a batch, to COPY and ON CONFLICT", "≥ 0.75")
        line.figure, line.least, line.greatest = ratio.median, ratio.least, ratio.greatest
        line.met = ratio.median >= 0.75
        rate = BATCH / figures.spread(taken["ours"][1:]).median
        line.why = f"{rate:,.0f} points a second: idempotent, with their results, judged. In process."
        return line


_NAME = ("model_name", "metric", "feature", "slice")


def _new_series(run: Run, number: int, name: str) -> list[int]:
    model, tag = Model.objects.order_by("id").first(), f"{name}-{time.time_ns()}"
    assert model is not None
    source = Source.objects.get(slug="bench")
    rows = [
        Series(
            model=model,
            model_name=model.slug,
            metric=tag,
            feature=f"f{position:05}",
            kind=SignalKind.DRIFT,
            source=source,
        )
        for position in range(number)
    ]
    history.record_many(rows, "signals.series_added", by=SYSTEM, at=run.at)
    return [row.pk for row in rows]


def _reading(names: Sequence[tuple[str, str, str, str]], times: Sequence[datetime]) -> Reading:
    keys = [key for key in range(len(names)) for _ in times]
    return Reading(
        names=list(names),
        kinds=[""] * len(names),
        units=[""] * len(names),
        items=list(range(BATCH)),
        keys=keys,
        ts=[to_micros(moment) for moment in times] * len(names),
        values=[0.1] * BATCH,
        count=BATCH,
    )


def _copy(text: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COPIED)
        with cursor.copy("COPY bench_copied (series_id, ts, value) FROM STDIN") as copy:
            copy.write(text)
        cursor.execute(_FROM_COPIED)


def _seconds(act: Callable[[int], None], ids: Sequence[int]) -> float:
    began = time.perf_counter()
    for pk in ids:
        act(pk)
    return time.perf_counter() - began


def _milliseconds(taken: Sequence[float]) -> float:
    return round(1000 * figures.spread(taken).median / CHARTS_A_ROUND, 3)


def _number(statement: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return float(cursor.fetchone()[0])


def _vacuum() -> None:
    """Do what autovacuum does after some time, so that each run measures the same state."""
    from riskhub.database.owner import as_owner

    with as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) signals_point")
        cursor.execute("VACUUM (ANALYZE) signals_packedpoints")
