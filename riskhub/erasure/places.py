"""The places of the database that can name a person: every column with texts, read from the catalogue."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from riskhub.erasure.terms import Terms

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
    (SELECT array_agg(k.attname ORDER BY k.attnum) FROM pg_index AS i
     JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = ANY(i.indkey)
     WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND format_type(a.atttypid, NULL) IN
    ('text', 'character varying', 'character', 'citext', 'json', 'jsonb', 'text[]', 'character varying[]',
     'jsonb[]', 'bytea')
ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One column. type: as PostgreSQL names it. keys: the columns of the primary key."""

    table: str
    column: str
    type: str
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Found:
    """One row that names the person. key: its primary key. value: of the column."""

    place: Place
    key: tuple[Any, ...]
    value: Any


def places() -> list[Place]:
    """Return all columns with texts, JSON, lists of texts or bytes."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        return [Place(table, name, kind, tuple(keys or ())) for table, name, kind, keys in cursor.fetchall()]


def found_in(place: Place, terms: Terms) -> Iterator[Found]:
    """Yield the rows whose column names the person. One reading of the table."""
    column = sql.Identifier(place.column)
    if place.type == "bytea":
        # Texts in bytes are found as they are written; bytes have no lower case.
        test = sql.SQL("position(convert_to(%s, 'UTF8') IN {}) > 0").format(column)
        spellings = tuple(dict.fromkeys((terms.name, terms.email, terms.handle, *terms.also)))
    else:
        test = sql.SQL("position(%s IN lower({}::text)) > 0").format(column)
        spellings = terms.spellings
    statement = sql.SQL("SELECT {keys}, {column} FROM {table} WHERE {tests}").format(
        keys=sql.SQL(", ").join(map(sql.Identifier, place.keys)),
        column=column,
        table=sql.Identifier(place.table),
        tests=sql.SQL(" OR ").join([test] * len(spellings)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection), list(spellings))
        rows = cursor.fetchall()
    for *key, value in rows:
        read = _read(place, value)
        if terms.are_in(read):
            yield Found(place, tuple(key), read)


def _read(place: Place, value: Any) -> Any:
    """Return a value of a column as Python has it. Django reads JSON as text in plain statements."""
    return json.loads(value) if place.type in {"json", "jsonb"} and isinstance(value, str) else value


def store(found: Found, new: Any) -> None:
    """Store another value in the column of one row."""
    statement = sql.SQL("UPDATE {} SET {} = %s WHERE ({}) = ({})").format(
        sql.Identifier(found.place.table),
        sql.Identifier(found.place.column),
        sql.SQL(", ").join(map(sql.Identifier, found.place.keys)),
        sql.SQL(", ").join([sql.Placeholder()] * len(found.key)),
    )
    with connection.cursor() as cursor:
        given: Any = Jsonb(new) if found.place.type in {"json", "jsonb"} else new
        cursor.execute(statement.as_string(cursor.connection), [given, *found.key])
