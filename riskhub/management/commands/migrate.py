"""`migrate`: the command of Django, which refuses a database of a newer Riskhub."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from riskhub import releases


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        is_new = not MigrationRecorder(connections[alias]).has_table()
        if not is_new and (names := releases.unknown_migrations(alias)):
            raise CommandError(f"{releases.newer(names)} Fix: {releases.FIX}")
        super().handle(*args, **options)
