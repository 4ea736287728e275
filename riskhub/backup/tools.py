"""pg_dump and pg_restore: those of the embedded PostgreSQL, or those on PATH."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from riskhub.engine import processes
from riskhub.engine.errors import Trouble
from riskhub.engine.postgres import programs

_NAMES = ("pg_dump", "pg_restore")
_SLICE = 0.05  # seconds between two checks of a running program


@dataclass(frozen=True)
class Tools:
    """One installation of the client programs. version: such as 18.6."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def found() -> list[Tools]:
    """Return the installations on this machine, the oldest first."""
    places = []
    with suppress(Trouble):  # there is no embedded PostgreSQL for every machine
        places.append(programs())
    on_path = shutil.which("pg_dump")
    if on_path:
        places.append(Path(on_path).parent)
    tools = [Tools(place, version) for place in places if (version := _version(place))]
    return sorted(tools, key=lambda one: one.major)


def for_server(major: int) -> Tools:
    """Return the programs for a server: of its version, else the next newer ones. Raises Trouble."""
    return _at_least(major, "The server is PostgreSQL", "must not be older than the server")


def for_dump(major: int) -> Tools:
    """Return the programs that read a dump that the pg_dump of a version wrote. Raises Trouble."""
    return _at_least(major, "The backup was written by pg_dump", "must not be older")


def _at_least(major: int, wanted: str, rule: str) -> Tools:
    known = found()
    for tools in known:
        if tools.major >= major:
            return tools
    have = f"the newest one here is {known[-1].version}" if known else "there is none here"
    raise Trouble(
        f"{wanted} {major}. pg_dump and pg_restore {rule}, and {have}. Fix: install the client programs of"
        f" PostgreSQL {major} or newer (such as postgresql-client-{major}) and put them on PATH."
    )


def _version(folder: Path) -> str:
    """Return the version of the programs in a folder; "" if one of them is missing or does not run."""
    if not all((folder / name).exists() for name in _NAMES):
        return ""
    done = subprocess.run(
        [folder / "pg_dump", "--version"], capture_output=True, text=True, check=False, timeout=30
    )
    version = re.search(r"\) (\d+[.\w]*)", done.stdout)
    return version[1] if version else ""


class ClientProgram:
    """A running pg_dump, pg_restore or psql. It ends with this thread, and its last words are kept."""

    def __init__(self, tools: Tools, name: str, arguments: list[str], url: str) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="riskhub-")
        self._log = Path(self._folder.name) / "said"
        # The password is in the environment, because everybody on the machine can read arguments.
        self._process = processes.spawn(
            [str(tools.folder / name), *arguments],
            log=self._log,
            cwd=Path.cwd(),
            environment=environment(url),
            dies_by=signal.SIGTERM,
        )

    def refuse_failed(self) -> None:
        """Raise Trouble if it has ended with an error."""
        if self._process.poll():
            raise Trouble(f"{self.name} failed: {self._said()}")

    def wait(self) -> None:
        """Wait until it ends. Raises Trouble with its last words if it failed."""
        while self._process.poll() is None:
            try:
                self._process.wait(_SLICE)
            except subprocess.TimeoutExpired:
                continue
        self.refuse_failed()

    def end(self) -> None:
        """End it if it runs, and remove its log."""
        if self._process.poll() is None:
            processes.end([self._process.pid], gently=5)
            self._process.wait(10)
        self._folder.cleanup()

    def _said(self) -> str:
        lines = [line.strip() for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        loud = [line for line in lines if "error:" in line.lower()]
        return (loud or lines or ["it printed nothing."])[0].removeprefix(f"{self.name}: ").strip()


@contextmanager
def running(tools: Tools, name: str, arguments: list[str], url: str) -> Iterator[ClientProgram]:
    """Run a program over a with-block, and end it with the block."""
    program = ClientProgram(tools, name, arguments, url)
    try:
        yield program
    finally:
        program.end()


def environment(url: str) -> dict[str, str]:
    """Return the environment in which a program of PostgreSQL connects to the URL, and to no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    names = {option.keyword.decode(): (option.envvar or b"").decode() for option in Conninfo.get_defaults()}
    values = conninfo_to_dict(url)
    return kept | {names[key]: str(value) for key, value in values.items() if names.get(key) and value}


def database_of(url: str) -> str:
    return str(conninfo_to_dict(url).get("dbname") or "")


def connect(url: str, **options: Any) -> psycopg.Connection:
    """Connect without time limits for statements. Raises Trouble with one line."""
    limits = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c timezone=UTC"
    try:
        return psycopg.connect(url, options=limits, connect_timeout=10, **options)
    except psycopg.Error as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "no answer")
        place = f"{conninfo_to_dict(url).get('host') or 'the local socket'}/{database_of(url)}"
        raise Trouble(
            f"The database {place} cannot be used ({said.rstrip('.')})."
            " Fix: start it, or correct DATABASE_OWNER_URL."
        ) from None


Say = Callable[[str], None]
