"""The messages before anything is installed."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from riskhub.engine import bootstrap
from riskhub.engine.home import ROOT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "MARK", tmp_path / ".venv" / "riskhub-locks.json")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def _told(capsys: pytest.CaptureFixture[str]) -> str:
    assert bootstrap.main(["requirements.txt"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Fix: " in said
    return said


def test_an_old_python_is_reported_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert "Python 3.9.1 is too old" in _told(capsys)


def test_a_python_without_venv_is_reported_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)
    assert "apt-get install python3-venv" in _told(capsys)


def test_a_read_only_folder_is_reported_in_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.os, "access", lambda *_: False)
    assert "cannot be written" in _told(capsys)


def test_a_failed_installation_is_reported_in_one_line_and_repeated(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / ".venv").mkdir()
    monkeypatch.setattr(bootstrap, "make_venv", lambda: None)
    failed = subprocess.CompletedProcess([], 1, stdout="WARNING: x\nERROR: no matching distribution\nhint\n")
    monkeypatch.setattr(bootstrap, "run", lambda _command: failed)
    assert "ERROR: no matching distribution" in _told(capsys)
    assert "requirements.txt" not in bootstrap.read_marks()


def test_a_second_run_finds_its_mark_and_installs_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "python").touch()
    lock = hashlib.sha256((place / "requirements.txt").read_bytes()).hexdigest()
    bootstrap.MARK.write_text(json.dumps({"requirements.txt": {"python": sys.version, "lock": lock}}))
    monkeypatch.setattr(bootstrap, "run", lambda _command: pytest.fail("it installed again"))
    assert bootstrap.main(["requirements.txt"]) == 0


def test_make_names_a_python_that_is_not_there() -> None:
    done = subprocess.run(
        ["make", "run", "PYTHON=/nowhere/python3"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "/nowhere/python3 is missing or older than 3.11. Fix: " in done.stderr
