"""The two roles and the database of Riskhub in an embedded PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

SUPERUSER, OWNER, APPLICATION, DATABASE = "postgres", "riskhub_owner", "riskhub_app", "riskhub"
ABILITIES = {OWNER: "LOGIN CREATEDB", APPLICATION: "LOGIN"}


def settle(server: str, passwords: Mapping[str, str]) -> None:
    """Create the missing roles and the database. server: the URL of the superuser. Repeatable."""
    with psycopg.connect(server, autocommit=True, connect_timeout=10) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ABILITIES.keys() - known:
            _make_role(connection, role, passwords[role])
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return
        # The owner must be able to end the application's sessions, so that test databases can be dropped.
        connection.execute(_named("GRANT {} TO {}", APPLICATION, OWNER))
        connection.execute(_named("CREATE DATABASE {} OWNER {} TEMPLATE template0", DATABASE, OWNER))
        connection.execute(_named("REVOKE ALL ON DATABASE {} FROM PUBLIC", DATABASE))
        connection.execute(_named("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}", DATABASE, APPLICATION))


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    # The password is hashed here, because a statement may appear in the server's log.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("CREATE ROLE {} " + ABILITIES[role] + " PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(hashed)))


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))  # type: ignore[arg-type]  # constants of this module
