"""`manage.py doctor`: each thing that can be wrong is told in one line with its fix."""

import socket
from collections import namedtuple
from datetime import timedelta
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.db.models.functions import Now
from psycopg.errors import InsufficientPrivilege

from history import heartbeats
from history.models import Due, Handover, Heartbeat
from riskhub import celery_heartbeats as parts
from riskhub import doctor, releases
from riskhub.management.commands import migrate
from riskhub.pipeline import Level
from tests.factories import notices, people

pytestmark = pytest.mark.django_db


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args) -> None:
        """Say nothing of requests."""


@pytest.fixture
def web():
    """A web server that answers everything. Yields its address."""

    def app(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def well(settings, tmp_path, web, monkeypatch):
    """An installation in which all processes live."""
    people.organisation()
    settings.HOME = tmp_path
    settings.BASE_URL = web
    # The tests have a clock of their own, and the database has the real one.
    monkeypatch.setattr(doctor, "_CLOCK_APART", float("inf"))
    Handover.objects.all().delete()
    Due.objects.all().delete()
    for name in (parts.BEAT, parts.WORKER, parts.TICK, parts.AUDITOR):
        heartbeats.note(name)


def run(capsys) -> tuple[int, list[str]]:
    """Return the exit code and the lines of the command."""
    code = 0
    try:
        call_command("doctor")
    except SystemExit as stopped:
        code = int(stopped.code)
    return code, capsys.readouterr().out.splitlines()


def test_an_installation_that_works_is_told_in_one_line_a_check(well, capsys):
    code, lines = run(capsys)

    assert code == 0
    assert not any(line.startswith("WRONG") for line in lines)
    assert {line[9:].partition(":")[0] for line in lines} == {
        *("Writes", "Database", "Broker", "Mail", "Address", "Disk", "Backup"),
        *("Migrations", "Roles", "Clock", "Processes"),
    }
    for line in lines:
        assert (" Fix: " in line) == line.startswith("warning")


def test_what_is_wrong_ends_with_1_and_its_fix(well, capsys):
    parts.heartbeats.Heartbeat.objects.filter(name=parts.WORKER).delete()

    code, lines = run(capsys)

    assert code == 1
    assert "WRONG    Worker: never seen. Fix: Start a worker, and check that Valkey answers it." in lines


def test_a_database_that_does_not_answer(well, capsys, monkeypatch):
    def refuse(*args, **options):
        raise OperationalError("connection refused\nmore")

    monkeypatch.setattr(connection, "cursor", refuse)

    code, lines = run(capsys)

    assert code == 1
    assert lines[0] == (
        "WRONG    Database: does not answer: connection refused."
        " Fix: Start PostgreSQL, or correct DATABASE_URL."
    )
    assert not any("Migrations" in line for line in lines)


def test_a_database_that_is_too_old(well, monkeypatch):
    monkeypatch.setattr(doctor.outside, "OLDEST_POSTGRES", 99)

    found = doctor.check_database()

    assert (found.level, found.fix) == (Level.RED, "Use PostgreSQL 99 or newer.")


def test_a_broker_that_is_not_there(well, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://:secret@127.0.0.1:{free.getsockname()[1]}/0"

    found = doctor.check_broker()

    assert found.level == Level.RED
    assert "secret" not in found.text
    assert found.fix.startswith("Start the server")


def test_a_mail_server_that_is_there_and_one_that_is_not(well, settings):
    assert doctor.check_mail().level == Level.WARNING
    with notices.mail_server(settings):
        assert doctor.check_mail().level == Level.OK

    settings.IS_MAIL_KEPT = False
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = free.getsockname()[1]
    found = doctor.check_mail()
    assert (found.level, found.fix) == (Level.RED, "Start the mail server, or correct EMAIL_URL.")


def test_an_address_on_this_machine_only_and_one_that_does_not_answer(well, settings):
    assert doctor.check_address().level == Level.WARNING

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.BASE_URL = f"http://127.0.0.1:{free.getsockname()[1]}"
    found = doctor.check_address()
    assert (found.level, "does not answer" in found.text) == (Level.RED, True)


def test_clocks_that_are_two_hours_apart(well, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
    monkeypatch.setattr(doctor, "_CLOCK_APART", 60.0)
    monkeypatch.setattr(doctor.clock, "now", lambda: there)
    assert doctor.check_clock().level == Level.OK

    monkeypatch.setattr(doctor.clock, "now", lambda: there + timedelta(hours=2))
    found = doctor.check_clock()
    assert (found.level, found.fix) == (Level.RED, "Set both clocks by NTP.")


def test_a_disk_that_is_full_and_a_folder_that_is_missing(well, settings, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(10**12, 10**12 - 10**8, 10**8))
    assert doctor.check_disk().level == Level.RED
    monkeypatch.undo()

    settings.HOME = tmp_path / "missing"
    assert doctor.check_disk().fix == "Create the folder, or correct RISKHUB_HOME."


def _backup():
    return doctor.check_pipeline()[0]


def test_the_age_of_the_last_backup(well, settings):
    found = _backup()
    assert (found.check, found.level, found.text) == ("Backup", Level.WARNING, "no backup was made")

    heartbeats.note(parts.BACKUP)
    assert _backup().level == Level.OK

    Heartbeat.objects.filter(name=parts.BACKUP).update(at=Now() - timedelta(hours=27))
    found = _backup()
    assert (found.level, found.text) == (Level.WARNING, "the last was made 27 h ago")

    settings.BACKUP_HOURS = 0.0
    assert _backup().level == Level.OK


@pytest.fixture
def older_code(monkeypatch):
    """The code lacks a migration that the database has, as after a downgrade."""
    known = releases.known_migrations()
    monkeypatch.setattr(releases, "known_migrations", lambda: known - {("people", "0006_handle")})


def test_a_downgrade_is_told(well, older_code, capsys):
    code, lines = run(capsys)

    assert code == 1
    assert (
        "WRONG    Migrations: The database was migrated by a newer version of Riskhub. This version does not"
        f" know the migration people.0006_handle. Fix: {releases.FIX}"
    ) in lines


@pytest.mark.django_db(databases=["default", "owner"])
def test_migrate_refuses_a_database_of_a_newer_version(older_code):
    with pytest.raises(
        CommandError, match=r"newer version of Riskhub\. This version does not know the migration"
    ):
        call_command("migrate", database="owner", verbosity=0)


def test_migrate_is_for_the_owner_and_says_so_to_another_role(monkeypatch):
    def refused(*args, **options):
        raise ProgrammingError("permission denied") from InsufficientPrivilege("permission denied")

    monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", refused)
    monkeypatch.setattr("django.db.migrations.recorder.MigrationRecorder.has_table", lambda self: False)

    assert migrate.Command().create_parser("manage.py", "migrate").parse_args([]).database == "owner"
    with pytest.raises(CommandError, match=r"may not change the tables. Fix: set DATABASE_OWNER_URL"):
        call_command("migrate", verbosity=0)


def test_a_database_that_stores_no_rows_is_told_with_its_fix(well):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
        found = doctor.check_writes()
        transaction.set_rollback(True)

    assert (found.level, found.text) == (Level.RED, "The database is read-only")
    assert found.fix.startswith("Name the primary server in DATABASE_URL")
    assert doctor.check_writes().level == Level.OK
    assert not Heartbeat.objects.filter(name="doctor").exists()


def test_a_mail_server_that_greets_and_hangs_is_told_after_the_time_out(well, settings):
    settings.IS_MAIL_KEPT, settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = False, "127.0.0.1", 0.3
    with socket.create_server(("127.0.0.1", 0)) as server:  # the connection is accepted, and nothing follows
        settings.EMAIL_PORT = server.getsockname()[1]
        found = doctor.check_mail()

    assert (found.level, found.fix) == (Level.RED, "Start the mail server, or correct EMAIL_URL.")


def test_waiting_migrations(well, monkeypatch):
    monkeypatch.setattr(doctor.MigrationExecutor, "migration_plan", lambda self, targets: [1, 2])

    found = doctor.check_migrations()

    assert (found.level, found.text) == (Level.RED, "2 wait")


def test_one_role_for_everything(well, monkeypatch):
    assert doctor.check_roles().level == Level.OK
    monkeypatch.setattr(doctor.guard, "is_guarded_by_role", lambda: False)

    assert doctor.check_roles().level == Level.WARNING
