"""Goal 28: a backup of the register, with its digests and files, to a bare pg_dump; and its memory."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from bench import figures
from bench.figures import Line
from bench.goals.exchange import Memory
from bench.run import Run
from riskhub.backup import configured, manifest, tools, writing

RATIO = 1.3
MEMORY = 50  # MB more than before
TIMES = 3


def backed_up(run: Run) -> Line:
    """Measure goal 28. Each round does both, in turn first, into folders that are removed."""
    line = Line(28, "backup of the register to a bare pg_dump of it", "≤ 1.3 ×, + ≤ 50 MB", unit="×")
    ours: list[float] = []
    bare: list[float] = []
    growth = 0.0
    sides = [(ours, _backup), (bare, _dump)]
    with tempfile.TemporaryDirectory(prefix="riskhub-bench-backup-", dir=run.ground.home) as folder:
        for number in range(TIMES):
            place = Path(folder) / str(number)
            for into, work in sides if number % 2 == 0 else reversed(sides):
                place.mkdir()
                with BackupMemory() as memory:
                    into.append(_timed(work, place))
                growth = max(growth, memory.growth if into is ours else 0)
                size = _size(place)
                shutil.rmtree(place)
    found, seconds = figures.ratios(ours, bare), figures.spread(ours)
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median <= RATIO and growth <= MEMORY
    line.why = (
        f"{seconds.median:.1f} s for {run.risks:,} risks, {size:.0f} MB;"
        f" pg_dump {figures.spread(bare).median:.1f} s; + {growth:.0f} MB of memory."
    )
    line.details = {"seconds": round(seconds.median, 2), "mb": round(size), "memory_mb": round(growth)}
    return line


class BackupMemory(Memory):
    """The memory of this process and of pg_dump, without that of the servers, which are its children, too."""

    def _now(self) -> int:
        total = self._process.memory_info().rss
        for child in self._process.children():
            try:
                total += child.memory_info().rss if child.name() == "pg_dump" else 0
            except psutil.NoSuchProcess:
                continue
        return total


def _timed(work: Callable[[Path], None], place: Path) -> float:
    began = time.perf_counter()
    work(place)
    return time.perf_counter() - began


def _backup(place: Path) -> None:
    storage = configured.folder_of_files()
    writing.write(place, url=configured.owner_url(), storage=storage, command="bench", say=lambda line: None)


def _dump(place: Path) -> None:
    url = configured.owner_url()
    arguments = ["--format=custom", f"--file={place / manifest.DUMP}"]
    with tools.running(tools.found()[-1], "pg_dump", arguments, url) as program:
        program.wait()


def _size(place: Path) -> float:
    """Return the size of what was written, in MB."""
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1024 / 1024
