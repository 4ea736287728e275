"""The two clocks: the process's for what people see, the database's for leases and claims."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The present moment, aware, UTC. Views and tasks pass it on as `at`; operations never ask."""
    return timezone.now()


def database_now() -> datetime:
    """The database's clock: one for all workers, so a lease means the same everywhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
