"""One web process on the database of a row."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.ground import Ground
from riskhub.engine import ports

_UP = 60.0


@dataclass(frozen=True)
class Web:
    """The running server. pid: of the process that started its worker."""

    address: str
    port: int
    pid: int

    def resident_megabytes(self) -> float:
        """Return the memory of the server and its worker."""
        kilobytes = 0
        for pid in _with_children(self.pid):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    kilobytes += int(line.split()[1])
        return kilobytes / 1024


@contextmanager
def web(made: Ground, database: str) -> Iterator[Web]:
    """Serve a database of `made` during the block."""
    assert made.urls is not None
    port = ports.free()
    url = made.urls.application.rsplit("/", 1)[0] + f"/{database}"
    order = ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--workers", "1", "--no-ws"]
    with (made.folder / f"{database}-web.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *order, "--port", str(port), "riskhub.wsgi:application"],
            cwd=Path(__file__).parent.parent, env={**os.environ, "DATABASE_URL": url},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://localhost:{port}"
    try:
        _wait_up(address, process)
        yield Web(address, port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait_up(address: str, process: subprocess.Popen) -> None:
    ends = time.monotonic() + _UP
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:  # noqa: S310 - our own site
                json.load(answer)
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > ends or process.poll() is not None:
                raise
            time.sleep(0.2)


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _with_children(int(child))
