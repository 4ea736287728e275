"""Goals 9 and 11: points by HTTP compared with a bare unnest view, and the same batch a second time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
from django.db import connection

from bench import client, figures, register
from bench.client import Answers
from bench.figures import Line
from bench.run import QUIET, Part, Run, foreign
from catalogue.models import Model
from history import operations as history
from history import relay
from kit.actor import SYSTEM
from risklog.models import Review
from signals.models import Series, Source
from signals.states import SignalKind

CLIENTS = 4
SERIES_EACH = 20
BODY = 1000
BARE_FROM = 1_000_000_000  # ids for the yardstick's series that no real series has
BODIES_AHEAD = 400


class _Stream:
    """Moments for bodies of new points, in ascending order."""

    def __init__(self, began: datetime) -> None:
        self.next = began.timestamp()
        self.sent = 0

    def moments(self) -> list[float]:
        step = BODY // SERIES_EACH
        found = [round(self.next + number * 0.05, 3) for number in range(step)]
        self.next = found[-1] + 0.05
        return found


def stream_of_points(run: Run) -> _Stream:
    """Return a stream that begins a day ago, so that its points are not in the future."""
    return _Stream(run.at - timedelta(days=1))


def points_by_http(run: Run) -> Line:
    """Measure goal 9 with four clients. Each has its own series, as a tool does, with thresholds."""
    before = _rows()
    counted = _Counted(_parts(run))
    sides = run.alternate(counted.parts)
    line = Line(9, "points by HTTP, 1,000 a body, four clients, to bare unnest", "≥ 0.6")
    wrong = next((f"{name}: {side.wrong}" for name, side in sides.items() if side.wrong), "")
    missing = counted.right * BODY - (_rows() - before)
    if wrong or missing:
        line.met, line.why = False, wrong or f"{missing} accepted points are missing."
        return line
    by_rate = figures.ratios(sides["ours"].rates, sides["bare"].rates)
    by_cpu = figures.ratios(sides["bare"].cpu, sides["ours"].cpu)
    is_quiet = foreign(sides) < QUIET
    judged = by_rate if is_quiet else by_cpu
    line.figure, line.least, line.greatest = judged.median, judged.least, judged.greatest
    line.met = judged.median >= 0.6
    rate = figures.spread(sides["ours"].rates).median * BODY
    how = "points a second" if is_quiet else "CPU a point, for others"
    line.why = f"{rate:,.0f} points a second. Judged by {how} ({foreign(sides):.2f} cores of foreign load)."
    line.details = {
        "requests_ratio": round(by_rate.median, 3),
        "cpu_ratio": round(by_cpu.median, 3),
        "points_a_second": round(rate),
        **{name: side.shown() for name, side in sides.items()},
    }
    return line


def _parts(run: Run) -> dict[str, Part]:
    """Return both sides: the same points: names and ISO times for Riskhub, numbers for the bare view."""
    series = [new_series(run, f"c{number}") for number in range(CLIENTS)]
    token = run.token("ingest")
    began = run.at - timedelta(days=2)
    streams = {side: [_Stream(began) for _ in range(CLIENTS)] for side in ("ours", "bare")}

    def ours(number: int) -> Iterator[bytes]:
        made = (points_body(series[number], streams["ours"][number], token) for _ in range(BODIES_AHEAD))
        return iter(_ahead(made, run.seconds))

    def bare(number: int) -> Iterator[bytes]:
        first = BARE_FROM + number * SERIES_EACH
        made = (_bare(first, streams["bare"][number]) for _ in range(BODIES_AHEAD * 4))
        return iter(_ahead(made, run.seconds))

    return {
        "ours": Part(run.ours, lambda seconds: _load(run.ours.port, ours, seconds, 202, b'"stored":1000,')),
        "bare": Part(
            run.yardstick, lambda seconds: _load(run.yardstick.port, bare, seconds, 200, b'"stored":1000}')
        ),
    }


class _Counted:
    """Counts all correct answers, also those of the warm-up, because each has inserted rows."""

    def __init__(self, parts: dict[str, Part]) -> None:
        self.right = 0
        self.parts = {name: Part(part.web, self._counting(part)) for name, part in parts.items()}

    def _counting(self, part: Part):
        def load(seconds: float) -> Answers:
            found = part.load(seconds)
            self.right += found.right
            return found

        return load


def same_again(run: Run) -> Line:
    """Measure goal 11: batches with points beyond thresholds, each sent twice, with all handlers run."""
    mine, token = new_series(run, "again"), run.token("ingest")
    stream = stream_of_points(run)
    connection_of = client.Connection(run.ours.port)
    ratios, firsts, agains, why = [], [], [], ""
    rows_added = reviews_added = 0
    _ask(connection_of, points_body(mine, stream, token))  # warm
    for number in range(run.rounds * 2):
        batch = [points_body(mine, stream, token, crossing=number == 0 and one == 0) for one in range(8)]
        first = [_ask(connection_of, one) for one in batch]
        relay.relay()
        rows, reviews = _rows(), Review.objects.count()
        again = [_ask(connection_of, one) for one in batch]
        relay.relay()
        rows_added += _rows() - rows
        reviews_added += Review.objects.count() - reviews
        firsts += [seconds for seconds, _ in first]
        agains += [seconds for seconds, _ in again]
        ratios.append(_median(again) / _median(first))
        if any(b'"stored":1000,' not in body for _, body in first):
            why = f"The first request was not fully accepted: {first[0][1][:200]!r}"
        elif any(b'"duplicates":1000,' not in body for _, body in again):
            why = f"The repeated batch was not recognised: {again[0][1][:200]!r}"
    connection_of.close()
    found = figures.spread(ratios)
    line = Line(11, "the same batch again, time to the first time", "≤ 0.8, 0 new rows, 0 new reviews")
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = not why and found.median <= 0.8 and not rows_added and not reviews_added
    line.why = why or f"{rows_added} new rows, {reviews_added} new reviews."
    line.details = {
        "first_ms": round(1000 * figures.percentile(firsts, 0.5), 2),
        "again_ms": round(1000 * figures.percentile(agains, 0.5), 2),
    }
    return line


def new_series(run: Run, name: str) -> list[Series]:
    """Return the series of one client. Their thresholds are in force, and the values stay below them."""
    model = Model.objects.order_by("id").first()
    tag = f"{name}-{time.time_ns()}"
    fresh = [
        Series(
            model=model,
            model_name=model.slug,
            metric=f"bench-{tag}",
            feature=f"f{number}",
            kind=SignalKind.DRIFT,
            source=Source.objects.get(slug="bench"),
        )
        for number in range(SERIES_EACH)
    ]
    history.record_many(fresh, "signals.series_added", by=SYSTEM, at=run.at)
    for one in fresh:
        register.watch(one, at=run.at, warning=0.9)
    return fresh


def points_body(
    series: list[Series], stream: _Stream, token: dict[str, str], *, crossing: bool = False
) -> bytes:
    stream.sent += 1
    value = 0.95 if crossing else round(0.1 + (stream.sent % 100) / 1000, 4)
    moments = [datetime.fromtimestamp(one, UTC).isoformat() for one in stream.moments()]
    points = [
        {"model": one.model_name, "metric": one.metric, "feature": one.feature, "ts": moment, "value": value}
        for moment in moments
        for one in series
    ]
    body = orjson.dumps({"source": "bench", "points": points})
    return client.request("/api/v1/points", headers=token, body=body)


def _bare(first: int, stream: _Stream) -> bytes:
    points = [[first + number, moment, 0.1] for moment in stream.moments() for number in range(SERIES_EACH)]
    return client.request("/points", body=orjson.dumps(points))


def _ahead(made: Iterator[bytes], seconds: float) -> list[bytes]:
    """Return bodies, built before the measurement, as many as a fast server could accept in the time."""
    return [one for _, one in zip(range(int(150 * seconds) + 20), made, strict=False)]


def _load(port: int, sent, seconds: float, status: int, sign: bytes) -> Answers:
    return client.load(
        port, sent, clients=CLIENTS, seconds=seconds, status=status, check=lambda body: sign in body
    )


def _ask(connection_of: client.Connection, sent: bytes) -> tuple[float, bytes]:
    began = time.perf_counter()
    _, body = connection_of.ask(sent)
    return time.perf_counter() - began, body


def _median(asked: list[tuple[float, bytes]]) -> float:
    return figures.percentile([seconds for seconds, _ in asked], 0.5)


def _rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM signals_point")
        return cursor.fetchone()[0]
