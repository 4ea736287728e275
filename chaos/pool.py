"""The runner's side of the worker pool (chaos.worker_pool), a program of its own that reads commands."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection


class Pool:
    """The running pool. thaw_after: seconds for which a worker stays frozen."""

    def __init__(self, process: subprocess.Popen, thaw_after: float) -> None:
        self.process, self.thaw_after = process, thaw_after
        self.counts: dict[str, int] = {}
        self.skipped = 0
        self._thaws: list[tuple[float, int]] = []

    def order(self, word: str, slot: int) -> None:
        self.process.stdin.write(f"{word} {slot}\n")
        self.process.stdin.flush()
        if word == "freeze":
            self._thaws.append((time.monotonic() + self.thaw_after, slot))

    def thaw_due(self, now: float) -> None:
        for when, slot in [one for one in self._thaws if one[0] <= now]:
            self._thaws.remove((when, slot))
            self.order("thaw", slot)

    def end(self) -> None:
        for _, slot in self._thaws:
            self.order("thaw", slot)
        self.process.stdin.close()
        self.counts = json.loads(self.process.stdout.readline() or "{}")
        self.counts["pauses skipped"] = self.skipped


@contextmanager
def worker_pool(
    order: dict[str, Any], *, mail_port: int, lease: int, log: Path, thaw_after: float = 0.0
) -> Iterator[Pool]:
    """Run a pool during the block. order: see chaos.worker_pool and chaos.worker. lease: seconds."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "chaos.worker_pool", json.dumps(order)],
            cwd=Path(__file__).parent.parent,
            env=environment(mail_port=mail_port, lease=lease),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    pool = Pool(process, thaw_after)
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"The pool did not start: {log.read_text()[-2000:]}")
        yield pool
        pool.end()
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def environment(*, mail_port: int, lease: int) -> dict[str, str]:
    """Return the environment of a worker of this run: its database, its mail server, short leases."""
    database = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "riskhub.settings",
        "DATABASE_URL": database,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "RISKHUB_MAIL_BUNDLE_MINUTES": "0",  # the ledger compares each row with a mail of its own
        "RISKHUB_LEASE_SECONDS": str(lease),
    }
