"""The measured servers: PostgreSQL, Valkey, Granian as `make run` starts it, and the yardstick."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import client
from bench.meter import Meter
from riskhub.engine import ports, processes
from riskhub.engine.home import ROOT
from riskhub.engine.postgres import Cluster
from riskhub.engine.supervisor import ServerAddress, _commands
from riskhub.engine.valkey import Server

SERVED = "riskhub.wsgi:application"
YARDSTICK = "bench.yardstick.wsgi:application"


class Ground:
    """The servers in `home`. start() also points this process's Django at them, as the application role."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = home / "logs"
        self.cluster = Cluster(home / "postgres")  # durable, as shipped
        self.valkey = Server(home / "valkey")
        self.programs: list[subprocess.Popen[bytes]] = []
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        for folder in (self.home, self.logs, self.home / "static"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        urls = self.cluster.ensure()
        given = {
            "DATABASE_URL": urls.application,
            "DATABASE_OWNER_URL": urls.owner,
            "REDIS_URL": self.valkey.start(),
            "RISKHUB_HOME": str(self.home),
            "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
            "EMAIL_URL": "",
            # Counted, as in production, but never reached.
            "RISKHUB_API_RATE": "10000000",
            "RISKHUB_INGEST_RATE": "10000000",
            "DJANGO_SETTINGS_MODULE": "riskhub.settings",
            "PYTHONUNBUFFERED": "1",
        }
        os.environ |= given
        self.environment = os.environ | {processes.MARK: str(self.home)}
        self._migrate()

    def _migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--no-input", "-v", "0"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    # ------------------------------------------------------------ programs

    @contextmanager
    def web(self, application: str = SERVED) -> Iterator[Web]:
        """Run Granian with the shipped settings, with Riskhub or the yardstick, and warm it up."""
        port = ports.free()
        command = [*_commands(ServerAddress("127.0.0.1", port, ""), self.home)["web"][:-1], application]
        name = "web" if application == SERVED else "yardstick"
        with self.program(name, command) as process:
            web = Web(self, port, process.pid)
            web.wait()
            yield web

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run the shipped worker and the shipped beat."""
        commands = _commands(ServerAddress("127.0.0.1", 8000, ""), self.home)
        with self.program("worker", commands["worker"]), self.program("beat", commands["beat"]):
            yield

    @contextmanager
    def program(self, name: str, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        log = self.logs / f"{name}.log"
        process = processes.spawn(command, log=log, cwd=ROOT, environment=self.environment)
        self.programs.append(process)
        try:
            yield process
        finally:
            processes.end([process.pid], gently=15)
            process.wait(10)
            self.programs.remove(process)

    def stop(self) -> None:
        processes.end([pid for pid, _ in processes.marked(self.home) if pid != os.getpid()], gently=5)
        self.valkey.stop()
        self.cluster.stop()

    def served(self) -> list[int]:
        """Return the roots of the processes that serve: programs, PostgreSQL, Valkey; not this process."""
        return [pid for pid in self.ours() if pid != os.getpid()]

    def ours(self) -> list[int]:
        """Return the ids of the root processes of this run."""
        roots = [os.getpid(), self.cluster.pid, self.valkey.pid, *(one.pid for one in self.programs)]
        return [pid for pid in roots if pid]


class Web:
    """One Granian: its port and its CPU time."""

    def __init__(self, ground: Ground, port: int, pid: int) -> None:
        self.ground, self.port, self.pid = ground, port, pid

    def wait(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                if client.ask(self.port, client.request("/livez"))[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > until:
                raise RuntimeError(f"A web server does not start; see {self.ground.logs}")
            time.sleep(0.1)

    def metered(self) -> Meter:
        return Meter(self.pid, self.ground.cluster.pid or 0, self.ground.ours)
