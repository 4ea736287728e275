"""The supervisor with real servers, and small replacements for the web server, the worker and the beat."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from riskhub.engine import ports, processes
from riskhub.engine.home import ROOT, read_json
from riskhub.engine.postgres import Cluster
from riskhub.engine.valkey import Server

MANAGE = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
    if sys.argv[1] == "migrate":
        connection.execute("CREATE TABLE IF NOT EXISTS people_user (name text)")
    else:
        connection.execute("INSERT INTO people_user VALUES ('Ada')")
        print("said by", sys.argv[1])
"""
# Each has a child process that survives when it is killed, as real servers have.
SLEEPER = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
try:
    time.sleep(600)
finally:
    child.kill()
"""
WEB = """
import http.server, subprocess, sys
child = subprocess.Popen(["sleep", "600"])
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Riskhub's engine in an otherwise empty project."""
    place = tmp_path / "project"
    shutil.copytree(ROOT / "riskhub" / "engine", place / "riskhub" / "engine")
    (place / "riskhub" / "__init__.py").touch()
    (place / "manage.py").write_text(MANAGE)
    (place / "celery.py").write_text(SLEEPER)
    (place / "granian.py").write_text(WEB)
    (place / "readyz").write_text("yes")
    return place


class Up:
    """A running `make run`, without make."""

    def __init__(self, project: Path, **environment: str) -> None:
        self.home = project / "var"
        self.port = ports.free()
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.said = (project / "said").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "riskhub.engine"],
            cwd=project,
            env=kept | {"PORT": str(self.port), "RISKHUB_HOME": str(self.home)} | environment,
            stdout=self.said,
            stderr=subprocess.STDOUT,
        )

    def text(self) -> str:
        return Path(self.said.name).read_text()

    def until(self, question: Callable[[], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < end, self.text()
            assert self.process.poll() is None, self.text()
            time.sleep(0.05)

    def until_ready(self) -> "Up":
        self.until(lambda: "  Open " in self.text())
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
            assert answer.status == 200
        return self

    def everything(self) -> set[int]:
        """Return every process that belongs to this home."""
        roots = [pid for pid, _name in processes.marked(self.home)]
        roots += [
            pid for pid in (Cluster(self.home / "postgres").pid, Server(self.home / "valkey").pid) if pid
        ]
        found = set(roots)
        for pid in roots:
            if psutil.pid_exists(pid):
                found |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
        return found

    def leader(self, name: str) -> int:
        return min(pid for pid, child in processes.marked(self.home) if child == name)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(40)
        processes.end(self.everything(), gently=3)
        self.said.close()


FOREIGN = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "RISKHUB_URL",
    "EMAIL_URL",
    "RISKHUB_SAMPLE",
)


@pytest.fixture
def up(project: Path) -> Iterator[Callable[..., Up]]:
    made: list[Up] = []

    def start(**environment: str) -> Up:
        made.append(Up(project, **environment))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_it_restarts_what_dies_and_leaves_nothing_after_sigterm(up: Callable[..., Up]) -> None:
    running = up().until_ready()
    assert "said by sample_organisation" in running.text()
    cluster = Cluster(running.home / "postgres")
    killed = {
        "web": running.leader("web"),
        "worker": running.leader("worker"),
        "PostgreSQL": cluster.pid,
        "Valkey": Server(running.home / "valkey").pid,
    }
    for name, pid in killed.items():
        assert pid
        os.kill(pid, signal.SIGKILL)
        running.until(lambda name=name: f"{name} restarted." in running.text())
    everything = running.everything()
    assert len(everything) > 10
    assert not everything & set(killed.values())
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert processes.wait_gone(everything, 1)
    assert not running.everything()
    assert not (running.home / "instance.json").exists()


def test_a_second_start_keeps_the_data_and_a_second_supervisor_is_refused(up: Callable[..., Up]) -> None:
    first = up(RISKHUB_SAMPLE="0").until_ready()
    assert "said by setup_link" in first.text()
    published = read_json(first.home / "instance.json")
    refused = up()
    assert refused.process.wait(20) == 1
    assert re.fullmatch(r"riskhub: Riskhub already runs from .* Fix: .*\n", refused.text())
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0
    second = up().until_ready()
    assert "said by" not in second.text(), "the register is not empty any more"
    assert read_json(second.home / "instance.json")["SECRET_KEY"] == published["SECRET_KEY"]


def test_a_killed_supervisor_ends_its_children_and_the_next_start_ends_the_rest(
    up: Callable[..., Up],
) -> None:
    running = up().until_ready()
    leaders = {running.leader(name) for name in ("web", "worker", "beat")}
    engines = {Cluster(running.home / "postgres").pid, Server(running.home / "valkey").pid}
    running.process.kill()
    running.process.wait(5)
    assert processes.wait_gone({pid for pid in leaders | engines if pid}, 15)
    left = running.everything()
    assert left, "the stand-ins leave children behind, as a killed server does"
    again = up().until_ready()
    assert "stopping processes that an earlier run left behind" in again.text()
    assert not left & again.everything()


def test_a_web_server_that_never_becomes_ready_is_reported_in_one_line(
    up: Callable[..., Up], project: Path
) -> None:
    (project / "granian.py").write_text("raise SystemExit('no such application')")
    failing = up()
    assert failing.process.wait(40) == 1
    last = failing.text().strip().splitlines()[-1]
    assert last.startswith("riskhub: The web server is not ready")
    assert "Traceback" not in failing.text()
    assert not failing.everything()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"PORT": "many"}, "PORT=many is not a port"),
        ({"RISKHUB_BIND": "192.0.2.1"}, "Riskhub cannot listen on"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "REDIS_URL is set and DATABASE_URL is not"),
    ],
)
def test_an_invalid_variable_is_reported_in_one_line(
    up: Callable[..., Up], environment: dict[str, str], told: str
) -> None:
    failing = up(**environment)
    assert failing.process.wait(20) == 1
    line = failing.text().strip().splitlines()[-1]
    assert line.startswith("riskhub: ")
    assert told in line
    assert "Fix: " in line
    assert "Traceback" not in failing.text()


def test_a_port_in_use_is_reported_with_another_port(up: Callable[..., Up]) -> None:
    taker = subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"], stdout=subprocess.PIPE
    )
    try:
        listening = psutil.Process(taker.pid)
        while not listening.net_connections():
            time.sleep(0.05)
        port = listening.net_connections()[0].laddr.port
        failing = up(PORT=str(port))
        assert failing.process.wait(20) == 1
        assert f"Port {port} on 127.0.0.1 is in use" in failing.text()
        assert f"make run PORT={port + 1}" in failing.text()
    finally:
        taker.kill()
        taker.communicate()
