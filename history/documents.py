"""Search documents: what search finds of each subject, written in the transaction that changes it.

Each kind declares its texts (Texts). PostgreSQL builds the document from the stored rows, so operations and
rebuilds use the same statement.

Weights: A the title, B the tags, C the names, D the body. The title, the tags and the names are also kept
unstemmed, because they are matched while they are being typed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, connections, models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.utils import DEFAULT_DB_ALIAS

from kit import kinds

DEFAULT_LANGUAGE = "english"
MAX_BODY = 100_000  # characters; search does not find later text
BATCH = 500


@dataclass(frozen=True, slots=True)
class PartTexts:
    """Texts of the parts of an object that search finds with it.

    row: the model of the part. fields: its text fields. only: which of the parts; readers of the object
    must be allowed to see these parts.
    """

    row: Any
    fields: tuple[str, ...]
    only: Q = field(default_factory=Q)


@dataclass(frozen=True, slots=True)
class Texts:
    """What search finds of an object besides its reference and its title.

    body, tags: fields of the row, texts, arrays of texts or JSON objects, whose values are found; or paths to
    such fields of another object that every reader of this one may see. names: paths to the names of people,
    models and other objects, such as "owner__name"; the name of a restricted object is left out. parts: texts
    of its parts, added to the body.
    """

    body: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    parts: tuple[PartTexts, ...] = ()


# A queryset of one column and at most one row: the name of the text search configuration.
_language: list[models.QuerySet[Any]] = []


class Change(dict[str, Any]):
    """The changes of one row as an event stores them.

    document: (kind, subject id) of the search document that has a text of the changed fields, or None.
    """

    document: tuple[str, int] | None = None


def install(language: models.QuerySet[Any]) -> None:
    """Set where the text search configuration is stored, and clear the cached declarations."""
    _language[:] = [language]
    _watched.cache_clear()
    _source.cache_clear()


def languages() -> list[str]:
    """Return the names of the text search configurations that PostgreSQL has. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cfgname FROM pg_ts_config"
            " WHERE cfgnamespace = 'pg_catalog'::regnamespace ORDER BY cfgname"
        )
        return [name for (name,) in cursor.fetchall()]


# ------------------------------------------------------------------ which changes matter


def document_of(row: Any, names: Iterable[str], *, is_new: bool = False) -> tuple[str, int] | None:
    """Return (kind, subject id) of the document that has a text of these fields of a row; None if none has.

    is_new: a new row changes the document whatever its fields are, because of its title.
    """
    watched = _watched().get(row._meta.label_lower)
    if watched is None or (not is_new and watched[1].isdisjoint(names)):
        return None
    return watched[0], row.subject_id


@cache
def _watched() -> Mapping[str, tuple[str, frozenset[str]]]:
    """Return a model's label -> (the kind whose document has its texts, the fields with these texts)."""
    watched: dict[str, tuple[str, frozenset[str]]] = {}
    for kind in kinds.searchable():
        texts = kind.texts or Texts()
        own = (*texts.body, *texts.tags, *texts.names)
        watched[kind.row._meta.label_lower] = kind.key, _attributes(kind.row, own)
        for part in texts.parts:
            paths = (*part.fields, *(path for path, _ in part.only.children))
            watched[part.row._meta.label_lower] = kind.key, _attributes(part.row, paths)
    return watched


def _attributes(model: Any, paths: Iterable[str]) -> frozenset[str]:
    """Return the fields of the model itself that these paths begin with, as history names them."""
    return frozenset(model._meta.get_field(path.partition("__")[0]).attname for path in paths)


# ------------------------------------------------------------------ how documents are written

