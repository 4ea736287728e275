"""Takes one mechanism away, so that a row must turn red: a standard that cannot fail proves nothing."""

from django.db import connections

BREAKS = {
    "claim": "a worker settles and sends without asking whether its claim still holds",
    "unique": "messages have no unique key",
}


def in_worker(name: str) -> None:
    """To be called in the nursery, before it forks."""
    if name == "claim":
        from history import claims

        claims.held = lambda row: type(row)._base_manager.filter(pk=row.pk)


def in_database(name: str) -> None:
    """To be called once, on the row's own database, as the owner."""
    if name == "unique":
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'notices_message'::regclass AND contype = 'u'"
            )
            for (constraint,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE notices_message DROP CONSTRAINT "{constraint}"')
