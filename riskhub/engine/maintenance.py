"""`make backup`, `make verify-backup`, `make restore`: runs a management command with the right servers.

External servers run already, and so does the embedded PostgreSQL while Riskhub runs. Otherwise it is started
for the command and stopped after it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from riskhub.engine import outside, processes
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT, Home, as_given, read_json
from riskhub.engine.postgres import Cluster
from riskhub.engine.signals import Asked, StopSignals

COMMANDS = ("backup", "verify_backup", "restore")
_NO_FOLDER = {"restore": "make restore FROM=", "verify_backup": "make verify-backup FROM="}


def main(name: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Run the command. Returns its exit code, or 1 after printing one line with the fix."""
    given = as_given(dict(os.environ if environment is None else environment))
    home = Home(Path(given.get("RISKHUB_HOME") or ROOT / "var").expanduser().resolve())
    os.umask(0o077)  # no other user may read what is written
    stop = StopSignals()
    try:
        places = [str(Path(place).expanduser().absolute()) for place in arguments if place]
        if name in _NO_FOLDER and not places:
            example = home.path / "backups" / "riskhub-20261129T225012Z"
            raise Trouble(f"Say which backup. Fix: {_NO_FOLDER[name]}{example}")
        with _servers(name, given, home, stop) as values:
            return _run([name, *places], given | dict(values) | {"RISKHUB_HOME": str(home.path)}, stop)
    except Asked:
        return 130
    except (Trouble, OSError) as trouble:
        print(f"riskhub: {trouble}", file=sys.stderr, flush=True)
        return 1


@contextmanager
def _servers(
    name: str, given: Mapping[str, str], home: Home, stop: StopSignals
) -> Iterator[Mapping[str, str]]:
    """Yield the variables that the command needs besides the given ones, while its PostgreSQL runs."""
    if any(given.get(one, "").strip() for one in outside.NAMES[:2]):
        yield {}
        return
    if home.is_held():
        if name == "restore":
            raise Trouble(
                f"Riskhub runs from {home.path}, and a restore needs an empty register."
                " Fix: RISKHUB_HOME=/another/folder make restore FROM=…"
            )
        running = read_json(home.instance)
        if not running:
            raise Trouble(f"Another command uses {home.path}. Fix: wait until it ends.")
        yield running
        return
    if name != "restore" and not (home.path / "postgres" / "data").is_dir():
        if name == "verify_backup":
            yield {}
            return
        raise Trouble(f"{home.path} has no register. Fix: name its folder, RISKHUB_HOME=/folder make backup")
    home.take()
    cluster = Cluster(home.path / "postgres", log=home.logs / "postgresql.log", pause=stop.pause)
    try:
        urls = cluster.ensure()
        yield {"DATABASE_URL": urls.application, "DATABASE_OWNER_URL": urls.owner}
    finally:
        stop.is_ending = True
        cluster.stop()


def _run(arguments: list[str], environment: Mapping[str, str], stop: StopSignals) -> int:
    """Run a management command with its output on this terminal. Returns its exit code."""
    # It runs in its own session, so that Ctrl-C reaches only this process, which then ends it in order.
    process = processes.spawn(
        [sys.executable, "manage.py", *arguments], log=None, cwd=ROOT, environment=environment
    )
    try:
        while process.poll() is None:
            stop.pause(0.02)
    finally:
        if process.poll() is None:
            process.terminate()
            processes.wait_gone([process.pid], 60, time.sleep)
    return process.wait()