# The statement is a list of common table expressions, so that it can be a part of another statement.
# subjects: id, kind, title. The order of inserts is that of ids, so that two transactions cannot deadlock.
_DOCUMENTS = """
language AS (SELECT coalesce(({language}), '{default}')::regconfig AS config),
texts AS ({texts}),
documents AS (
    INSERT INTO history_searchdocument (subject_id, document, text, language)
    SELECT id,
        setweight(to_tsvector(config, title) || to_tsvector('simple', title), 'A')
        || setweight(to_tsvector('simple', tags), 'B')
        || setweight(to_tsvector('simple', names), 'C')
        || setweight(to_tsvector(config, body), 'D'),
        body || E'\\n' || tags || E'\\n' || names,
        config::text
    FROM texts CROSS JOIN language ORDER BY id
    ON CONFLICT (subject_id) DO UPDATE
    SET document = EXCLUDED.document, text = EXCLUDED.text, language = EXCLUDED.language
)"""


def statement(kind_keys: Iterable[str], subjects: str) -> str:
    """Return the common table expressions that write the documents of subjects of these kinds.

    subjects: a statement that returns id, kind and title of the subjects.
    """
    sources = [_source(kind) for kind in sorted(kind_keys)]
    return f"WITH subjects AS ({subjects}), " + _DOCUMENTS.format(
        language=_sql(_language[0]) if _language else "NULL",
        default=DEFAULT_LANGUAGE,
        texts=" UNION ALL ".join(sources),
    )


_BY_ID = "SELECT id, kind, title FROM history_subject WHERE id = ANY(%s)"


