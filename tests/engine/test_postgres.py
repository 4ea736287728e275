"""A real PostgreSQL in temporary folders, started by root and by a normal user."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from riskhub.engine import privileges, processes
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT
from riskhub.engine.postgres import Cluster, programs

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="lowering root needs root")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that only its owner may enter."""
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    return place


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    made = Cluster(home / "pg", durable=False)
    yield made
    made.stop("immediate")


def _one(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _modes(place: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for each in (place, *place.parents):
        seen = each.stat()
        found[each] = (seen.st_mode, seen.st_uid, seen.st_gid)
    return found


def test_ensure_twice_starts_one_server_and_a_restart_loses_nothing(cluster: Cluster) -> None:
    urls, pid = cluster.ensure(), cluster.pid
    assert cluster.ensure() == urls
    assert Cluster(cluster.folder, durable=False).ensure() == urls, "another process finds the same server"
    assert cluster.pid == pid
    _run(urls.owner, "CREATE TABLE kept AS SELECT 7 AS number")
    assert cluster.restart("immediate") == urls
    assert _one(urls.owner, "SELECT number FROM kept") == 7
    cluster.stop()
    assert cluster.pid is None


def test_the_application_role_owns_nothing_and_the_owner_is_no_superuser(cluster: Cluster) -> None:
    urls = cluster.ensure()
    asked = "SELECT rolsuper::int || ',' || rolcreatedb::int || ',' || rolcreaterole::int FROM pg_roles"
    assert _one(urls.application, f"{asked} WHERE rolname = current_user") == "0,0,0"
    assert _one(urls.owner, f"{asked} WHERE rolname = current_user") == "0,1,0"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _run(urls.application, "CREATE TABLE mine (number int)")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(re.sub(r":[^:@]+@", ":wrong@", urls.application))


def test_owner_clones_and_drops_a_database_the_application_is_connected_to(cluster: Cluster) -> None:
    urls = cluster.ensure()
    named_copy = "SELECT count(*)::text FROM pg_database WHERE datname = 'copy'"
    _run(urls.owner, "CREATE DATABASE copy TEMPLATE riskhub")
    with psycopg.connect(urls.application.removesuffix("riskhub") + "copy"):
        assert _one(urls.owner, named_copy) == "1"
        _run(urls.owner, "DROP DATABASE copy WITH (FORCE)")
    assert _one(urls.owner, named_copy) == "0"


def test_it_listens_on_loopback_only_and_keeps_its_secrets_to_itself(cluster: Cluster) -> None:
    urls = cluster.ensure()
    assert _one(urls.owner, "SHOW listen_addresses") == "127.0.0.1"
    assert _one(cluster.superuser, "SHOW unix_socket_directories") == ""
    assert cluster.folder.stat().st_mode & 0o777 == 0o700
    for name in ("cluster.json", "postgres.log", "lock"):
        assert (cluster.folder / name).stat().st_mode & 0o077 == 0, name
    assert urls.owner.split(":")[2].split("@")[0] not in cluster.log.read_text()


def test_a_stale_pid_file_that_names_a_living_stranger_is_seen_through(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (cluster.data / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster.data}\n")
        assert cluster.pid is None
        cluster.ensure()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_it_starts_again_after_its_postmaster_was_killed_under_a_running_query(cluster: Cluster) -> None:
    urls = cluster.ensure()
    with psycopg.connect(urls.owner, autocommit=True) as connection:
        running = threading.Thread(
            target=_swallow, args=(connection, "SELECT count(*) FROM generate_series(1, 1e9)")
        )
        running.start()
        time.sleep(0.2)
        assert cluster.pid
        os.kill(cluster.pid, signal.SIGKILL)
        assert cluster.process
        cluster.process.wait(5)
        assert cluster.ensure() == urls
        running.join(10)
    assert _one(urls.application, "SELECT 1") == 1


def _swallow(connection: psycopg.Connection, statement: str) -> None:
    try:
        connection.execute(statement)  # type: ignore[arg-type]
    except psycopg.Error:
        return


def test_a_deep_folder_in_a_closed_home_works_and_no_permission_is_widened(home: Path) -> None:
    deep = home
    while len(str(deep)) < 260:
        deep = deep / "a folder with a long name, and a space"
    before = _modes(home)
    cluster = Cluster(deep / "pg", durable=False)
    try:
        assert _one(cluster.ensure().application, "SELECT 1") == 1
        assert _modes(home) == before
        assert deep.stat().st_mode & 0o777 == 0o700
    finally:
        cluster.stop("immediate")
    assert _modes(home) == before


def test_a_port_in_use_is_reported_in_one_line_or_replaced(home: Path, cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]
        with pytest.raises(Trouble, match=rf"^Port {port} on 127\.0\.0\.1 is in use.*Fix: ") as told:
            Cluster(home / "insisting", port=port, durable=False).ensure()
        assert "\n" not in str(told.value)
        state = json.loads((cluster.folder / "cluster.json").read_text())
        (cluster.folder / "cluster.json").write_text(json.dumps(state | {"port": port}))
        again = Cluster(cluster.folder, durable=False)
        assert f":{port}/" not in again.ensure().owner
        again.stop("immediate")


def test_data_of_another_version_and_lost_passwords_are_reported_in_one_line(cluster: Cluster) -> None:
    cluster.ensure()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(Trouble, match=r"created by PostgreSQL 12, and \d+ is installed\. Fix: "):
        Cluster(cluster.folder).ensure()
    (cluster.folder / "cluster.json").unlink()
    with pytest.raises(Trouble, match=r"passwords.*missing"):
        Cluster(cluster.folder).ensure()


SCRIPT = """
import os, sys, time
from pathlib import Path
from riskhub.engine.postgres import Cluster
cluster = Cluster(Path(sys.argv[1]), durable=False)
print(cluster.ensure().application, cluster.pid, os.geteuid(), flush=True)
if sys.argv[2] == "stay":
    time.sleep(60)
cluster.stop()
"""


def test_the_server_ends_when_its_starter_is_killed(home: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(home / "pg"), "stay"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline().split()[1])
        assert processes.is_alive(pid)
        starter.kill()
    assert processes.wait_gone([pid], 10)


@needs_root
def test_root_runs_it_by_either_way_on_the_same_data(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _modes(home)
    program = programs() / "postgres"
    works = [
        way
        for way in privileges.WAYS
        if privileges._works(privileges.Lowered(way, 65534, 65534), program, home)
    ]
    assert works, "root has no way here"
    for turn, way in enumerate(works * 2):
        monkeypatch.setenv("RISKHUB_LOWERED_BY", way)
        cluster = Cluster(home / "pg", durable=False)
        urls = cluster.ensure()
        if turn == 0:
            _run(urls.owner, "CREATE TABLE turns (way text)")
        _run(urls.owner, f"INSERT INTO turns VALUES ('{way}')")
        assert _one(urls.owner, "SELECT count(*) FROM turns") == turn + 1
        cluster.stop("immediate" if turn else "fast")
    assert _modes(home) == before


@needs_root
def test_a_plain_user_runs_it_too(home: Path) -> None:
    # The Python of the tests may be in a folder of root, so the user keeps the right to enter folders, and no
    # other right of root.
    lowered = privileges.Lowered("capability", 65534, 65534)
    if not privileges._works(lowered, Path(sys.executable), home):
        pytest.skip("root cannot become a plain user here")
    os.chown(home, lowered.uid, lowered.gid)
    command = processes.launched(lowered.order(), [sys.executable, "-c", SCRIPT, str(home / "pg"), "go"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[2] == str(lowered.uid)
    assert (home / "pg" / "data").stat().st_uid == lowered.uid


@needs_root
def test_root_without_a_way_is_reported_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges, "_works", lambda *_: False)
    with pytest.raises(Trouble, match=r"does not run as root.*Fix: ") as told:
        Cluster(home / "pg").ensure()
    assert "\n" not in str(told.value)
