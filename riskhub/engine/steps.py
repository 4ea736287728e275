"""The steps between the start of the servers and of the programs: migrations, set-up of an empty register."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg

from riskhub.engine import processes
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT

USERS = "people_user"


def migrate(environment: Mapping[str, str], log: Path, pause: processes.Pause) -> None:
    """Run the migrations as the owner. Raises Trouble with the last line of their output."""
    command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--no-input"]
    began = log.stat().st_size if log.exists() else 0
    process = processes.spawn(command, log=log, cwd=ROOT, environment=environment)
    if code := _wait(process, pause):
        lines = [
            line for line in log.read_bytes()[began:].decode(errors="replace").splitlines() if line.strip()
        ]
        said = lines[-1].strip().removeprefix("CommandError: ") if lines else f"exit {code}"
        if " Fix: " in said:
            raise Trouble(said)
        raise Trouble(f"The migrations failed: {said} Fix: see {log}")


def is_empty(owner_url: str) -> bool:
    """Return True if the register has no user yet."""
    try:
        with psycopg.connect(owner_url, connect_timeout=10) as connection:
            if connection.execute("SELECT to_regclass(%s)", [USERS]).fetchone() == (None,):
                return True
            # The table name is a constant, not input.
            return connection.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {USERS})").fetchone() == (True,)  # noqa: S608
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise Trouble(
            f"The register cannot be read: {said}. Fix: check that the owner role may read it."
        ) from None


def command(name: str, environment: Mapping[str, str], pause: processes.Pause) -> None:
    """Run a management command with its output on this terminal. Raises Trouble if it fails."""
    command = [sys.executable, "manage.py", name]
    # It runs in its own session, so that Ctrl-C reaches only the supervisor, which then stops it.
    if code := _wait(processes.spawn(command, log=None, cwd=ROOT, environment=environment), pause):
        raise Trouble(f"`manage.py {name}` failed (exit {code}). Fix: see its output above.")


def _wait(process: subprocess.Popen[bytes], pause: processes.Pause) -> int:
    try:
        while process.poll() is None:
            pause(0.02)
    finally:
        if process.poll() is None:
            process.terminate()
    return process.wait()
