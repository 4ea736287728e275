"""A backup is of one moment, complete or not there, and is refused if it is damaged or of a newer version."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.conf import settings
from psycopg.conninfo import make_conninfo

from riskhub.backup import checking, manifest, tables, tools, writing
from riskhub.backup.tools import Tools
from riskhub.engine.errors import Trouble
from riskhub.engine.home import ROOT
from tests.moments import AT
from tests.riskhub import backups
from tests.riskhub.backups import FILE, empty_database, is_empty, restore, url_of, verify


@pytest.fixture(scope="module")
def register(prepared):
    """The name of a database with a small register, and its files in RISKHUB_HOME/files."""
    from django.db import connections

    prepared("backup", AT, backups.fill)
    return connections["default"].settings_dict["NAME"]


def back_up(register, folder, **changed):
    values = {"url": url_of(register), "storage": settings.HOME / "files", "command": "a test"}
    return writing.write(folder, **(values | changed), say=lambda line: None)


@pytest.fixture(scope="module")
def original(register, tmp_path_factory):
    """A backup that no test changes."""
    return back_up(register, tmp_path_factory.mktemp("backups"))


@pytest.fixture
def copy(original, tmp_path):
    """A copy of it to damage."""
    return shutil.copytree(original, tmp_path / "copy")


def tables_of(database):
    with tools.connect(url_of(database)) as connection:
        return tables.digests(
            connection, [name for name in tables.names(connection) if name not in tables.LEFT_OUT]
        )


def test_it_says_what_it_is_of(original):
    found = manifest.read(original)
    assert original.name == f"riskhub-{AT:%Y%m%dT%H%M%SZ}" and found.at == AT
    assert found.riskhub == manifest.riskhub_version() and found.command == "a test"
    assert found.migrations["notices"] >= "0011_sending_switch" and found.server_major >= 14
    assert found.tables["people_user"].rows >= 2 and found.tables["history_event"].rows > 5
    assert found.files == 1 and found.files_missing == 0
    assert {path.name for path in original.iterdir()} == {"manifest.json", "database.dump", "files.tar"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (original, *original.iterdir()))


def test_restored_into_another_database_it_is_the_same(original, register, tmp_path):
    storage = tmp_path / "home" / "files"
    with empty_database() as database:
        restore(original, database, storage)
        assert tables_of(database) == tables_of(register) == manifest.read(original).tables
        with tools.connect(url_of(database)) as connection:
            for name in tables.LEFT_OUT:  # no sessions, and no row that lets the register send
                assert connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)
            (stored,) = connection.execute("SELECT stored_as FROM talk_file").fetchone()
            reference = "SELECT last_value FROM history_reference_r"
            with tools.connect(url_of(register)) as source:
                assert connection.execute(reference).fetchone() == source.execute(reference).fetchone()
    assert (storage / stored).read_bytes() == FILE
    assert list(storage.parent.iterdir()) == [storage]


def test_it_has_no_usable_secret(original, register):
    with tools.connect(url_of(register)) as connection:
        (session,) = connection.execute("SELECT session_key FROM django_session").fetchone()
    programs = tools.found()[-1]
    listed = subprocess.run(
        [programs.folder / "pg_restore", "--file=-", original / "database.dump"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "ben@example.org" in listed
    assert session not in listed and settings.SECRET_KEY not in listed


def spoil_rows(dump):
    """Overwrite the end of a dump: rows of a table. A fault in its list of objects may be a harmless name."""
    with dump.open("r+b") as file:
        file.seek(-2000, os.SEEK_END)
        file.write(bytes(2000))


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


DAMAGES = {
    "a byte of the dump": (lambda folder: flip(folder / "database.dump"), "database.dump is damaged"),
    "a byte of the files": (lambda folder: flip(folder / "files.tar"), "files.tar is damaged"),
    "a byte of the manifest": (lambda folder: flip(folder / "manifest.json"), "manifest.json is damaged"),
    "half of the dump": (lambda folder: cut(folder / "database.dump"), "database.dump is truncated"),
    "half of the files": (lambda folder: cut(folder / "files.tar"), "files.tar is truncated"),
    "half of the manifest": (lambda folder: cut(folder / "manifest.json"), "manifest.json is damaged"),
    "a longer dump": (lambda folder: lengthen(folder / "database.dump"), "database.dump is damaged"),
    "no dump": (lambda folder: (folder / "database.dump").unlink(), "database.dump is missing"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "no complete backup"),
    "no folder": (shutil.rmtree, "is no backup"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_in_one_line(copy, tmp_path, damage):
    act, text = DAMAGES[damage]
    act(copy)
    with empty_database() as database:
        for refused in (lambda: restore(copy, database, tmp_path / "files"), lambda: verify(copy)):
            with pytest.raises(Trouble, match=text) as caught:
                refused()
            assert "Fix: " in str(caught.value) and "\n" not in str(caught.value)
        assert is_empty(database) and not (tmp_path / "files").exists()


def test_a_changed_line_of_the_manifest_is_noticed(copy):
    path = copy / "manifest.json"
    path.write_text(path.read_text().replace('"command": "a test"', '"command": "another"'))
    with pytest.raises(Trouble, match=r"manifest\.json is damaged"):
        manifest.read(copy)


def reseal(folder, **changed):
    """Write a manifest with other values and a valid digest of itself, as another program would."""
    values = vars(manifest.read(folder)) | changed
    manifest.Manifest(**values).write(folder)


def test_a_backup_of_a_newer_version_is_refused(copy, tmp_path):
    reseal(copy, migrations=manifest.read(copy).migrations | {"risklog": "9999_later"}, riskhub="9.0")
    with empty_database() as database:
        with pytest.raises(Trouble, match=r"newer Riskhub \(9\.0.*risklog\.9999_later.*Fix"):
            restore(copy, database, tmp_path / "files")
        assert is_empty(database)
    reseal(copy, format=manifest.FORMAT + 1)
    with pytest.raises(Trouble, match="newer Riskhub"):
        checking.check_parts(copy, backups.KNOWN)


def test_a_dump_that_fails_leaves_nothing(copy, tmp_path):
    """A fault that the sha256 does not show: pg_restore finds it midway."""
    dump = copy / "database.dump"
    spoil_rows(dump)
    parts = manifest.read(copy).parts | {"database.dump": manifest.measure(dump)}
    reseal(copy, parts=parts)
    with empty_database() as database:
        with pytest.raises(Trouble):
            restore(copy, database, tmp_path / "files")
        assert is_empty(database) and list(tmp_path.iterdir()) == [copy]


def test_a_difference_after_the_restore_leaves_nothing(copy, tmp_path):
    found = manifest.read(copy).tables
    reseal(copy, tables=found | {"people_user": manifest.Table(found["people_user"].rows, "1")})
    with empty_database() as database:
        with pytest.raises(Trouble, match="the rows of people_user differ"):
            restore(copy, database, tmp_path / "files")
        assert is_empty(database) and list(tmp_path.iterdir()) == [copy]
    with pytest.raises(Trouble, match="the rows of people_user differ"):
        verify(copy)


def test_a_failing_last_step_leaves_nothing(original, tmp_path):
    def fail(found):
        raise KeyboardInterrupt

    with empty_database() as database:
        with pytest.raises(KeyboardInterrupt):
            restore(original, database, tmp_path / "files", finish=fail)
        assert is_empty(database) and list(tmp_path.iterdir()) == []


def test_only_an_empty_database_of_the_owner_is_restored_into(original, register, tmp_path):
    before = tables_of(register)
    with pytest.raises(Trouble, match=r"is not empty.*never overwrites.*Fix"):
        restore(original, register, tmp_path / "files")
    assert tables_of(register) == before
    with empty_database() as database:
        with pytest.raises(Trouble, match=r"may not create tables.*DATABASE_OWNER_URL"):
            restore(original, database, tmp_path / "files", url=url_of(database, "DATABASE_URL"))
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "one").touch()
        with pytest.raises(Trouble, match="attached files of another register"):
            restore(original, database, tmp_path / "files")
        assert is_empty(database) and (tmp_path / "files" / "one").exists()


def test_it_is_verified_and_the_temporary_database_is_dropped(original):
    assert verify(original).rows > 50
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        query = "SELECT count(*) FROM pg_database WHERE datname LIKE 'riskhub_verify_%'"
        assert owner.execute(query).fetchone() == (0,)


def test_without_the_right_to_create_databases_it_is_verified_in_a_server_of_its_own(original):
    assert verify(original, url=os.environ["DATABASE_URL"]).rows > 50
    nowhere = make_conninfo(os.environ["DATABASE_OWNER_URL"], port=1)
    with pytest.raises(Trouble, match="cannot be used"):
        tools.connect(nowhere)


def test_dump_and_digests_agree_while_rows_are_written(register, tmp_path):
    """Writers insert, change and delete during the whole backup. One snapshot sees one moment of it."""
    ended, count = threading.Event(), [0]

    def write():
        with psycopg.connect(url_of(register), autocommit=True) as connection:
            while not ended.is_set():
                count[0] += 1
                name = f"load-{count[0]}"
                connection.execute(
                    "INSERT INTO people_setuplink (secret_hash, made_at) VALUES (%s, now())", [name]
                )
                connection.execute(
                    "UPDATE people_setuplink SET used_at = now() WHERE secret_hash = %s", [name]
                )
                if count[0] % 3 == 0:
                    connection.execute("DELETE FROM people_setuplink WHERE secret_hash = %s", [name])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while count[0] < 20:
            time.sleep(0.01)
        begun = count[0]
        folder = back_up(register, tmp_path)
        assert count[0] > begun + 20
    finally:
        ended.set()
        writer.join()
    assert manifest.read(folder).tables["people_setuplink"].rows > 10
    verify(folder)
    assert tables_of(register) != manifest.read(folder).tables


def test_what_the_storage_lacks_is_said_and_does_not_stop_the_backup(register, tmp_path, capsys):
    stored = tmp_path / "files"
    said = []
    folder = writing.write(
        tmp_path / "b", url=url_of(register), storage=stored, command="a test", say=said.append
    )
    assert manifest.read(folder).files == 0 and manifest.read(folder).files_missing == 1
    assert any(line.startswith("WARNING: 1 attached files are missing") for line in said)
    verify(folder)


def test_files_in_a_bucket_are_not_in_it_and_that_is_said(register, tmp_path):
    said = []
    folder = writing.write(tmp_path, url=url_of(register), storage=None, command="a test", say=said.append)
    assert manifest.read(folder).files is None and not (folder / "files.tar").exists()
    assert any("bucket needs a backup of its own" in line for line in said)
    assert any("SECRET_KEY" in line for line in said)
    with empty_database() as database:
        restore(folder, database, None)


def blocked_backup(register, folder):
    """Start a backup in a process of its own, and return it when its dump waits for a lock that we hold."""
    command = [sys.executable, "manage.py", "backup", str(folder)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=backups.environment(register), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    end = time.monotonic() + 60
    while not list(folder.glob(".partial-*/database.dump")):
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.05)
    return process


@pytest.fixture
def lock(register):
    """Hold a lock for which pg_dump waits."""
    with psycopg.connect(url_of(register)) as connection:
        connection.execute("LOCK TABLE talk_file IN ACCESS EXCLUSIVE MODE")
        yield connection
        connection.rollback()


def test_a_killed_backup_is_no_backup_and_the_next_one_removes_it(register, lock, tmp_path):
    process = blocked_backup(register, tmp_path)
    process.kill()
    process.communicate()
    (left,) = tmp_path.iterdir()
    lock.rollback()
    with pytest.raises(Trouble, match="no complete backup"):
        verify(left)
    folder = back_up(register, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_stopped_backup_leaves_nothing_and_two_at_once_are_refused(register, lock, tmp_path):
    process = blocked_backup(register, tmp_path)
    with pytest.raises(Trouble, match="Another backup is being written"):
        back_up(register, tmp_path)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143 and list(tmp_path.iterdir()) == []


def test_an_older_pg_dump_is_refused_with_the_fix(monkeypatch, register, tmp_path):
    monkeypatch.setattr(tools, "found", lambda: [Tools(tmp_path, "13.4")])
    with pytest.raises(Trouble, match=r"must not be older than the server.*13\.4.*Fix: install.*PATH"):
        back_up(register, tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tools, "found", lambda: [Tools(tmp_path, "17.1"), Tools(tmp_path, "18.6")])
    assert tools.for_server(15).version == "17.1" and tools.for_dump(18).version == "18.6"


def test_an_old_server_gets_the_dump_as_a_script(original, copy):
    """pg_restore sets a value that servers before PostgreSQL 17 do not have."""
    dump, found = str(original / "database.dump"), manifest.read(original)
    with empty_database() as database, tools.connect(url_of(database)) as connection:
        checking._load_by_psql(tools.found()[-1], dump, url_of(database))
        checking.compare(connection, found)
    spoil_rows(copy / "database.dump")
    with empty_database() as database:
        with pytest.raises(Trouble):
            checking._load_by_psql(tools.found()[-1], str(copy / "database.dump"), url_of(database))
        assert is_empty(database)


def test_a_database_without_a_register_is_refused(tmp_path):
    with empty_database() as database, pytest.raises(Trouble, match=r"no register.*Fix"):
        back_up(database, tmp_path)


def test_the_seal_is_over_every_value(copy):
    values = json.loads((copy / "manifest.json").read_text())
    seal = values.pop("seal")
    assert seal == hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
