"""What is wrong with the database, by the code of its error: for the log, pages, the API and `doctor`."""

from typing import TypeGuard

from django.db import Error, InterfaceError, InternalError, OperationalError

# SQLSTATE -> (what is wrong, the fix).
_KNOWN = {
    "25006": (
        "The database is read-only",
        "Name the primary server in DATABASE_URL, or end the read-only mode of the server.",
    ),
    "53100": ("The disk of the database is full", "Free some space on the disk of PostgreSQL."),
    "53200": ("The database server is out of memory", "Give PostgreSQL more memory, or fewer connections."),
    "53300": (
        "The database accepts no more connections",
        "Raise max_connections, start fewer processes, or use PgBouncer.",
    ),
    "57P03": ("The database is starting", "Wait a moment."),
}


def is_unavailable(error: object) -> TypeGuard[Error]:
    """Return True if the database cannot do its work now, and a later request may succeed."""
    if isinstance(error, InternalError):
        return code_of(error) in _KNOWN
    return isinstance(error, OperationalError | InterfaceError)


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE of a database error of Django; "" without one, as for a lost connection."""
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def described(error: Error) -> tuple[str, str]:
    """Return what is wrong, and the fix."""
    first = str(error).strip().splitlines()[:1] or ["no reason was given"]
    otherwise = (f"The database does not answer: {first[0]}", "Start PostgreSQL, or correct DATABASE_URL.")
    return _KNOWN.get(code_of(error), otherwise)
