"""`manage.py verify_backup FOLDER`: restore a backup into a temporary database and compare it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from riskhub import releases
from riskhub.backup import checking, configured
from riskhub.engine.errors import Trouble


class Command(BaseCommand):
    help = (
        "Check a backup: its parts against the manifest, then every table after a restore into a temporary"
        " database, which is dropped. It does not touch the register."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="the folder that `backup` wrote")

    def handle(self, *args: Any, backup: Path, **options: Any) -> None:
        folder = backup.expanduser().absolute()
        try:
            with configured.ends_in_order():
                found = checking.verify(
                    folder,
                    known=releases.known_migrations(),
                    url=configured.owner_url(),
                    say=self.stdout.write,
                )
        except Trouble as trouble:
            raise CommandError(str(trouble)) from None
        attached = "" if found.files is None else f", {found.files:,} attached files"
        self.stdout.write(f"Intact: {found.rows:,} rows in {len(found.tables)} tables{attached}.")
        if found.files_missing:
            self.stdout.write(f"It lacks {found.files_missing:,} attached files that its register names.")
