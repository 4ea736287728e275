"""`manage.py restore FOLDER`: restore a backup into an empty database, which then sends nothing."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from history import chain
from kit import bell, clock
from kit.actor import SYSTEM
from notices.operations import sending
from people import queries as people
from riskhub import releases
from riskhub.backup import configured, restoring
from riskhub.backup.manifest import Manifest
from riskhub.engine.errors import Trouble


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database: the tables, the attached files, the rights. The register"
        " then sends nothing until an administrator starts sending."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="the folder that `backup` wrote")

    def handle(self, *args: Any, backup: Path, **options: Any) -> None:
        folder = backup.expanduser().absolute()
        try:
            _refuse_two_databases()
            with configured.ends_in_order():
                found = restoring.restore(
                    folder,
                    url=configured.owner_url(),
                    storage=configured.folder_of_files(),
                    known=releases.known_migrations(),
                    finish=_finish,
                    say=self.stdout.write,
                )
        except Trouble as trouble:
            raise CommandError(str(trouble)) from None
        self._say(found)
        verdict = chain.verify()
        if verdict.broken_at is not None:
            raise CommandError(
                f"The register is restored as it was, and the chain of its history was broken at link"
                f" {verdict.broken_at} already. Fix: find out who changed it, or restore an older backup."
            )
        self.stdout.write(f"History: {verdict.length} links, intact.")

    def _say(self, found: Manifest) -> None:
        self.stdout.write(f"Restored: {found.rows:,} rows in {len(found.tables)} tables, as in the backup.")
        if configured.folder_of_files() is None or found.files is None:
            self.stdout.write("Attached files are not in it: restore the bucket, or copy them, yourself.")
        else:
            self.stdout.write(f"Attached files: {found.files:,}.")
        self.stdout.write(
            "Nothing is sent until an administrator presses “Start sending” on any page, or"
            " `manage.py release_sending` does it."
        )
        self.stdout.write(
            "SECRET_KEY is not in the backup. With another key, links in sent mails and secrets of webhooks"
            " stop working."
        )


def _refuse_two_databases() -> None:
    """Raise Trouble if the application and the owner use different databases: one would be restored only."""
    names = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
    if names["default"] != names["owner"]:
        raise Trouble(
            f"DATABASE_URL names the database {names['default']}, and DATABASE_OWNER_URL {names['owner']}."
            " Fix: name the same one in both."
        )


def _finish(found: Manifest) -> None:
    """Migrate to this version, which grants the rights, and hold all sending."""
    try:
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        with bell.silenced():  # no worker runs, and the broker may be that of another instance
            sending.hold(backup_at=found.at, by=SYSTEM, at=clock.now() + people.time_ahead())
    except DatabaseError as error:
        said = str(error).strip().splitlines()[0]
        raise Trouble(
            f"The restored register could not be brought up to date: {said}. Fix: see above."
        ) from None
    finally:
        connections["owner"].close()