@contextmanager
def written_with_next(
    changes: Iterable[Mapping[str, Any]], *, using: str = DEFAULT_DB_ALIAS
) -> Iterator[None]:
    """Make the next statement of the connection also write the documents that these changes affect.

    It becomes a part of that statement, so a write costs no additional statement.
    """
    affected = {change.document for change in changes if isinstance(change, Change) and change.document}
    if not affected:
        yield
        return
    expressions = statement({kind for kind, _ in affected}, _BY_ID)
    ids = sorted({subject_id for _, subject_id in affected})
    waiting = [True]

    def join(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if waiting and sql.startswith(("INSERT ", "WITH ")):
            waiting.clear()
            sql = f"{expressions}, {sql[5:]}" if sql.startswith("WITH ") else f"{expressions} {sql}"
            params = (ids, *(params or ()))
        return execute(sql, params, many, context)

    with connections[using].execute_wrapper(join):
        yield


def rewrite(subject_ids: Iterable[int]) -> None:
    """Write the search documents of subjects of any kind again, from the texts as they are now."""
    ids = sorted(set(subject_ids))
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT kind FROM history_subject WHERE id = ANY(%s)", [ids])
        declared = {kind.key for kind in kinds.searchable()}
        found = {kind for (kind,) in cursor.fetchall()} & declared
        if found:
            sql = f"{statement(found, _BY_ID)} SELECT count(*) FROM texts"  # noqa: S608 - our own text
            cursor.execute(sql, [ids])


def write_with(kind_key: str, subjects: str, params: Sequence[Any]) -> None:
    """Run a statement that returns id, kind and title of subjects, and write the documents of these."""
    kind = kinds.find(kind_key)
    if kind is None or kind.search_rank is None:
        sql = f"WITH subjects AS ({subjects}) SELECT count(*) FROM subjects"  # noqa: S608 - our own text
    else:
        sql = f"{statement([kind_key], subjects)} SELECT count(*) FROM texts"  # noqa: S608 - our own text
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@cache
def _source(kind_key: str) -> str:
    """Return the SELECT of id, title, tags, names and body of the subjects of one kind."""
    kind = kinds.find(kind_key)
    if kind is None:
        raise ValueError(f"No kind is called {kind_key}.")
    model, texts = kind.row, kind.texts or Texts()
    body = [_column(model, name) for name in texts.body] + [_of_parts(model, part) for part in texts.parts]
    return (
        "SELECT subjects.id, subjects.title,"  # noqa: S608 - names from our code
        f" {_joined([_column(model, name) for name in texts.tags])} AS tags,"
        f" {_joined([_name(model, path) for path in texts.names])} AS names,"
        f" left({_joined(body)}, {MAX_BODY}) AS body"
        f' FROM subjects JOIN "{model._meta.db_table}" AS o ON o.subject_id = subjects.id'
        f" WHERE subjects.kind = '{kind.key}'"
    )


def _joined(columns: Sequence[str]) -> str:
    return f"concat_ws(E'\\n', {', '.join(columns)})" if columns else "''"


def _column(model: Any, path: str) -> str:
    """Return the SQL of a text of the row, or of a row that it refers to."""
    if "__" in path:
        return f"({_sql(model._base_manager.filter(pk=RawSQL('o.id', ())).values(path))})"
    stored = model._meta.get_field(path)
    column = f'o."{stored.column}"'
    if isinstance(stored, models.JSONField):
        values = f"SELECT value FROM jsonb_each_text({column}) ORDER BY key"  # noqa: S608 - our own column
        return f"array_to_string(ARRAY({values}), E'\\n')"
    return f"array_to_string({column}, E'\\n')" if isinstance(stored, ArrayField) else column


def _name(model: Any, path: str) -> str:
    """Return the SQL of the name of an object that the row refers to; NULL if that object is restricted."""
    if "__" not in path:
        return _column(model, path)
    reference = path.partition("__")[0]
    open_ones = {"pk": RawSQL("o.id", ()), f"{reference}__subject__viewers__isnull": True}
    return f"({_sql(model._base_manager.filter(**open_ones).values(path))})"


def _of_parts(model: Any, part: PartTexts) -> str:
    """Return the SQL of the texts of the parts of a row, in the order of their creation."""
    rows = part.row._base_manager.filter(part.only, **{part.row.OF: RawSQL("o.id", ())}).order_by("pk")
    columns = [f"ARRAY({_sql(rows.values(name))})" for name in part.fields]
    return f"array_to_string({' || '.join(columns)}, E'\\n')"


def _sql(rows: models.QuerySet[Any]) -> str:
    sql, params = rows.query.sql_with_params()
    if params:
        raise ValueError("A text of a search document is a column, without values of its own.")
    return sql


# ------------------------------------------------------------------ rebuilding

_STALE = """
SELECT s.id, s.kind FROM history_subject AS s
LEFT JOIN history_searchdocument AS d ON d.subject_id = s.id
WHERE s.id > %s AND s.kind = ANY(%s)
  AND (d.subject_id IS NULL OR d.language <> (
      SELECT coalesce(({language}), '{default}')::regconfig::text))
ORDER BY s.id LIMIT %s
"""


def rebuild(*, using: str = DEFAULT_DB_ALIAS, limit: int | None = None) -> Iterator[int]:
    """Write the documents that are missing or not in the organisation's language, in batches.

    Yields the number of documents after each batch. Each batch is one transaction. limit: the largest number
    of documents, rounded up to whole batches. It may run during other writes and may be repeated.
    """
    declared = [kind.key for kind in kinds.searchable()]
    language = _sql(_language[0]) if _language else "NULL"
    last, done = 0, 0
    while limit is None or done < limit:
        with connections[using].cursor() as cursor:
            sql = _STALE.format(language=language, default=DEFAULT_LANGUAGE)
            cursor.execute(sql, [last, declared, BATCH])
            rows = cursor.fetchall()
            if not rows:
                return
            documents = statement({kind for _, kind in rows}, _BY_ID)
            sql = f"{documents} SELECT count(*) FROM texts"  # noqa: S608 - our own text
            cursor.execute(sql, [[pk for pk, _ in rows]])
        last, done = rows[-1][0], done + len(rows)
        yield len(rows)


def after_migrate(*, using: str, **_: Any) -> None:
    """Write the documents of subjects from an earlier version, which had no documents."""
    for _batch in rebuild(using=using):
        pass
