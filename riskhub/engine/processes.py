"""Reads the process table, and starts the processes of the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import psutil

LAUNCHER = Path(__file__).with_name("launch.py")
MARK = "RISKHUB_SUPERVISED_IN"
Pause = Callable[[float], None]


def launched(order: Mapping[str, object], command: list[str]) -> list[str]:
    """Return the command line that runs `command` through launch.py with the given order."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order), *command]


def spawn(
    command: list[str],
    *,
    log: Path | None,
    cwd: Path,
    environment: Mapping[str, str],
    dies_by: int | None = signal.SIGTERM,
    order: Mapping[str, object] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session. Its output is appended to `log` (mode 0600; None: our output).

    `dies_by`: the signal it gets when the calling *thread* ends in any way; None: it survives the thread.
    """
    full = dict(order or {}) | {"parent": os.getpid(), "signal": int(dies_by or 0)}
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else None
    try:
        return subprocess.Popen(
            launched(full, command),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=cwd,
            env=dict(environment),
            start_new_session=True,
        )
    finally:
        if descriptor is not None:
            os.close(descriptor)


def command_line(pid: int) -> str:
    """Return the command line of the process; "" if it has ended or is a zombie."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


def is_alive(pid: int) -> bool:
    """Return True if the process runs. A zombie does not run."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def wait_gone(pids: Iterable[int], seconds: float, pause: Pause = time.sleep) -> bool:
    """Wait up to `seconds`. Returns True if all processes have ended or are zombies."""
    left = set(pids)
    until = time.monotonic() + seconds
    while left:
        left = {pid for pid in left if is_alive(pid)}
        if left and time.monotonic() > until:
            return False
        if left:
            pause(0.03)
    return True


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send the signal to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def marked(home: Path) -> Iterator[tuple[int, str]]:
    """Yield process id and name of all processes that a supervisor of `home` started, with their children.

    The mark is in the environment. Children inherit it, also when their parent has ended.
    """
    wanted = str(home)
    for process in psutil.process_iter():
        try:
            found = process.environ()
        except (psutil.Error, OSError):
            continue
        if found.get(MARK) == wanted and process.pid != os.getpid():
            yield process.pid, found.get("RISKHUB_CHILD", "")


def end(pids: Iterable[int], *, gently: float, pause: Pause = time.sleep) -> None:
    """Send SIGTERM, and after `gently` seconds SIGKILL. Returns when all processes have ended."""
    pids = list(pids)
    signal_all(pids, signal.SIGTERM)
    if not wait_gone(pids, gently, pause):
        signal_all(pids, signal.SIGKILL)
        wait_gone(pids, 5, pause)
