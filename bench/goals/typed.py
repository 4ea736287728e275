"""Goal 27: typing in the filter field of the risk list of a large register, beside the bare query.

The page asks again after each pause in typing, so each prefix of a text is a request of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import orjson

from bench import client, figures
from bench.figures import Line
from bench.goals.reads import wrong_of
from bench.ground import Web
from bench.run import Part, Run, foreign
from risklog.models import Risk
from risklog.states import RiskState

LIMIT = 0.1  # seconds, for 95 of 100 requests
SIZE = 50  # rows of a page
_ROWS = re.compile(rb'<tr id="R-')
FREQUENT, UNKNOWN = "drift", "zzyzx"
_HTMX = {"HX-Request": "true", "HX-Target": "log", "HX-Current-URL": "http://127.0.0.1/risks/"}


def typed(run: Run) -> Line:
    """Measure goal 27: a word of nearly every risk, the title of one risk, its reference, and no match."""
    line = Line(
        27,
        f"typing in the filter field of the risk list at {run.risks:,} risks, p95",
        f"≤ {1000 * LIMIT:.0f} ms",
        unit="ms",
    )
    risk = Risk.objects.filter(title__regex=r" \d+$", subject__viewers__isnull=True)
    risk = risk.exclude(state=RiskState.CLOSED).select_related("subject").order_by("id")[0]
    texts = _prefixes(risk)
    parts = {
        "ours": _part(run, "ours", [f"/risks/?q={quote(text)}" for text in texts]),
        "bare": _part(run, "yardstick", [f"/typed?q={quote(text)}" for text in texts]),
    }
    sides = run.alternate(parts)
    if wrong := wrong_of(sides) or _wrong_answer(run, texts, risk):
        line.met, line.why = False, wrong
        return line
    rounds = [figures.percentile(one.latencies, 0.95) for one in sides["ours"].answers]
    ours, bare = sides["ours"].shown(), sides["bare"].shown()
    line.figure, line.least, line.greatest = ours["p95_ms"], 1000 * min(rounds), 1000 * max(rounds)
    line.met = ours["p95_ms"] <= 1000 * LIMIT
    ratio = figures.ratios(sides["ours"].cpu, sides["bare"].cpu)
    line.why = (
        f"Median {ours['median_ms']:.0f} ms; the bare query with 50 rows: median {bare['median_ms']:.0f} ms,"
        f" p95 {bare['p95_ms']:.0f} ms; CPU {ratio.median:.2f} × that (foreign load up to"
        f" {foreign(sides):.2f} cores)."
    )
    line.details = {"cpu_ratio": round(ratio.median, 2), "slowest": _slowest(run, texts)} | {
        name: side.shown() for name, side in sides.items()
    }
    return line


def _prefixes(risk: Risk) -> list[str]:
    """Return what a person has typed after each key."""
    texts = [FREQUENT, risk.title, str(risk.reference), UNKNOWN]
    prefixes = [text[:end] for text in texts for end in range(1, len(text) + 1)]
    return [text for text in prefixes if text.strip() == text]


def _part(run: Run, name: str, paths: list[str]) -> Part:
    """Return the part that asks for each path once in a round."""
    web, headers = run.webs[name], {"Cookie": run.cookie, **_HTMX} if name == "ours" else {}
    requests = [client.request(path, headers=headers) for path in paths]

    def once(number: int) -> Iterator[bytes]:
        yield from requests

    check = _is_list if name == "ours" else _is_page
    return Part(web, lambda seconds: client.load(web.port, once, clients=1, seconds=300, check=check))


def _is_list(body: bytes) -> bool:
    return body.lstrip().startswith(b'<div class="split" id="log"')


def _is_page(body: bytes) -> bool:
    return "results" in orjson.loads(body)


def _wrong_answer(run: Run, texts: list[str], risk: Risk) -> str:
    """Return what is wrong with the lists; "" if all are right.

    A list is as long as the bare page, less what the reader may not see, and a reference finds its risk.
    """
    for text in texts:
        page = _asked(run.ours, f"/risks/?q={quote(text)}", {"Cookie": run.cookie, **_HTMX})
        bare = orjson.loads(_asked(run.yardstick, f"/typed?q={quote(text)}", {}))["results"]
        rows = len(_ROWS.findall(page))
        if rows > len(bare) or (bare and len(bare) < SIZE and rows < len(bare) // 2):
            return f"“{text}” shows {rows} risks, and {len(bare)} match."
        if text == risk.reference and f">{risk.reference}<".encode() not in page:
            return f"“{text}” does not show {risk.reference}."
    return ""


def _asked(web: Web, path: str, headers: dict[str, str]) -> bytes:
    status, body = client.ask(web.port, client.request(path, headers=headers))
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
    return body


def _slowest(run: Run, texts: list[str]) -> dict[str, float]:
    """Return the three texts whose answers take longest, with their milliseconds."""
    took = {}
    for text in texts:
        began = time.perf_counter()
        _asked(run.ours, f"/risks/?q={quote(text)}", {"Cookie": run.cookie, **_HTMX})
        took[text] = round(1000 * (time.perf_counter() - began), 1)
    return dict(sorted(took.items(), key=lambda pair: -pair[1])[:3])
