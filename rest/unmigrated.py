"""Whether a database error says that the migrations of this version did not run."""

from django.db import ProgrammingError

from kit import database_trouble

_MISSING = ("42P01", "42703")  # SQLSTATE: a table or a column does not exist
FIX = "Run manage.py migrate."


def is_unmigrated(error: object) -> bool:
    """Return True if a table or a column is missing."""
    return isinstance(error, ProgrammingError) and database_trouble.code_of(error) in _MISSING
