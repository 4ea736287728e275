"""Workers and beat as programs of their own, with short intervals (chaos.quick_celery)."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PREFORK = "--pool prefork --loglevel WARNING --without-gossip --without-mingle"
# As in docker-compose.yml.
WORKER = f"worker --queues celery --hostname worker@%h --concurrency 2 {_PREFORK}"
MAIL = f"worker --queues mail --hostname mail@%h --concurrency 4 {_PREFORK}"
BEAT = "beat --loglevel WARNING --pidfile= --schedule"


class Programs:
    """A worker, a worker for mail, and a beat whose schedule file is new each time, as in a container."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, *, has_worker: bool = True, has_beat: bool = True
    ) -> None:
        self._log = (folder / "celery.log").open("a")
        schedule = folder / "beat-schedule"
        for left in folder.glob(f"{schedule.name}*"):  # dbm adds an ending
            left.unlink()
        orders = [WORKER.split(), MAIL.split()] if has_worker else []
        orders += [[*BEAT.split(), str(schedule)]] if has_beat else []
        self.running = [self._start(order, environment) for order in orders]

    def _start(self, order: list[str], environment: Mapping[str, str]) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "chaos.quick_celery", *order],
            cwd=Path(__file__).parent.parent, env=dict(environment), stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip

    def kill(self) -> None:
        """End all with SIGKILL, with all their processes."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask all to stop, and wait until they have."""
        for program in self.running:
            program.terminate()
        for program in self.running:
            with suppress(subprocess.TimeoutExpired):
                program.wait(30)
        self.kill()

    def _end(self, number: int) -> None:
        for program in self.running:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, number)
            program.wait()
        self._log.close()
