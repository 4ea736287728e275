"""The real web server on the test database, as processes of its own.

Tests use it for what Django's test client cannot do: disconnect, be away, be called by a real tool.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

from django.db import connection

from riskhub.engine import ports

STARTS_WITHIN = 30


@contextmanager
def web_server(*, at: datetime | None, port: int = 0) -> Iterator[int]:
    """Run two web processes, with their clock stopped at `at`; None: with the machine's. Yields the port."""
    port = port or ports.free()
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    words = (
        f"granian --interface wsgi --host 127.0.0.1 --port {port} --workers 2 --blocking-threads 4 --no-ws"
    )
    target = "tests.frozen_wsgi:application" if at else "riskhub.wsgi:application"
    moment = {"RISKHUB_TEST_NOW": at.isoformat()} if at else {}
    running = subprocess.Popen(
        [sys.executable, "-m", *words.split(), "--log-level", "warning", target],
        env={**os.environ, "DATABASE_URL": url.geturl(), **moment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, running)
        yield port
    finally:
        running.terminate()
        running.wait(20)


def ask(port: int, method: str, path: str, body=None, headers=None) -> tuple[int, bytes]:
    """Send a request. Returns the status and the body of the answer."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        asked.request(method, path, body, headers or {})
        answer = asked.getresponse()
        return answer.status, answer.read()
    finally:
        asked.close()


def hang_up(port: int, path: str, body: bytes, headers: dict[str, str], *, after: int) -> None:
    """Send a POST up to `after` bytes of its body, then close without reading the answer."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body[:after])


def _wait_for(port: int, running: subprocess.Popen) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert running.poll() is None, "the web server ended at once"
        try:
            if ask(port, "GET", "/livez")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web server did not come up")
