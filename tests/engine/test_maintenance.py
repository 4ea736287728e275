"""`make backup` and `make restore` find or start their PostgreSQL, and stop it again."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from riskhub.engine.home import ROOT, Home
from riskhub.engine.postgres import Cluster

# A command that says what it was given and which database it reaches.
MANAGE = """
import os, sys, time, psycopg
print("command", *sys.argv[1:], flush=True)
with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
    print("owner", connection.execute("SELECT current_user").fetchone()[0], flush=True)
if "wait" in sys.argv[-1]:
    time.sleep(600)
sys.exit(3 if "fail" in sys.argv[-1] else 0)
"""
GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "RISKHUB_FILLED_IN")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Riskhub's engine in an otherwise empty project."""
    place = tmp_path / "project"
    shutil.copytree(ROOT / "riskhub" / "engine", place / "riskhub" / "engine")
    (place / "riskhub" / "__init__.py").touch()
    (place / "manage.py").write_text(MANAGE)
    return place


def start(project: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return subprocess.Popen(
        [sys.executable, "-m", "riskhub.engine", *arguments],
        cwd=project,
        env=kept | {"RISKHUB_HOME": str(project / "var"), "PYTHONPATH": str(project)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(project: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    process = start(project, *arguments, **variables)
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def test_it_starts_postgresql_for_a_stopped_home_and_stops_it(project: Path) -> None:
    cluster = Cluster(project / "var" / "postgres")
    code, said = run(project, "restore", "some/backup")
    assert code == 0 and f"command restore {project}/some/backup" in said and "owner riskhub_owner" in said
    assert cluster.pid is None

    code, said = run(project, "backup", "")
    assert (code, said.splitlines()) == (0, ["command backup", "owner riskhub_owner"])
    assert run(project, "backup", "fail")[0] == 3 and cluster.pid is None

    waiting = start(project, "backup", "wait")
    assert waiting.stdout is not None and "command" in waiting.stdout.readline()
    waiting.stdout.readline()
    assert cluster.pid is not None and Home(project / "var").is_held()
    assert "Another command uses" in run(project, "backup", "")[1]
    waiting.send_signal(signal.SIGTERM)
    waiting.communicate(timeout=60)
    assert waiting.returncode == 130 and cluster.pid is None and not Home(project / "var").is_held()


def test_while_riskhub_runs_its_servers_are_used_and_a_restore_is_refused(project: Path) -> None:
    home = Home(project / "var")
    home.take()
    home.publish({"DATABASE_OWNER_URL": os.environ["DATABASE_OWNER_URL"]})
    code, said = run(project, "backup", "")
    assert code == 0 and "owner riskhub_owner" in said
    code, said = run(project, "restore", "some/backup")
    assert code == 1 and "a restore needs an empty register" in said and "command" not in said


def test_external_servers_are_used_as_they_are(project: Path) -> None:
    code, said = run(project, "backup", "", DATABASE_OWNER_URL=os.environ["DATABASE_OWNER_URL"])
    assert code == 0 and "owner riskhub_owner" in said and not (project / "var").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("backup", ""), "has no register"),
        (("restore", ""), "make restore FROM="),
        (("verify_backup",), "make verify-backup FROM="),
    ],
)
def test_what_is_missing_is_said_in_one_line(project: Path, arguments: tuple[str, ...], text: str) -> None:
    code, said = run(project, *arguments)
    (line,) = said.strip().splitlines()
    assert code == 1 and line.startswith("riskhub: ") and text in line and "Fix: " in line
    assert not (project / "var").exists()
