"""`make test` and `make check`: runs the checks, finds the browser, runs the tests, and prints the duration.

python riskhub/engine/testrun.py [--checks-only] [--workers N] [-- PYTEST ARGUMENTS]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
NOT_FOR_EACH_MACHINE = ("biome", "hadolint")  # their wheels have programs for Linux on x86_64
CHECKS_AT_ONCE = 2  # most of them use one core
TOOK = Path(sys.prefix) / "test-seconds.txt"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHECKS: dict[str, list[str]] = {
    "types": [sys.executable, "-m", "mypy", "."],
    "style": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "templates": [str(BIN / "djlint"), "--quiet", "templates"],
    "style sheets, scripts": [str(BIN / "biome"), "check", "--error-on-warnings", "--colors=off", "."],
    "order of the house": [str(BIN / "lint-imports"), "--no-cache"],
    "Dockerfile": [str(BIN / "hadolint"), "Dockerfile"],
    "docker-compose.yml": [
        *(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
    ],
    "vulnerabilities": [sys.executable, "riskhub/engine/vulnerabilities.py"],
    "bill of materials": [
        *(sys.executable, "-W", "ignore", str(BIN / "cyclonedx-py"), "requirements", "requirements.txt"),
        *("--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible"),
        *("--output-file", "riskhub.cdx.json"),
    ],
    # No database runs here. Without the option Django warns that it cannot compare with a database.
    "migrations": [
        *(sys.executable, "-W", "ignore::RuntimeWarning"),
        *("manage.py", "makemigrations", "--check", "--dry-run"),
    ],
    "flows on any day": [sys.executable, "-m", "tests.at_each_moment"],
}


def main(arguments: list[str]) -> int:
    """Return 0 if everything passed, else the exit code of the failure."""
    began = time.monotonic()
    # Some containers set it. Then each of the many processes of a run compiles the application and its tests.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    own, for_pytest = _split(arguments)
    code = _checks()
    if "--checks-only" not in own:
        # The tests also run after a failed check, so that one run shows all failures.
        workers = own[own.index("--workers") + 1] if "--workers" in own else "2"
        code = _tests(workers, for_pytest) or code
    seconds = time.monotonic() - began
    print(f"Total time: {seconds:.0f} s", flush=True)
    if code == 0 and "--checks-only" not in own and not for_pytest:
        _note(seconds)
    return code


def _note(seconds: float) -> None:
    """Store the duration of a whole run and its commit in .venv, for `make bench`."""
    said = ""
    if shutil.which("git"):
        asked = ["git", "describe", "--always", "--dirty"]
        said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    TOOK.write_text(f"{seconds:.0f} {said}\n")


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _checks() -> int:
    """Run all checks, two at a time, also after a failed one, so that one run shows all failures."""
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        codes = list(pool.map(lambda name: _check(name, CHECKS[name]), CHECKS))
    return next((code for code in codes if code), 0)


def _check(name: str, command: list[str]) -> int:
    """Run one check, print one line, and its output if it failed. Return its exit code."""
    program = Path(command[0])
    if program.name in NOT_FOR_EACH_MACHINE and not program.exists():
        print(f"  {name:<22} SKIPPED: there is no {program.name} for this machine\n", end="", flush=True)
        return 0
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    mark = "ok" if done.returncode == 0 else "FAILED"
    is_shown = done.returncode or "NOT CHECKED" in done.stdout
    output = f"{done.stdout}\n" if is_shown else ""
    # One string with its line end, so that the lines of two checks do not mix.
    print(f"  {name:<22} {mark}  {time.monotonic() - began:.1f} s\n{output}", end="", flush=True)
    return done.returncode


def _tests(workers: str, for_pytest: list[str]) -> int:
    browser = find_browser()
    environment = dict(os.environ)
    # Each worker begins with its own part of the tests, so that few modules are prepared twice.
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "worksteal"]
    if browser:
        environment["CHROME"] = browser
    else:
        environment.pop("CHROME", None)
        command += ["-m", "not browser"]
        _say_without_browser(environment)
    return subprocess.run([*command, *for_pytest], cwd=ROOT, env=environment, check=False).returncode


def find_browser() -> str | None:
    """Return CHROME, or a Chromium on PATH, or one that apt-get installs if that is allowed.

    Returns None if there is no browser.
    """
    for name in (os.environ.get("CHROME", ""), *BROWSERS):
        if name and (path := shutil.which(name)):
            return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests ...", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(
                command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
        return shutil.which("chromium")
    return None


def _say_without_browser(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-m", "browser", "--collect-only", "-q"]
    listed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    count = sum("::" in line for line in listed.stdout.splitlines())
    print(
        f"\n!!! {count} BROWSER TESTS ARE SKIPPED: there is no Chromium."
        " Fix: install Chromium, or run CHROME=/path/to/chromium make test\n",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
