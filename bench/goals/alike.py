"""Goal 35: the learnings that are like a risk, among very many, beside the bare query of the newest ones."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench import figures, register
from bench.figures import Line
from bench.run import Run
from catalogue.models import Model
from learnings.models import Learning
from learnings.queries import like
from learnings.queries.like import Sought
from risklog.models import Category

MANY = 10_000
MILLISECONDS = 50.0
TIMES, WARM = 40, 5
TITLE = "Late files of a channel hide the drift of the scores"


def learnings_like(run: Run) -> Line:
    """Measure goal 35: the median of both queries, for a reader with a risk that has everything in common."""
    from bench.register import loop

    loop.add(MANY, run.at)
    reader = register.reader()
    model = Model.objects.filter(subject__viewers__isnull=True).order_by("pk")[0]
    sought = Sought(TITLE, model.pk, Category.objects.order_by("pk")[0].pk, ["channel-5"])
    newest = Learning.objects.visible_to(reader).order_by("-published_at", "-id")
    ours = _median(lambda: like.like(reader, sought))
    bare = _median(lambda: list(newest[: like.SHOWN]))
    line = Line(
        35,
        f"learnings like a risk at {MANY:,}, more than the bare query",
        f"≤ {MILLISECONDS:g} ms",
        unit="ms",
    )
    line.figure = line.least = line.greatest = ours - bare
    line.met = line.figure <= MILLISECONDS
    line.why = f"{ours:.0f} ms, and the newest {like.SHOWN} learnings {bare:.0f} ms."
    if len(like.like(reader, sought)) < like.SHOWN:
        line.met, line.why = False, "It found too few learnings."
    return line


def _median(act: Callable[[], object]) -> float:
    """Return the median of TIMES runs, in milliseconds."""
    took = []
    for number in range(WARM + TIMES):
        began = time.perf_counter()
        act()
        if number >= WARM:
            took.append((time.perf_counter() - began) * 1000)
    return figures.spread(took).median
