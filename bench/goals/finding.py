"""Goal 7: search in a large register compared with a small one, and with the bare query of the index."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

import orjson

from bench import client, figures
from bench.figures import Line
from bench.goals.reads import wrong_of
from bench.goals.scale import NO_SMALL, SMALL
from bench.run import Run, Side, same
from risklog.models import Risk

CLIENTS = 4
FREQUENT = "drift"  # a word in the title of many risks


@dataclass
class Searches:
    """The measurements of the small register, kept until the large one is measured.

    rare: two words that only one title has.
    """

    rare: str = ""
    small: dict[str, Side] = field(default_factory=dict)

    def measure_small(self, run: Run) -> None:
        """Measure a register of SMALL risks, which the caller has made. A larger one is not measured."""
        if Risk.objects.count() > SMALL:
            return
        loaded = Risk.objects.filter(title__regex=r" \d+$").order_by("id")  # goal 2 creates others
        *words, number = loaded[SMALL // 2].subject_title.split()
        self.rare = f"{number} {words[0]}"
        self.small = _searched(run, self.rare)

    def in_large(self, run: Run) -> Line:
        """Measure goal 7. Needs the large register."""
        line = Line(
            7, f"search by API at {run.risks:,} risks to {SMALL:,}, CPU", "≤ 2 ×, and ≤ 3 × the bare query"
        )
        if not self.small:
            line.why = NO_SMALL
            return line
        large = _searched(run, self.rare)
        if wrong := wrong_of(large) or wrong_of(self.small):
            line.met, line.why = False, wrong
            return line
        grown = {name: figures.ratios(large[name].cpu, self.small[name].cpu) for name in ("rare", "frequent")}
        bare = {
            name: figures.ratios(large[name].cpu, large[f"{name}, bare"].cpu) for name in ("rare", "frequent")
        }
        line.figure, line.least, line.greatest = (
            grown["rare"].median,
            grown["rare"].least,
            grown["rare"].greatest,
        )
        line.met = (
            max(one.median for one in grown.values()) <= 2 and max(one.median for one in bare.values()) <= 3
        )
        line.why = (
            f"Two words of one title: {bare['rare'].median:.2f} × the bare query. A word of many titles,"
            f" ranked: {grown['frequent'].median:.2f} ×, {bare['frequent'].median:.2f} × the bare query,"
            " which does not rank. The goal is met if all four are."
        )
        line.details = {name: side.shown() for name, side in large.items()}
        return line


def _searched(run: Run, rare: str) -> dict[str, Side]:
    headers, parts = run.token("read"), {}
    for name, words in {"rare": rare, "frequent": FREQUENT}.items():
        path = f"search?q={quote(words)}"
        asked = client.request(f"/api/v1/{path}&kind=risk&limit=50", headers=headers)
        parts[name] = same(run.ours, asked, clients=CLIENTS, check=_has_results)
        bare = client.request(f"/{path}")
        parts[f"{name}, bare"] = same(run.yardstick, bare, clients=CLIENTS, check=_has_results)
    return run.alternate(parts)


def _has_results(body: bytes) -> bool:
    return bool(orjson.loads(body)["results"])
