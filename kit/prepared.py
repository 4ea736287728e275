"""Querysets that are compiled to SQL once a process.

For the few statements that every request or every event needs: the ORM takes longer to compile such a
queryset than PostgreSQL takes to run it (ADR 0016).
"""

from collections.abc import Callable
from copy import copy
from typing import Any, Generic, TypeVar, cast

from django.db import connections
from django.db.models import Expression, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from kit.sight import Sight, Visitor, sight_of

Row = TypeVar("Row")


class Argument(Expression):
    """A value that each run of a Prepared gives, by its name, as PostgreSQL takes it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class Prepared(Generic[Row]):
    """A queryset of objects, or of values_list(), with Arguments in its filters.

    build: returns the queryset. It is called at the first run, when all models are loaded. A filter with a
    list (`__in`) cannot have Arguments, because its SQL depends on the length of the list.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build
        self._statement: tuple[QuerySet[Any, Row], SQLCompiler, str, tuple[Any, ...]] | None = None

    def first(self, **values: Any) -> Row | None:
        """Run the statement and return its first row, None without one."""
        rows = self.rows(**values)
        return rows[0] if rows else None

    def rows(self, **values: Any) -> list[Row]:
        """Run the statement. values: one for each Argument. Raises KeyError for a missing one.

        What locks rows must run in a transaction. The ORM checks that at the first run only.
        """
        if self._statement is None:
            self._statement = self._compile()
        queryset, compiled, sql, parameters = self._statement
        given = [values[value.name] if isinstance(value, Argument) else value for value in parameters]
        compiler: Any = copy(compiled)
        # A connection belongs to a thread, the compiled statement to the process.
        compiler.connection = connections[queryset.db]
        compiler.as_sql = lambda *args, **options: (sql, given)
        rows = queryset.all()
        rows.query.get_compiler = lambda *args, **options: compiler  # type: ignore[method-assign]  # of this run
        return list(rows)

    def _compile(self) -> tuple[QuerySet[Any, Row], SQLCompiler, str, tuple[Any, ...]]:
        queryset = self._build()
        compiler = queryset.query.get_compiler(using=queryset.db)
        sql, parameters = compiler.as_sql()
        return queryset, compiler, sql, tuple(parameters)


# The ids of the sight of the reader of a PreparedForReader.
_SIGHT = "reader.sight"


class _AnyReader:
    """A reader for visible_to() in a statement that is compiled before its reader is known.

    It has no key, so a statement that depends on one person raises AttributeError when it is compiled.
    """

    is_active = is_authenticated = True

    def __init__(self, **sight: Any) -> None:
        self.sight = Sight(**sight)


class PreparedForReader(Generic[Row]):
    """A Prepared of rows that its reader may see.

    build: returns the queryset. It gets a reader that is only good for visible_to(), and is called once for
    auditors, who see everything, and once for all others.
    """

    def __init__(self, build: Callable[[Visitor], QuerySet[Any, Row]]) -> None:
        self._of_sight = Prepared(lambda: build(cast(Visitor, _AnyReader(argument=Argument(_SIGHT)))))
        self._of_everything = Prepared(lambda: build(cast(Visitor, _AnyReader(everything=True))))

    def rows(self, user: Visitor, /, **values: Any) -> list[Row]:
        """Run the statement for a reader and return its rows. values: as in Prepared.rows()."""
        sight = sight_of(user)
        if sight.nothing:
            return []
        if sight.everything:
            return self._of_everything.rows(**values)
        return self._of_sight.rows(**values, **{_SIGHT: list(sight.ids)})
