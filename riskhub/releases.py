"""Whether the database was migrated by a newer Riskhub than this one. There is no downgrade."""

from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations of this code, as app and name."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def unknown_migrations(alias: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the migrations of the database that this code does not have, such as people.0016_invitation.

    Only the rooms of Riskhub count: a library may remove migrations that it has squashed. One query; the
    database must have been migrated once.
    """
    rows = MigrationRecorder(connections[alias]).migration_qs
    applied = rows.filter(app__in=_rooms()).values_list("app", "name")
    return sorted(f"{app}.{name}" for app, name in set(applied) - known_migrations())


@cache
def _rooms() -> frozenset[str]:
    """Return the labels of the apps whose code is part of Riskhub."""
    return frozenset(
        config.label for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR
    )


def newer(names: list[str]) -> str:
    """Return the sentence that says what unknown_migrations() found."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return (
        "The database was migrated by a newer version of Riskhub. This version does not know the migration"
        f" {names[-1]}{more}."
    )


FIX = "Start the version that migrated it, or restore the backup from before the upgrade with this version."
