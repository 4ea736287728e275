"""A real Prometheus and a real Alertmanager as processes of their own, with a metric that the test sets.

They come from the packages of the system. RISKHUB_PROMETHEUS, RISKHUB_ALERTMANAGER and RISKHUB_PROMTOOL name
other programs. Their clock is the machine's, so Prometheus.now() is the moment for what they send.
"""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from riskhub.engine import ports

# Each program: its names, those of Debian first, and the packages of Debian and of others.
_PROGRAMS = {
    "RISKHUB_PROMETHEUS": (("prometheus",), "prometheus"),
    "RISKHUB_PROMTOOL": (("promtool",), "prometheus"),
    "RISKHUB_ALERTMANAGER": (("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager"),
}
_STARTS_WITHIN = 30
_SCRAPES = """global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}
scrape_configs:
  - job_name: model-metrics
    static_configs: [{{targets: ['127.0.0.1:{metrics}']}}]
"""


def program(variable: str) -> str:
    """Return the path of a program. Skips the test, with the package to install, where it is missing."""
    names, package = _PROGRAMS[variable]
    named = os.environ.get(variable)
    found = next(filter(None, map(shutil.which, [named] if named else names)), None)
    if found is None:
        pytest.skip(
            f"NOT TESTED with a real {names[-1]}: {named or ' or '.join(names)} is missing. "
            f"Install the package {package} (apt-get install {package}), or name a program in {variable}."
        )
    return found


class Prometheus:
    """The running pair. samples: the text of the metrics, which the test sets."""

    def __init__(self, url: str) -> None:
        self.url, self.samples = url, ""

    def now(self) -> datetime:
        """Return the moment of its clock."""
        return parsedate_to_datetime(requests.get(f"{self.url}/-/ready", timeout=5).headers["Date"])


@contextmanager
def running(*, rules: str, alertmanager: str, token: str) -> Iterator[Prometheus]:
    """Run both. Yields a Prometheus, which scrapes nothing as long as it has no samples.

    rules: of Prometheus. alertmanager: the configuration of Alertmanager. token: of its receiver.
    """
    programs = {name: program(name) for name in _PROGRAMS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours, theirs = ports.free(), ports.free()
        pair = Prometheus(f"http://127.0.0.1:{ours}")
        metrics = stack.enter_context(_served(lambda: pair.samples))
        (folder / "alertmanager.yml").write_text(alertmanager)
        (folder / "riskhub-token").write_text(token)
        (folder / "rules.yml").write_text(rules)
        (folder / "prometheus.yml").write_text(_SCRAPES.format(alertmanager=theirs, metrics=metrics))
        commands = {
            f"http://127.0.0.1:{theirs}": [
                *(
                    programs["RISKHUB_ALERTMANAGER"],
                    "--config.file=alertmanager.yml",
                    "--storage.path=alerts",
                ),
                *(f"--web.listen-address=127.0.0.1:{theirs}", "--cluster.listen-address="),
            ],
            pair.url: [
                *(
                    programs["RISKHUB_PROMETHEUS"],
                    "--config.file=prometheus.yml",
                    "--storage.tsdb.path=series",
                ),
                f"--web.listen-address=127.0.0.1:{ours}",
            ],
        }
        for url, command in commands.items():
            stack.enter_context(_process(command, folder, url))
        yield pair


@contextmanager
def _process(command: list[str], folder: Path, url: str) -> Iterator[None]:
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, start_new_session=True)
    try:
        ends = time.monotonic() + _STARTS_WITHIN
        while not _is_ready(url):
            assert process.poll() is None and time.monotonic() < ends, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def _served(text: Callable[[], str]) -> Iterator[int]:
    """Serve a text over HTTP. Yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
