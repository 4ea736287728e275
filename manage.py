#!/usr/bin/env python
"""Django's command line for Riskhub."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskhub.settings")
    if sys.argv[1:2] == ["up"]:
        # Run before Django reads its settings, so that a wrong URL gives one clear line and no traceback.
        from riskhub.engine.supervisor import main as up

        sys.exit(up())
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        fix = _fix_for(error)
        if fix is None or "--traceback" in sys.argv:
            raise
        sys.exit(f"CommandError: {fix}")


def _fix_for(error: Exception) -> str | None:
    """Return one line with the fix if the database is not available or not migrated, else None."""
    from django.db import OperationalError

    code = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, OperationalError) and code is None:
        why = str(error).strip().splitlines()[0]
        return f"The database does not answer ({why}). Start it with make run, or set DATABASE_URL."
    if code == "42P01":  # undefined_table
        return "The database has not all tables yet. Start make run once, or run manage.py migrate."
    if code == "42703":  # undefined_column
        return "The database is of an older version. Start make run once, or run manage.py migrate."
    return None


if __name__ == "__main__":
    main()
