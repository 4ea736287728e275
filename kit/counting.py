"""How many rows a list has, counted no further than a reader cares."""

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL

CAP = 1000


def number_of(rows: QuerySet) -> RawSQL:
    """The number of `rows`, at most one beyond CAP, as an expression that a query can carry along.

    Raises EmptyResultSet where the ORM knows that there are none.
    """
    sql, parameters = rows.order_by().values_list("pk")[: CAP + 1].query.sql_with_params()
    counted = f"(SELECT count(*) FROM ({sql}) AS capped)"  # noqa: S608 - the ORM wrote it
    return RawSQL(counted, parameters, IntegerField())  # noqa: S611


def capped_count(rows: QuerySet) -> tuple[int, bool]:
    """How many rows, counting no further than CAP; the flag says whether there are more. One query."""
    try:
        number = number_of(rows)
    except EmptyResultSet:
        return 0, False
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"SELECT {number.sql}", number.params)
        return capped(cursor.fetchone()[0])


def capped(number: int) -> tuple[int, bool]:
    return min(number, CAP), number > CAP
