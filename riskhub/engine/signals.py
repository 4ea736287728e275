"""Signals that ask the process to stop."""

from __future__ import annotations

import os
import select
import signal
import time


class Asked(Exception):
    """Somebody pressed Ctrl-C, or sent SIGTERM or SIGHUP."""


class StopSignals:
    """Handles SIGINT, SIGTERM and SIGHUP. The first signal ends a pause by raising Asked.

    A later signal makes the stop faster.
    """

    def __init__(self) -> None:
        self.times = 0
        self.is_ending = False
        self._heard, self._told = os.pipe()
        for end in (self._heard, self._told):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, _number: int, _frame: object) -> None:
        self.times += 1

    def pause(self, seconds: float) -> None:
        """Sleep. Raises Asked when a signal arrives, unless the stop has begun already."""
        if self.is_ending:
            time.sleep(seconds)
            return
        if not self.times:
            select.select([self._heard], [], [], seconds)
        if self.times:
            raise Asked

    @property
    def is_hurried(self) -> bool:
        """Return True if another signal arrived during the stop."""
        return self.times > 1
