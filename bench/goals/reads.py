"""Goals 1 and 5: the risk list in the API and as a page, compared with bare views of the same rows."""

from __future__ import annotations

import re

import orjson

from bench import client, figures
from bench.figures import Line
from bench.run import QUIET, Run, Side, foreign, same
from risklog.models import Category, Risk
from risklog.states import RiskState

CLIENTS = 8
SIZE = 50
PAGE_LIMIT = 100_000
_ROWS = re.compile(rb"<tr[ >]")


def risks_by_api(run: Run) -> Line:
    """Measure goal 1."""
    state, category = RiskState.OPEN, _category()
    query = f"state={state}&category={category}"
    token = run.token("read")
    asked = client.request(f"/api/v1/risks?{query}&order=-severity", headers=token)
    parts = {
        "ours": same(run.ours, asked, clients=CLIENTS, check=has_rows),
        "values": same(run.yardstick, client.request(f"/values?{query}"), clients=CLIENTS, check=has_rows),
        "drf": same(run.yardstick, client.request(f"/drf?{query}"), clients=CLIENTS, check=_is_page),
    }
    sides = run.alternate(parts)
    line = Line(
        1, f"risk list by API at {run.risks:,} risks, 50 rows, to bare .values()", "≥ 0.6, and ≥ 1 × bare DRF"
    )
    if wrong := wrong_of(sides):
        line.met, line.why = False, wrong
        return line
    by_rate = figures.ratios(sides["ours"].rates, sides["values"].rates)
    by_cpu = figures.ratios(sides["values"].cpu, sides["ours"].cpu)
    drf = figures.ratios(sides["ours"].rates, sides["drf"].rates)
    drf_cpu = figures.ratios(sides["drf"].cpu, sides["ours"].cpu)
    is_quiet = foreign(sides) < QUIET
    judged, judged_drf = (by_rate, drf) if is_quiet else (by_cpu, drf_cpu)
    line.figure, line.least, line.greatest = judged.median, judged.least, judged.greatest
    line.met = judged.median >= 0.6 and judged_drf.median >= 1
    line.why = f"{judged_drf.median:.2f} × bare DRF. {judged_by(sides)}"
    line.details = {
        "requests_ratio": round(by_rate.median, 3),
        "cpu_ratio": round(by_cpu.median, 3),
        "drf_requests_ratio": round(drf.median, 3),
        "drf_cpu_ratio": round(drf_cpu.median, 3),
        **{name: side.shown() for name, side in sides.items()},
        "defectdojo": "11 requests a second, published elsewhere for another machine; not run here",
    }
    return line


def risk_page(run: Run) -> Line:
    """Measure goal 5: navigation, filters, heat map, sparklines and session, compared with a bare table."""
    asked = client.request("/risks/", headers={"Cookie": run.cookie})
    parts = {
        "ours": same(run.ours, asked, clients=4, check=_is_table),
        "template": same(run.yardstick, client.request("/rows"), clients=4, check=_is_table),
    }
    _, body = client.ask(run.ours.port, asked)
    sides = run.alternate(parts)
    line = Line(
        5,
        f"risk list as a page at {run.risks:,} risks, CPU to the bare template",
        f"≤ 1.5, ≤ {PAGE_LIMIT // 1000} kB",
    )
    if wrong := wrong_of(sides):
        line.met, line.why = False, wrong
        return line
    cpu = figures.ratios(sides["ours"].cpu, sides["template"].cpu)
    line.figure, line.least, line.greatest = cpu.median, cpu.least, cpu.greatest
    line.met = cpu.median <= 1.5 and len(body) <= PAGE_LIMIT
    line.why = f"{len(body) / 1000:.1f} kB uncompressed. CPU of web server and database a page."
    line.details = {
        "bytes": len(body),
        "web_cpu_ratio": round(figures.ratios(sides["ours"].web_cpu, sides["template"].web_cpu).median, 3),
        "requests_ratio": round(figures.ratios(sides["ours"].rates, sides["template"].rates).median, 3),
        **{name: side.shown() for name, side in sides.items()},
        "defectdojo": "49 ms and 1.44 MB a page, published elsewhere for another machine; not run here",
    }
    return line


def _category() -> str:
    """Return the category with the most open risks, because the goal needs a full page."""
    counts = {
        slug: Risk.objects.filter(state=RiskState.OPEN, category__slug=slug).count()
        for slug in Category.objects.values_list("slug", flat=True)
    }
    return max(counts, key=lambda slug: (counts[slug], slug))


def has_rows(body: bytes) -> bool:
    found = orjson.loads(body)
    return len(found["results"]) == SIZE and found["count"] >= SIZE and "category_slug" in found["results"][0]


def _is_page(body: bytes) -> bool:
    found = orjson.loads(body)
    return len(found) == SIZE and "category_slug" in found[0]


def _is_table(body: bytes) -> bool:
    return SIZE <= len(_ROWS.findall(body)) <= SIZE + 10 and body.rstrip().endswith(b"</html>")


def wrong_of(sides: dict[str, Side]) -> str:
    return next((f"{name} answered wrongly: {side.wrong}" for name, side in sides.items() if side.wrong), "")


def judged_by(sides: dict[str, Side]) -> str:
    used = foreign(sides)
    how = "requests a second" if used < QUIET else "CPU a request, for others"
    return f"Judged by {how} (foreign load up to {used:.2f} cores)."
