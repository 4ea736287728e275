"""The database rights of the application role. On history it has only INSERT and SELECT.

A trigger refuses everything else as well (migration 0002). But the owner of a table can switch a trigger off,
so the application role owns no table.
"""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

APPEND_ONLY = ("history_event",)


def after_migrate(*, using: str, **_: Any) -> None:
    """Grant the rights of the application role after each migration that the owner runs."""
    connection = connections[using]
    role = settings.APPLICATION_ROLE
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        current, is_there = cursor.fetchone()
        if current == role or not is_there:
            return  # one role for everything: only the trigger protects history, and the health page says so
        cursor.execute(_grants(role).as_string(connection.connection))


def _grants(role: str) -> sql.Composed:
    name = sql.Identifier(role)
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(name),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
    ]
    for table in APPEND_ONLY:
        statements.append(
            sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {} FROM {}").format(
                sql.Identifier(table), name
            )
        )
    return sql.SQL(";\n").join(statements)


def is_guarded_by_role() -> bool:
    """Return True if the current role lacks the rights to change history.

    False: only the trigger protects it.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('history_event', 'UPDATE')"
            " OR has_table_privilege('history_event', 'DELETE')"
            " OR has_table_privilege('history_event', 'TRUNCATE')"
            " OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'history_event'::regclass), 'MEMBER')"
        )
        return not cursor.fetchone()[0]
