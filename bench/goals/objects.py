"""Goals 3 and 4: one risk in the API, read and created, compared with rest_framework's own views."""

from __future__ import annotations

import time
from collections.abc import Callable

import orjson

from bench import client, figures
from bench.figures import Line
from bench.goals.reads import judged_by, wrong_of
from bench.run import QUIET, Run, foreign, same
from risklog.models import Category, Risk
from risklog.states import RiskState

CLIENTS = 4
CREATES = 25  # per side and round


def risk_by_api(run: Run) -> Line:
    """Measure goal 3: a single risk, with token, permissions and ETag."""
    risk = Risk.objects.filter(state=RiskState.OPEN, subject__viewers__isnull=True).order_by("id")[0]
    sent = client.request(f"/api/v1/risks/{risk.pk}", headers=run.token("read"))

    def is_the_risk(body: bytes) -> bool:
        return orjson.loads(body)["id"] == risk.pk

    parts = {
        "ours": same(run.ours, sent, clients=CLIENTS, check=is_the_risk),
        "drf": same(run.yardstick, client.request(f"/drf/{risk.pk}"), clients=CLIENTS, check=is_the_risk),
    }
    sides = run.alternate(parts)
    line = Line(3, "risk detail by API, to bare DRF", "≥ 0.5")
    if wrong := wrong_of(sides):
        line.met, line.why = False, wrong
        return line
    by_rate = figures.ratios(sides["ours"].rates, sides["drf"].rates)
    by_cpu = figures.ratios(sides["drf"].cpu, sides["ours"].cpu)
    judged = by_rate if foreign(sides) < QUIET else by_cpu
    line.figure, line.least, line.greatest = judged.median, judged.least, judged.greatest
    line.met = judged.median >= 0.5
    line.why = judged_by(sides)
    line.details = {
        "requests_ratio": round(by_rate.median, 3),
        "cpu_ratio": round(by_cpu.median, 3),
        **{name: side.shown() for name, side in sides.items()},
    }
    return line


def risk_created(run: Run) -> Line:
    """Measure goal 4: a risk with five fields and its history, compared with a bare insert of one row."""
    token, category = run.token("write"), Category.objects.order_by("id").values_list("slug", flat=True)[0]

    def ours(number: int) -> bytes:
        body = {"title": f"Created {time.time_ns()}-{number}", "category": category, "description": "Bench"}
        return client.request("/api/v1/risks", headers=token, body=orjson.dumps(body))

    def bare(number: int) -> bytes:
        body = {"title": f"Bare {time.time_ns()}-{number}"}
        return client.request("/created", body=orjson.dumps(body))

    for number in range(5):
        _seconds(run.ours.port, ours(number)), _seconds(run.yardstick.port, bare(number))
    rounds = [(_round(run.ours.port, ours), _round(run.yardstick.port, bare)) for _ in range(run.rounds)]
    ratio = figures.ratios(
        [figures.percentile(mine, 0.5) for mine, _ in rounds],
        [figures.percentile(theirs, 0.5) for _, theirs in rounds],
    )
    everything = [seconds for mine, _ in rounds for seconds in mine]
    median, p95 = figures.percentile(everything, 0.5), figures.percentile(everything, 0.95)
    line = Line(4, "risk created by API, median to bare DRF create", "≤ 2.5; p95 ≤ 3 × median")
    line.figure, line.least, line.greatest = ratio.median, ratio.least, ratio.greatest
    line.met = ratio.median <= 2.5 and p95 <= 3 * median
    line.why = f"Median {1000 * median:.1f} ms, p95 {1000 * p95:.1f} ms, one client."
    line.details = {"median_ms": round(1000 * median, 2), "p95_ms": round(1000 * p95, 2)}
    return line


def _round(port: int, request: Callable[[int], bytes]) -> list[float]:
    return [_seconds(port, request(number)) for number in range(CREATES)]


def _seconds(port: int, sent: bytes) -> float:
    began = time.perf_counter()
    code, body = client.ask(port, sent)
    if code != 201:
        raise RuntimeError(f"A create was answered with {code}: {body[:300]!r}")
    return time.perf_counter() - began
