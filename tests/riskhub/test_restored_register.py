"""The commands, in processes of their own, and a restored register: it sends nothing until it is started."""

import shutil
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections

from history import chain, guard
from history.models import Due, Event
from notices.models import Message
from notices.operations import delivery, message
from notices.queries import sending
from people.models import User
from riskhub import schedule
from riskhub.backup import manifest
from tests.factories import notices
from tests.moments import AT
from tests.riskhub import backups
from tests.riskhub.backups import FILE, empty_database, is_empty

WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def register(prepared):
    prepared("backup", AT, backups.fill)
    return connections["default"].settings_dict["NAME"]


@pytest.fixture(scope="module")
def backup(register, tmp_path_factory):
    """The folder that the command wrote."""
    folder = tmp_path_factory.mktemp("backups")
    done = backups.run("backup", str(folder), database=register)
    assert done.returncode == 0, done.stderr
    (written,) = folder.iterdir()
    assert str(written) in done.stdout and "SECRET_KEY" in done.stdout
    return written


@pytest.fixture(scope="module")
def restored_once(backup, tmp_path_factory):
    """The database that the command restored into, its output, and its RISKHUB_HOME."""
    home = tmp_path_factory.mktemp("restored")
    with empty_database() as database:
        done = backups.run("restore", str(backup), database=database, home=home)
        assert done.returncode == 0, done.stderr
        yield database, done.stdout, home


@pytest.fixture
def restored(restored_once, django_db_blocker):
    """Connect this process to a clone of the restored register. Returns the output and RISKHUB_HOME."""
    database, said, home = restored_once
    with backups.connected(django_db_blocker, template=database):
        yield said, home


def test_the_restored_register_is_whole(restored, backup):
    said, home = restored
    assert "Nothing is sent until an administrator presses" in said and "SECRET_KEY" in said
    assert "intact" in said
    (stored,) = [path for path in (home / "files").rglob("*") if path.is_file()]
    assert stored.read_bytes() == FILE and stored.stat().st_mode & 0o077 == 0
    assert guard.is_guarded_by_role() and chain.verify().broken_at is None
    assert not [one for one in backup.parent.iterdir() if one != backup]


def test_nothing_is_sent_after_a_restore_until_a_person_starts_it(restored, backup, settings):
    event = Event.objects.order_by("pk").last()
    assert (
        event.verb == "notices.sending_held" and event.data["backup"] == manifest.read(backup).at.isoformat()
    )
    later = AT + WEEK
    dues = list(Due.objects.filter(at__lte=later, state="pending").values_list("pk", flat=True))
    with notices.mail_server(settings) as sink:
        schedule.tick(later)
        message.send_due(at=later)
        delivery.send_due(at=later)
        assert sink.accepted == []
        assert dues and set(Due.objects.filter(pk__in=dues).values_list("state", flat=True)) == {"pending"}
        assert Message.objects.filter(state="pending").exists()

        call_command("release_sending", older="send")
        schedule.tick(later)
        assert sink.accepted
    assert set(Due.objects.filter(pk__in=dues).values_list("state", flat=True)) == {"done"}


def test_the_banner_says_from_when_the_backup_is(restored, backup, client):
    client.force_login(User.objects.get(email="ada@example.org"))
    page = client.get("/").content.decode()
    at = manifest.read(backup).at
    assert f"restored from the backup of {at.day} {at:%b %Y, %H:%M}" in page and "Start sending" in page
    assert client.post("/notices/sending/start/", {"older": "drop"}).status_code == 303
    assert not sending.is_held()


def test_a_restore_that_was_killed_before_its_end_sends_nothing(
    backup, django_db_blocker, settings, tmp_path
):
    """The row that lets a register send is not in the backup, so no moment of a restore can send."""
    with empty_database() as database:
        backups.restore(backup, database, tmp_path / "files")  # without the last step
        done = backups.run("migrate", "--database", "owner", "--no-input", database=database)
        assert done.returncode == 0, done.stderr
        with backups.connected(django_db_blocker, template=database):
            with notices.mail_server(settings) as sink:
                schedule.tick(AT + WEEK)
            assert sending.is_held() and sink.accepted == []
            assert sending.held(AT).since is None


def test_the_commands_refuse_in_one_line(backup, tmp_path):
    copy = shutil.copytree(backup, tmp_path / "copy")
    (copy / "files.tar").write_bytes(b"")
    with empty_database() as database:
        for command in ("restore", "verify_backup"):
            done = backups.run(command, str(copy), database=database, home=tmp_path / "home")
            assert done.returncode == 1 and done.stdout == ""
            (line,) = done.stderr.strip().splitlines()
            assert "files.tar is truncated" in line and "Fix: " in line
        assert is_empty(database) and not (tmp_path / "home" / "files").exists()


def test_the_command_verifies(backup, register):
    done = backups.run("verify_backup", str(backup), database=register)
    assert done.returncode == 0 and "Intact: " in done.stdout, done.stderr
