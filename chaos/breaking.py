"""Removes one mechanism, so that a row must fail. This shows that the tests can fail."""

from django.db import connections

BREAKS = {
    "claim": "a worker settles and sends without checking that its claim is still valid",
    "unique": "messages have no unique key",
}


def in_worker(name: str) -> None:
    """Remove a mechanism in the workers. The pool calls it before it forks."""
    if name == "claim":
        from history import claims

        claims.while_claimed = lambda row: type(row)._base_manager.filter(pk=row.pk)


def in_database(name: str) -> None:
    """Remove a mechanism in the database. Call it once, as the owner, on the row's own database."""
    if name == "unique":
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = 'notices_message'::regclass AND contype = 'u'"
            )
            for (constraint,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE notices_message DROP CONSTRAINT "{constraint}"')
