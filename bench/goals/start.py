"""Goals 23 and 24: the seconds of a start, the memory of idle processes, the seconds of the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import client, figures
from bench.figures import Line
from bench.run import Run
from riskhub.engine import ports
from riskhub.engine.home import ROOT
from riskhub.engine.testrun import TOOK

STARTS = 3
IDLE_AFTER = 22.0  # seconds: by then every periodic task has run once


def second_start(run: Run) -> Line:
    """Measure goal 23: the start of `python -m riskhub.engine` with a sample, until /readyz answers 200."""
    with tempfile.TemporaryDirectory(prefix="riskhub-bench-start-") as folder:
        home = Path(folder) / "home"
        with _running(home):
            pass
        seconds, held = [], {}
        for number in range(STARTS):
            with _running(home) as (took, process):
                seconds.append(took)
                if number == STARTS - 1:
                    time.sleep(IDLE_AFTER)
                    held = _held(process.pid)
    found, megabytes = figures.spread(seconds), sum(held.values())
    line = Line(23, "second start to ready, all processes idle", "≤ 5 s, ≤ 600 MB (PSS)", unit="s")
    line.figure, line.least, line.greatest = found.median, found.least, found.greatest
    line.met = found.median <= 5 and 0 < megabytes <= 600
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(held.items(), key=lambda item: -item[1]))
    line.why = f"{megabytes:.0f} MB: {parts}." if held else "The memory could not be read."
    line.details = {"pss_mb": round(megabytes), "held_mb": {name: round(size) for name, size in held.items()}}
    return line


@contextmanager
def _running(home: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    """Yield the seconds until ready, and the supervisor, which is stopped in order afterwards."""
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "RISKHUB_SAMPLE")
    port = ports.free()
    given = {name: value for name, value in os.environ.items() if name not in ours}
    given |= {"RISKHUB_HOME": str(home), "PORT": str(port)}
    log = home.parent / "start.log"
    began = time.monotonic()
    with log.open("ab") as into:
        process = subprocess.Popen(
            [sys.executable, "-m", "riskhub.engine"], cwd=ROOT, env=given, stdout=into, stderr=into
        )
    try:
        _wait_ready(port, process, log)
        yield time.monotonic() - began, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_ready(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 180) -> None:
    until, asked = time.monotonic() + seconds, client.request("/readyz")
    while True:
        try:
            if client.ask(port, asked)[0] == 200:
                return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"It did not start: {log.read_text(errors='replace')[-600:]}")
        time.sleep(0.02)


def _held(supervisor: int) -> dict[str, float]:
    """Return megabytes (PSS) by type of process; {} if the kernel does not report them."""
    top = psutil.Process(supervisor)
    found: dict[str, float] = {}
    for process in [top, *top.children(recursive=True)]:
        try:
            command = " ".join(process.cmdline())
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except (OSError, psutil.Error):
            continue
        kilobytes = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
        name = _name(command)
        found[name] = found.get(name, 0.0) + kilobytes / 1024
    return found


def _name(command: str) -> str:
    signs = {
        "granian": "web",
        " worker": "worker",
        " beat": "beat",
        "riskhub.engine": "supervisor",
        "valkey": "Valkey",
        "postgres": "PostgreSQL",
    }
    return next((name for sign, name in signs.items() if sign in command), "other")


def tests(run: Run) -> Line:
    """Report goal 24 from the duration that the last `make test` of this checkout stored."""
    line = Line(24, "make test", "≤ 600 s, two cores", unit="s")
    try:
        words = TOOK.read_text().split()
        line.figure = float(words[0])
    except (OSError, ValueError, IndexError):
        line.why = "Run `make test` here first. It stores its duration."
        return line
    line.met = line.figure <= 600
    line.why = "Stored by the last complete `make test`" + (f" at {words[1]}." if len(words) > 1 else ".")
    return line
