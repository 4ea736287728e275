"""`manage.py backup [FOLDER]`: write a backup of the register into a new folder."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from history import heartbeats
from riskhub import celery_heartbeats
from riskhub.backup import configured, writing
from riskhub.engine.errors import Trouble


class Command(BaseCommand):
    help = "Write a backup: the database, the attached files and a manifest. Riskhub may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, help="where the backup becomes a folder (RISKHUB_HOME/backups)"
        )

    def handle(self, *args: Any, folder: Path | None = None, **options: Any) -> None:
        try:
            with configured.ends_in_order():
                writing.write(
                    (folder or settings.HOME / "backups").expanduser().absolute(),
                    url=configured.owner_url(),
                    storage=configured.folder_of_files(),
                    command="manage.py backup",
                    say=self.stdout.write,
                )
            heartbeats.note(celery_heartbeats.BACKUP)
        except Trouble as trouble:
            raise CommandError(str(trouble)) from None
        except DatabaseError as error:
            self.stderr.write(f"The backup is complete, but Health does not know of it: {error}")
