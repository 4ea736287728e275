"""`migrate`: the command of Django, as the owner of the tables. It refuses a database of a newer Riskhub."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import ProgrammingError, connections
from django.db.migrations.recorder import MigrationRecorder

from kit import database_trouble
from riskhub import releases

_NO_RIGHT = "42501"  # SQLSTATE


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        alias = options["database"]
        is_new = not MigrationRecorder(connections[alias]).has_table()
        if not is_new and (names := releases.unknown_migrations(alias)):
            raise CommandError(f"{releases.newer(names)} Fix: {releases.FIX}")
        try:
            super().handle(*args, **options)
        except ProgrammingError as error:
            if database_trouble.code_of(error) != _NO_RIGHT:
                raise
            role = connections[alias].settings_dict["USER"]
            fix = "Fix: set DATABASE_OWNER_URL to the URL of their owner."
            raise CommandError(f"The role {role} may not change the tables. {fix}") from None
