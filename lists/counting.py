"""The number of rows of a list, counted up to a limit, because counting many rows is slow."""

from collections.abc import Mapping

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL

CAP = 1000


def number_of(rows: QuerySet) -> RawSQL:
    """Return the number of `rows` as an expression for annotate(): at most CAP + 1.

    Raises EmptyResultSet if the ORM knows that there are no rows.
    """
    sql, parameters = rows.order_by().values_list("pk")[: CAP + 1].query.sql_with_params()
    counted = f"(SELECT count(*) FROM ({sql}) AS capped)"  # noqa: S608 - the ORM wrote it
    return RawSQL(counted, parameters, IntegerField())  # noqa: S611


def capped_count(rows: QuerySet) -> tuple[int, bool]:
    """Return the number of rows, at most CAP, and whether there are more. Costs one query."""
    try:
        number = number_of(rows)
    except EmptyResultSet:
        return 0, False
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"SELECT {number.sql}", number.params)
        return capped(cursor.fetchone()[0])


def capped_counts(rows: Mapping[str, QuerySet]) -> dict[str, tuple[int, bool]]:
    """Return capped_count() of several querysets of one database. Costs one query."""
    numbers: dict[str, RawSQL] = {}
    for name, of in rows.items():
        try:
            numbers[name] = number_of(of)
        except EmptyResultSet:
            continue
    found = dict.fromkeys(rows, 0)
    if numbers:
        with connections[next(iter(rows.values())).db].cursor() as cursor:
            parameters = [value for number in numbers.values() for value in number.params]
            cursor.execute("SELECT " + ", ".join(number.sql for number in numbers.values()), parameters)
            found |= dict(zip(numbers, cursor.fetchone(), strict=True))
    return {name: capped(number) for name, number in found.items()}


def capped(number: int) -> tuple[int, bool]:
    """Return a number of number_of(), at most CAP, and whether there are more rows."""
    return min(number, CAP), number > CAP
