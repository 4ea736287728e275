"""Goals 31 to 33: lists, single objects and search of incidents, experiments and learnings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from bench import client, figures
from bench.figures import Line
from bench.goals.reads import judged_by, wrong_of
from bench.register import loop
from bench.run import QUIET, Run, Side, foreign, same
from incidents.models import Incident
from learnings.models import Learning
from risklog.models import Experiment

CLIENTS = 4
SIZE = 50
MANY, FEW = 10_000, 1_000
KINDS: dict[str, type] = {"incident": Incident, "experiment": Experiment, "learning": Learning}
# The list of each kind with a filter, as the API and the bare view are asked.
LISTS = {
    "incident": ("incidents?state=open", "state=open"),
    "experiment": ("experiments?state=proposed", "state=proposed"),
    "learning": ("learnings?state=published", "state=published"),
}
WORDS = {"incident": "channel", "experiment": "drift", "learning": "channel"}


def listed(run: Run) -> Line:
    """Measure goal 31: the lists by API, 50 rows with a filter and a count, beside bare `.values()`."""
    loop.add(MANY, run.at)
    token, parts = run.token("read"), {}
    for kind, (path, query) in LISTS.items():
        ours = client.request(f"/api/v1/{path}&order=-id", headers=token)
        parts[kind] = same(run.ours, ours, clients=CLIENTS, check=_is_full)
        bare = client.request(f"/values/{kind}?{query}")
        parts[f"{kind}, bare"] = same(run.yardstick, bare, clients=CLIENTS, check=_is_full)
    line = Line(31, f"lists of incidents, experiments, learnings at {MANY:,}, to bare .values()", "≥ 0.6")
    return _judged(line, run.alternate(parts), least=0.6)


def single(run: Run) -> Line:
    """Measure goal 32: one object of each kind by API, with token, rights and ETag, beside bare DRF."""
    loop.add(MANY, run.at)
    token, parts = run.token("read"), {}
    for kind, model in KINDS.items():
        rows: Any = model
        pk = (
            rows.objects.filter(subject__viewers__isnull=True).order_by("-id").values_list("pk", flat=True)[0]
        )
        ours = client.request(f"/api/v1/{kind}s/{pk}", headers=token)
        parts[kind] = same(run.ours, ours, clients=CLIENTS, check=_is(pk))
        bare = client.request(f"/one/{kind}/{pk}")
        parts[f"{kind}, bare"] = same(run.yardstick, bare, clients=CLIENTS, check=_is(pk))
    line = Line(32, "an incident, an experiment, a learning by API, to bare DRF", "≥ 0.5")
    return _judged(line, run.alternate(parts), least=0.5)


def _judged(line: Line, sides: dict[str, Side], *, least: float) -> Line:
    """Judge by the worst of the three kinds."""
    if wrong := wrong_of(sides):
        line.met, line.why = False, wrong
        return line
    is_quiet = foreign(sides) < QUIET
    ratios = {}
    for kind in KINDS:
        ours, bare = sides[kind], sides[f"{kind}, bare"]
        ratios[kind] = (
            figures.ratios(ours.rates, bare.rates) if is_quiet else figures.ratios(bare.cpu, ours.cpu)
        )
    worst = min(ratios.values(), key=lambda one: one.median)
    line.figure, line.least, line.greatest = worst.median, worst.least, worst.greatest
    line.met = worst.median >= least
    each = ", ".join(f"{kind} {ratio.median:.2f}" for kind, ratio in ratios.items())
    line.why = f"The worst of {each}. {judged_by(sides)}"
    line.details = {name: side.shown() for name, side in sides.items()}
    return line


@dataclass
class LoopSearches:
    """Goal 33. The measurements with few objects, kept until there are many."""

    small: dict[str, Side] = field(default_factory=dict)

    def measure_small(self, run: Run) -> None:
        loop.add(FEW, run.at)
        if max(model.objects.count() for model in KINDS.values()) <= 2 * FEW:  # type: ignore[attr-defined]
            self.small = _searched(run)

    def in_large(self, run: Run) -> Line:
        """Measure goal 33: search within each kind, of a word that most of its objects have."""
        line = Line(
            33, f"search of the three kinds at {MANY:,} to {FEW:,}, CPU", "≤ 2 ×, and ≤ 3 × the bare query"
        )
        if not self.small:
            line.why = "The register had more objects than that already: use a new --home."
            return line
        loop.add(MANY, run.at)
        large = _searched(run)
        if wrong := wrong_of(large) or wrong_of(self.small):
            line.met, line.why = False, wrong
            return line
        grown = {kind: figures.ratios(large[kind].cpu, self.small[kind].cpu) for kind in KINDS}
        bare = {kind: figures.ratios(large[kind].cpu, large[f"{kind}, bare"].cpu).median for kind in KINDS}
        worst = max(grown.values(), key=lambda one: one.median)
        line.figure, line.least, line.greatest = worst.median, worst.least, worst.greatest
        line.met = worst.median <= 2 and max(bare.values()) <= 3
        line.why = "To the bare query, which does not rank: " + ", ".join(
            f"{kind} {ratio:.2f} ×" for kind, ratio in bare.items()
        )
        line.details = {name: side.shown() for name, side in large.items()}
        return line


def _searched(run: Run) -> dict[str, Side]:
    token, parts = run.token("read"), {}
    for kind, word in WORDS.items():
        ours = client.request(f"/api/v1/search?q={quote(word)}&kind={kind}&limit={SIZE}", headers=token)
        parts[kind] = same(run.ours, ours, clients=CLIENTS, check=_has_results)
        bare = client.request(f"/search?q={quote(word)}&kind={kind}")
        parts[f"{kind}, bare"] = same(run.yardstick, bare, clients=CLIENTS, check=_has_results)
    return run.alternate(parts)


def _is_full(body: bytes) -> bool:
    found = orjson.loads(body)
    return len(found["results"]) == SIZE and found["count"] >= SIZE


def _is(pk: int) -> Callable[[bytes], bool]:
    return lambda body: orjson.loads(body)["id"] == pk


def _has_results(body: bytes) -> bool:
    return bool(orjson.loads(body)["results"])
