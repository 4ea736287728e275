"""Write fields of many loaded rows with few statements."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of loaded rows of one model, as many rows in one statement as PostgreSQL takes.

    QuerySet.bulk_update() builds an expression for each row and field, which takes four times as long.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if {field.name, field.attname} & set(names)]
    size = connection.ops.bulk_batch_size([model._meta.pk, *fields], rows)
    for first in range(0, len(rows), size):
        _update_batch(model, rows[first : first + size], fields)


def _update_batch(
    model: type[models.Model], rows: Sequence[models.Model], fields: Sequence["models.Field[Any, Any]"]
) -> None:
    key, quote = model._meta.pk, connection.ops.quote_name
    columns = [quote(str(field.column)) for field in fields]
    row = ", ".join(f"%s::{field.db_type(connection)}" for field in fields)
    values = ", ".join([f"(%s::{key.rel_db_type(connection)}, {row})"] * len(rows))
    parameters = [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for row in rows
        for field in (key, *fields)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(model._meta.db_table)} AS old"  # noqa: S608 - names of tables and columns
            f" SET {', '.join(f'{column} = new.{column}' for column in columns)}"
            f" FROM (VALUES {values}) AS new (id, {', '.join(columns)})"
            f" WHERE old.{quote(str(key.column))} = new.id",
            parameters,
        )
