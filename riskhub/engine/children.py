"""One supervised program: its log, its restarts with growing pauses, its stop."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from riskhub.engine import processes
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT

LONGEST_PAUSE = 30.0  # seconds
WELL_AFTER = 60.0  # seconds of running after which the next failure counts as the first


class Running(Protocol):
    """The interface of a server or program that a Keeper restarts."""

    name: str

    def start(self) -> None: ...
    def ended(self) -> str | None:
        """Return how it ended, as text; None while it runs."""


@dataclass
class Keeper:
    """Restarts one Running when it ends. `tend(now)` is called often; `now` is in monotonic seconds."""

    what: Running
    say: Callable[[str], None]
    log: Path
    deaths: int = 0
    began: float = field(default_factory=time.monotonic)
    again_at: float | None = None

    def tend(self, now: float) -> bool:
        """Check it, and restart it after its pause. Returns True if it was restarted."""
        if self.again_at is None:
            how = self.what.ended()
            if how is not None:
                self._wait_after(how, now)
            return False
        if now < self.again_at:
            return False
        try:
            self.what.start()
        except Trouble as trouble:
            self._wait_after(str(trouble), time.monotonic())
            return False
        self.again_at, self.began = None, time.monotonic()
        return True

    def _wait_after(self, how: str, now: float) -> None:
        self.deaths = 1 if now - self.began > WELL_AFTER else self.deaths + 1
        pause = min(LONGEST_PAUSE, 0.25 * 2 ** min(self.deaths, 10))
        self.again_at = now + pause
        self.say(f"{self.what.name} ended ({how}). Restart in {pause:g} s. Log: {self.log}")


@dataclass
class Program:
    """A program of Riskhub: the web server, the worker or the beat."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    home: Path
    pause: processes.Pause
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, after ending the processes that an earlier run left behind."""
        self.end_left_over()
        environment = self.environment | {processes.MARK: str(self.home), "RISKHUB_CHILD": self.name}
        self._process = processes.spawn(self.command, log=self.log, cwd=ROOT, environment=environment)

    def ended(self) -> str | None:
        code = self._process.poll() if self._process is not None else None
        if code is None:
            return None
        return f"signal {-code}" if code < 0 else f"exit {code}"

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs, else None."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def end_left_over(self) -> None:
        """End its child processes. They survive when it is killed, and keep the port or take work."""
        left = [pid for pid, name in processes.marked(self.home) if name == self.name]
        if left:
            processes.end(left, gently=5, pause=self.pause)


class LogWatch:
    """Prints error lines from the logs, a few at a time, and limits the size of the logs."""

    SIGNS = (" ERROR ", "[ERROR]", "CRITICAL", "FATAL:", "PANIC:", "Traceback (most recent")
    LARGEST = 10 * 1024 * 1024  # bytes
    LINES, SECONDS = 5, 10.0  # at most LINES lines of one log in SECONDS seconds

    def __init__(self, logs: dict[str, Path], say: Callable[[str], None]) -> None:
        self._logs, self._say = logs, say
        self._read = {name: _size(path) for name, path in logs.items()}
        self._shown: dict[str, list[float]] = {name: [] for name in logs}

    def look(self, now: float) -> None:
        """Read the new lines of the logs."""
        for name, path in self._logs.items():
            size = _size(path)
            if size > self._read[name]:
                with path.open("rb") as file:
                    file.seek(self._read[name])
                    text = file.read(256 * 1024).decode(errors="replace")
                self._show(name, text, now)
            self._read[name] = size
            if size > self.LARGEST:
                self._turn(name, path)

    def _show(self, name: str, text: str, now: float) -> None:
        for line in text.splitlines():
            if not any(sign in line for sign in self.SIGNS):
                continue
            recent = self._shown[name] = [at for at in self._shown[name] if now - at < self.SECONDS]
            if len(recent) > self.LINES:
                return
            recent.append(now)
            rest = line.strip()[:300] if len(recent) <= self.LINES else f"… more in {self._logs[name]}"
            self._say(f"{name}: {rest}")

    def _turn(self, name: str, path: Path) -> None:
        # The log is copied and truncated instead of renamed, because the programs have it open for appending.
        path.with_suffix(".log.1").write_bytes(path.read_bytes())
        with path.open("r+b") as file:
            file.truncate(0)
        self._read[name] = 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
