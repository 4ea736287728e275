"""Goal 21: export of the risk list as CSV and XLSX, and import of a sheet, with the memory that they take."""

from __future__ import annotations

import csv
import http.client
import io
import time
from threading import Event, Thread

import psutil

from bench import figures, register
from bench.client import HOST
from bench.figures import Line
from bench.run import Run
from kit.actor import Actor
from risklog.operations import import_apply, import_check, imports
from risklog.states import ImportState

GOALS = {"csv": 30_000, "xlsx": 5_000}  # rows a second
IMPORT_ROWS = 5_000  # the most that one sheet may have
IMPORT_SECONDS = IMPORT_ROWS / 1_000  # the goal is 10,000 rows in 10 s
MEMORY = 50  # MB more than before
MB = 1024 * 1024
TIMES = 3


def exported_and_imported(run: Run) -> Line:
    """Measure goal 21. The export is read from the web server, the import runs in this process."""
    line = Line(
        21,
        "export of the risk list, the slower format to its goal; import of 5,000 rows",
        "≥ 30,000 CSV and 5,000 XLSX rows/s, ≤ 5 s, + ≤ 50 MB",
    )
    found = {name: [_export(run, name) for _ in range(TIMES)] for name in GOALS}
    rates = {name: figures.spread(one[0] for one in rounds) for name, rounds in found.items()}
    memory = {name: max(one[1] for one in rounds) for name, rounds in found.items()}
    seconds, more = _import(run)
    slower = min(rates, key=lambda name: rates[name].median / GOALS[name])
    spread, goal = rates[slower], GOALS[slower]
    line.figure, line.least, line.greatest = spread.median / goal, spread.least / goal, spread.greatest / goal
    line.met = line.figure >= 1 and seconds <= IMPORT_SECONDS and max(*memory.values(), more) <= MEMORY
    line.why = (
        "; ".join(
            f"{name} {rate.median:,.0f} rows/s, + {memory[name]:.0f} MB" for name, rate in rates.items()
        )
        + f"; import {seconds:.1f} s, + {more:.0f} MB. One sheet may have {IMPORT_ROWS:,} rows."
    )
    line.details = {
        **{f"{name}_rows_a_second": round(rate.median) for name, rate in rates.items()},
        **{f"{name}_mb": round(more) for name, more in memory.items()},
        "import_seconds": round(seconds, 2),
        "import_mb": round(more),
    }
    return line


def _export(run: Run, form: str) -> tuple[float, float]:
    """Read one export. Return its rows a second and the growth of the web server's memory in MB."""
    server = http.client.HTTPConnection(HOST, run.ours.port, timeout=300)
    with Memory(run.ours.pid) as memory:
        began = time.perf_counter()
        server.request("GET", f"/api/v1/risks/export?format={form}", headers=run.token("read"))
        answer = server.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - began
    server.close()
    if answer.status != 200:
        raise RuntimeError(f"The export answered {answer.status}: {body[:200]!r}")
    return _rows_of(form, body) / seconds, memory.growth


def _rows_of(form: str, body: bytes) -> int:
    """Return the number of rows below the header."""
    if form == "csv":
        return sum(1 for _ in csv.reader(io.StringIO(body.decode()))) - 1
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()) - 1


def _import(run: Run) -> tuple[float, float]:
    """Read, check and apply a sheet. Return the seconds and the growth of this process's memory in MB."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Title", "Category", "Likelihood", "Impact", "External ID", "Description"])
    for number in range(IMPORT_ROWS):
        cells = (f"Imported risk {number}", "Data drift", number % 5 + 1, 3, f"IMP-{number}", "Seen in May.")
        rows.writerow(cells)
    by = Actor(register.reader(), "import")
    with Memory() as memory:
        began = time.perf_counter()
        file = io.BytesIO(text.getvalue().encode())
        found = imports.read(file, name="risks.csv", by=by, at=run.at)
        import_check.check(found, mapping=found.mapping, by=by, at=run.at)
        import_apply.apply(found, by=by, at=run.at)
        seconds = time.perf_counter() - began
    if found.state != ImportState.APPLIED:
        raise RuntimeError(f"The import was not applied, but is {found.state}.")
    return seconds, memory.growth


class Memory:
    """Watch the resident memory of a process tree over a with-block. growth: its largest increase in MB."""

    def __init__(self, pid: int | None = None) -> None:
        self._process, self._over = psutil.Process(pid), Event()
        self.growth = 0.0

    def __enter__(self) -> Memory:
        self._before = self._now()
        self._watch = Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.growth = max(self.growth, (self._now() - self._before) / MB)

    def _now(self) -> int:
        total = 0
        for one in (self._process, *self._process.children(recursive=True)):
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total
