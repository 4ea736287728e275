"""Every process applies the rule for SECRET_KEY and reports a fault in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from riskhub.engine import secret_key
from riskhub.engine.home import ROOT

GOOD = "abcde" * 10
WEB = ["-c", "import riskhub.wsgi"]
WORKER = ["-m", "celery", "-A", "riskhub.celery", "worker", "--pool", "solo"]
BEAT = ["-m", "celery", "-A", "riskhub.celery", "beat", "--schedule", "{home}/beat"]
COMMAND = ["manage.py", "check"]
UP = ["-m", "riskhub.engine"]
ALL = {"web": WEB, "worker": WORKER, "beat": BEAT, "command": COMMAND, "up": UP}


@pytest.mark.parametrize("key", ["", "abc", "k" * 49, "k" * 80, "abcd" * 20])
def test_a_short_or_monotonous_key_has_a_fault_that_does_not_repeat_it(key: str) -> None:
    told = secret_key.fault(key)

    assert told.startswith("SECRET_KEY ") and "Fix: " in told and "\n" not in told
    assert not key or key not in told.replace("SECRET_KEY", "")


def test_a_key_of_fifty_characters_is_good() -> None:
    assert secret_key.fault(GOOD) == ""


@pytest.mark.parametrize("process", ALL.values(), ids=ALL)
def test_every_process_refuses_a_short_key_by_name(tmp_path: Path, process: list[str]) -> None:
    run = _run(process, tmp_path, SECRET_KEY="abc")

    assert run.returncode != 0
    assert "SECRET_KEY has 3 characters and needs at least 50" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("process", [WEB, WORKER, BEAT], ids=["web", "worker", "beat"])
def test_what_signs_does_not_start_without_a_key(tmp_path: Path, process: list[str]) -> None:
    run = _run(process, tmp_path)

    assert run.returncode != 0
    assert "SECRET_KEY is not set" in run.stderr


def _run(process: list[str], home: Path, **given: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    places = {"RISKHUB_HOME": str(home / "var"), "REDIS_URL": "redis://127.0.0.1:1/0", "PORT": "47999"}
    # The rule is checked first, so no server is needed. The time-out ends a process that ignores the rule.
    return subprocess.run(
        [sys.executable, *(word.format(home=home) for word in process)],
        cwd=ROOT,
        env=kept | places | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
