"""Creates .venv from a lock file, before anything is installed. It uses the standard library only.

    python3 riskhub/engine/bootstrap.py requirements.txt

A second run finds the stamp of the first (the hash of the lock file) and ends immediately.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
MARK = VENV / "riskhub-locks.json"


class BootstrapError(Exception):
    """An error whose text is one line for the person at the terminal."""


def main(arguments: list[str]) -> int:
    """Return 0 if .venv has the packages of the lock file, 1 after printing one line with the fix."""
    try:
        check_version()
        check_folder()
        with (ROOT / ".bootstrap.lock").open("w") as held:
            # `make run` and `make test` may start at the same time.
            fcntl.flock(held, fcntl.LOCK_EX)
            ensure(ROOT / arguments[0])
    except BootstrapError as stop:
        print(f"riskhub: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def check_version() -> None:
    if sys.version_info[:2] < OLDEST:
        have, want = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
        raise BootstrapError(
            f"Python {have} is too old; it needs {want} or newer. Fix: make run PYTHON=/path/to/python{want}"
        )


def check_folder() -> None:
    if not os.access(ROOT, os.W_OK | os.X_OK):
        raise BootstrapError(
            f"{ROOT} cannot be written, and .venv belongs there. Fix: copy Riskhub to a folder of your own."
        )


def ensure(lock: Path) -> None:
    wanted = {"python": sys.version, "lock": hashlib.sha256(lock.read_bytes()).hexdigest()}
    marks = read_marks()
    python = VENV / "bin" / "python"
    if python.exists() and marks.get(lock.name) == wanted:
        return
    if not python.exists() or any(mark.get("python") != sys.version for mark in marks.values()) or not marks:
        make_venv()
        marks = {}
    # The stamp is written after the installation, so an interrupted run is repeated.
    MARK.write_text(json.dumps({name: mark for name, mark in marks.items() if name != lock.name}))
    install(python, lock)
    MARK.write_text(json.dumps(read_marks() | {lock.name: wanted}))


def read_marks() -> dict:
    try:
        return json.loads(MARK.read_text())
    except (OSError, ValueError):
        return {}


def make_venv() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        done = run([sys.executable, "-m", "venv", str(VENV)])
    elif shutil.which("uv"):
        done = run(["uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)])
    else:
        version = ".".join(map(str, sys.version_info[:2]))
        raise BootstrapError(
            f"this Python ({sys.executable}) has no venv module."
            f" Fix: apt-get install python3-venv (or python{version}-venv), then repeat the command."
        )
    if done.returncode:
        raise BootstrapError(f"{VENV} could not be created: {last_line(done.stdout)}")


def install(python: Path, lock: Path) -> None:
    began = time.monotonic()
    print(f"Installing the packages of {lock.name} into {VENV.name} (once) ...", flush=True)
    done = run(
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
         "--require-hashes", "-r", str(lock)]
    )  # fmt: skip
    (VENV / "install.log").write_text(done.stdout)
    if done.returncode:
        raise BootstrapError(
            f"the packages could not be installed: {last_line(done.stdout)}"
            f" Fix: see {VENV.name}/install.log; behind a proxy or mirror, set HTTPS_PROXY or PIP_INDEX_URL."
        )
    print(f"  done in {time.monotonic() - began:.0f} s", flush=True)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    loud = [line for line in lines if "ERROR" in line or "error:" in line]
    return (loud or lines or ["it printed nothing."])[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
