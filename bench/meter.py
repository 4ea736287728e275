"""CPU time of the measured processes and of all others, from the process table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil


def tree(roots: Iterable[int]) -> dict[int, float]:
    """Return the CPU seconds of these processes and of their descendants, by process id."""
    found: dict[int, float] = {}
    for root in roots:
        try:
            top = psutil.Process(root)
            members = [top, *top.children(recursive=True)]
        except psutil.Error:
            continue
        for one in members:
            try:
                times = one.cpu_times()
            except psutil.Error:
                continue
            found[one.pid] = times.user + times.system
    return found


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Return the CPU seconds between two readings.

    A new process counts in full, an ended one does not count.
    """
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


@dataclass(slots=True)
class Reading:
    """web: of the web server's processes; database: of PostgreSQL's; foreign: cores that others used."""

    web: float = 0.0
    database: float = 0.0
    foreign: float = 0.0
    seconds: float = 0.0

    @property
    def cpu(self) -> float:
        return self.web + self.database


class Meter:
    """Reads CPU time over a with-block. others: further processes of this run, which are not foreign."""

    def __init__(self, web: int, database: int, others: Callable[[], Iterable[int]]) -> None:
        self._web, self._database, self._others = web, database, others
        self.reading = Reading()

    def __enter__(self) -> Reading:
        self._before = self._look()
        return self.reading

    def __exit__(self, *error: object) -> None:
        began, busy, web, database, others = self._before
        ended, busy_now, web_now, database_now, others_now = self._look()
        reading = self.reading
        reading.seconds = ended - began
        reading.web, reading.database = spent(web, web_now), spent(database, database_now)
        ours = reading.cpu + spent(others, others_now)
        reading.foreign = max(0.0, (busy_now - busy - ours) / max(reading.seconds, 0.001))

    def _look(self) -> tuple[float, float, dict[int, float], dict[int, float], dict[int, float]]:
        web, database = tree([self._web]), tree([self._database])
        rest = {pid: cpu for pid, cpu in tree(self._others()).items() if pid not in web | database}
        return time.perf_counter(), _busy(), web, database, rest


def _busy() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)


def foreign_load(ours: Iterable[int], seconds: float = 0.5) -> float:
    """Return the cores that other processes use now."""
    with Meter(0, 0, lambda: ours) as reading:
        time.sleep(seconds)
    return reading.foreign
