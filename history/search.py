"""Full-text search over the documents (history.documents) of the subjects that the reader may see."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, Case, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Func, RawSQL

from history.documents import DEFAULT_LANGUAGE
from history.models import Subject
from kit import kinds, references
from kit.sight import Visitor

MAX_WORDS = 8
MAX_LENGTH = 200
# The group of subjects whose title equals the searched text. The groups of kinds begin at FIRST_KIND.
BEST, FIRST_KIND = 0, 1

# The query of one word: its stem in the language, or the word itself. Documents do not have the stop words of
# the language, so a stop word is ignored if there is another word.
_TERM = """(CASE WHEN numnode({function}(%s::regconfig, %s)) = 0 THEN {stop}
ELSE {function}(%s::regconfig, %s) || {function}('simple', %s) END)"""


def search(
    user: Visitor, text: str, kind_keys: Iterable[str], *, language: str = DEFAULT_LANGUAGE
) -> QuerySet[Subject]:
    """Return the visible subjects of these kinds that have every word of a text.

    The last word may be incomplete.

    If the text is the reference of one of them, only that subject is returned, which costs one query. Each
    row has `group` (BEST, or FIRST_KIND plus the position of its kind) and `fit` (higher is better). Not
    ordered.
    """
    rows = Subject.objects.visible_to(user).filter(kind__in=list(kind_keys))
    text = " ".join(text.split())[:MAX_LENGTH]
    if references.is_reference(text):
        named = rows.filter(reference=text.upper())
        if named.exists():
            return named.annotate(group=Value(BEST), fit=Value(0))
    words = text.split()[:MAX_WORDS]
    if not words:
        return rows.none().annotate(group=Value(BEST), fit=Value(0))
    query = query_of(words, language)
    return rows.filter(Matches(F("document__document"), query)).annotate(
        group=_group(text), fit=_Fit(F("document__document"), query, F("is_retired")) + _title_fit(text)
    )


def query_of(words: Sequence[str], language: str) -> RawSQL:
    """Return the tsquery that requires every word, the last one also as the prefix of a longer word."""
    quoted = words[-1].replace("\\", "\\\\").replace("'", "''")
    terms: list[str] = []
    params: list[str] = []
    for word in words[:-1]:
        terms.append(_TERM.format(function="plainto_tsquery", stop="''::tsquery"))
        params += [language, word, language, word, word]
    prefix = f"'{quoted}':*"
    # A single stop word may be the prefix of a word in a title.
    stop = "''::tsquery" if terms else "to_tsquery('simple', %s)"
    terms.append(_TERM.format(function="to_tsquery", stop=stop))
    params += [language, prefix, *([] if len(terms) > 1 else [prefix]), language, prefix, prefix]
    # A subquery, so that PostgreSQL evaluates the query once instead of once per ranked row.
    sql = f"SELECT {' && '.join(terms)}"
    return RawSQL(sql, params, SearchQueryField())  # noqa: S611 - words are parameters


def _group(text: str) -> Case:
    places = [
        When(kind=kind.key, then=Value(place)) for place, kind in enumerate(kinds.searchable(), FIRST_KIND)
    ]
    return Case(
        When(Q(title__iexact=text), then=Value(BEST)),
        *places,
        default=Value(len(places) + 1),
        output_field=IntegerField(),
    )


def _title_fit(text: str) -> Case:
    """Return the bonus of a title that equals the text or begins with it. It is larger than any rank."""
    return Case(
        When(Q(title__iexact=text), then=Value(4_000_000)),
        When(Q(title__istartswith=text), then=Value(2_000_000)),
        default=Value(0),
        output_field=IntegerField(),
    )


class Matches(Func):
    """Whether words (a search vector) have what a query asks for."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()
    conditional = True


class PlainWords(Func):
    """The words of a text as they are written, for texts without a document. An index can have it.

    A query of query_of() matches them, because it has each word both as its stem and as it is written.
    """

    template = "to_tsvector('simple', %(expressions)s)"
    output_field = SearchVectorField()


class _Fit(Func):
    """The rank of a document in millionths, a whole number for keyset paging. Retired subjects come last."""

    template = "%(expressions)s"
    output_field = IntegerField()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        (vector, query, retired) = [compiler.compile(one) for one in self.get_source_expressions()]
        sql = (
            f"(ts_rank({vector[0]}, {query[0]}, 1) * 1000000)::int"
            f" - CASE WHEN {retired[0]} THEN 8000000 ELSE 0 END"
        )
        return sql, (*vector[1], *query[1], *retired[1])


# Markers that no text contains, so that the fragment can be escaped before they become elements.
BEGIN, END = "\ue000", "\ue001"


class Fragment(Func):
    """The part of the text that has the words, each between BEGIN and END. Slow: use it for few rows.

    of: the path to the text, by default that of the document of a subject.
    """

    function = "ts_headline"
    output_field = TextField()

    def __init__(self, query: RawSQL, language: str, *, of: str = "document__text") -> None:
        options = f"StartSel={BEGIN}, StopSel={END}, MaxWords=24, MinWords=10, MaxFragments=1"
        super().__init__(RawSQL("%s::regconfig", [language]), F(of), query, Value(options))
