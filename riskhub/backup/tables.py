"""The tables of a database, their digests, and their removal."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psycopg
from psycopg import sql

from riskhub.backup.manifest import Table

# Sessions are secrets: who has one is signed in. The switch of sending is left out, so that a restored
# register sends nothing until a person starts it (notices.models.SendingSwitch).
LEFT_OUT = ("django_session", "usersessions_usersession", "notices_sendingswitch")

_OWN = "NOT EXISTS (SELECT FROM pg_depend WHERE objid = {}.oid AND deptype = 'e')"
_TABLES = f"""
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND {_OWN.format("pg_class")} ORDER BY relname
"""  # noqa: S608 - a constant
_ANYTHING = f"""
SELECT relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
   AND {_OWN.format("pg_class")} ORDER BY relname LIMIT 1
"""  # noqa: S608 - a constant
# The text of a row must not depend on settings of the server.
_FORMS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "search_path": "public",
}
# It does not depend on the order of the rows, so nothing is sorted, and it needs no memory. The hash is that
# of hash partitions, which is the same in all versions of PostgreSQL.
_DIGEST = "SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM ONLY {} AS r"


def names(connection: psycopg.Connection) -> list[str]:
    """Return the tables of the register, by name."""
    return [row[0] for row in connection.execute(_TABLES)]


def digests(
    connection: psycopg.Connection,
    wanted: Iterable[str],
    *,
    after_each: Callable[[], None] = lambda: None,
) -> dict[str, Table]:
    """Return the number of rows and the digest of each table, in the transaction of the connection.

    after_each: called after each table.
    """
    for name, value in _FORMS.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    found = {}
    for name in wanted:
        row = connection.execute(sql.SQL(_DIGEST).format(sql.Identifier(name))).fetchone()
        assert row is not None
        found[name] = Table(row[0], str(row[1]))
        after_each()
    return found


def difference(wanted: dict[str, Table], found: dict[str, Table]) -> str:
    """Return the first difference between two sets of tables as a sentence; "" if they are equal."""
    for name in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(name), found.get(name)
        if before is None or after is None:
            return f"the table {name} is only in the {'backup' if after is None else 'database'}"
        if before.rows != after.rows:
            return f"{name} has {after.rows:,} rows instead of {before.rows:,}"
        if before.digest != after.digest:
            return f"the rows of {name} differ"
    return ""


def first_object(connection: psycopg.Connection) -> str:
    """Return the name of a table, view or sequence in the database; "" if it is empty."""
    row = connection.execute(_ANYTHING).fetchone()
    return row[0] if row else ""


def remove_all(connection: psycopg.Connection) -> None:
    """Remove all tables, sequences and functions of the register, in the transaction of the connection."""
    kinds = (
        ("TABLE", "SELECT oid::regclass::text FROM pg_class AS o WHERE relkind IN ('r', 'p')"),
        ("SEQUENCE", "SELECT oid::regclass::text FROM pg_class AS o WHERE relkind = 'S'"),
        ("ROUTINE", "SELECT oid::regprocedure::text FROM pg_proc AS o WHERE true"),
    )
    for kind, query in kinds:
        column = "pronamespace" if kind == "ROUTINE" else "relnamespace"
        statement = f"{query} AND {column} = 'public'::regnamespace AND {_OWN.format('o')}"
        rows = connection.execute(statement)  # type: ignore[arg-type]  # constants of this function
        for (name,) in rows.fetchall():
            connection.execute(f"DROP {kind} IF EXISTS {name} CASCADE")  # type: ignore[arg-type]  # quoted by regclass
