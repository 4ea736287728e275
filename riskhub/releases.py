"""Whether the database was migrated by a newer Riskhub than this one. There is no downgrade."""

from functools import cache

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of this code, as app and name."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def unknown_migrations(alias: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the migrations of the database that this code does not have, such as people.0016_invitation.

    Rows of apps that this code does not have at all count too: a newer version may have brought them. One
    query; the database must have been migrated once.
    """
    applied = MigrationRecorder(connections[alias]).migration_qs.values_list("app", "name")
    return sorted(f"{app}.{name}" for app, name in set(applied) - known_migrations())


def newer(names: list[str]) -> str:
    """Return the sentence that says what unknown_migrations() found."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"The database is of a newer Riskhub: this version does not know the migration {names[-1]}{more}."


FIX = "Start the version that migrated it, or restore the backup from before the upgrade with this version."
