"""The two clocks: the clock of the process for what people see, the clock of the database for leases."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """Return the present moment, aware, in UTC. Views and tasks pass it as `at`; operations do not."""
    return timezone.now()


def database_now() -> datetime:
    """Return the time of the database. All workers share this clock, so a lease ends for all at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
