"""What happens between the servers and the programs: migrations, and what an empty register is given."""

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
    """Bring the tables up to date as the owner. Raises Trouble with the last line of what it said."""
    words = [sys.executable, "manage.py", "migrate", "--database", "owner", "--no-input"]
    began = log.stat().st_size if log.exists() else 0
    process = processes.spawn(words, log=log, cwd=ROOT, environment=environment)
    if code := _wait(process, pause):
        lines = [
            line for line in log.read_bytes()[began:].decode(errors="replace").splitlines() if line.strip()
        ]
        said = lines[-1].strip() if lines else f"exit {code}"
        raise Trouble(f"The database could not be brought up to date: {said} Fix: see {log}")


def is_empty(owner_url: str) -> bool:
    """Whether the register knows no user yet."""
    try:
        with psycopg.connect(owner_url, connect_timeout=10) as connection:
            if connection.execute("SELECT to_regclass(%s)", [USERS]).fetchone() == (None,):
                return True
            # The name is ours, not a visitor's.
            return connection.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {USERS})").fetchone() == (True,)  # noqa: S608
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise Trouble(
            f"The register cannot be read: {said}. Fix: see whether the owner role may read it."
        ) from None


def command(name: str, environment: Mapping[str, str], pause: processes.Pause) -> None:
    """Run a management command with its words on this terminal. Raises Trouble when it fails."""
    words = [sys.executable, "manage.py", name]
    # In a session of its own, so that Ctrl-C reaches us alone and we end it in order.
    if code := _wait(processes.spawn(words, log=None, cwd=ROOT, environment=environment), pause):
        raise Trouble(f"`manage.py {name}` failed (exit {code}). Fix: its words are above.")


def _wait(process: subprocess.Popen[bytes], pause: processes.Pause) -> int:
    try:
        while process.poll() is None:
            pause(0.02)
    finally:
        if process.poll() is None:
            process.terminate()
    return process.wait()
