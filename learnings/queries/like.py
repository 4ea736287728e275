"""The learnings that may help with a risk: of the same model, category or tags, or with its words.

A first statement selects some candidates by indexes, and a second one ranks them. So the cost does not grow
with the number of learnings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQueryField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from history.search import Matches, PlainWords
from kit.sight import Visitor
from learnings.models import Learning
from learnings.queries.learning import learnings
from learnings.states import LearningState, LearningVerdict
from people import queries as people
from people.models import User
from risklog.models import Review, Risk
from risklog.states import LIVE_RISKS

SHOWN = 5
_OF_EACH = 200  # candidates of each kind
_MAX_WORDS = 12
# What each likeness adds to the rank. A learning below _ENOUGH is not shown.
_MODEL, _CATEGORY, _TAG, _WORDS, _WORKED, _FAILED = 3.0, 2.0, 1.5, 4.0, 0.5, -0.5
_ENOUGH = 2.0


@dataclass(frozen=True, slots=True)
class Sought:
    """What a risk is about. title: as far as it is typed. model, category: their ids."""

    title: str = ""
    model: int | None = None
    category: int | None = None
    tags: Sequence[str] = ()


def like(user: Visitor, sought: Sought, *, but: Q | None = None) -> list[Learning]:
    """Return the published learnings that are the most like this, at most SHOWN, each with `like_why`.

    but: a condition of learnings to leave out.
    """
    words = _words_of(sought.title)
    rows = Learning.objects.filter(state=LearningState.PUBLISHED).visible_to(user)
    if but is not None:
        rows = rows.exclude(but)
    ids = _candidates(rows, sought, words)
    ranked = _ranked(ids, sought, words)[:SHOWN]
    found = learnings().visible_to(user).in_bulk([pk for pk, _ in ranked])
    result = []
    for pk, why in ranked:
        if learning := found.get(pk):
            learning.like_why = why
            result.append(learning)
    return result


def _words_of(title: str) -> list[str]:
    """Return the stems of the words of a title, without stop words. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lexeme FROM unnest(to_tsvector(%s::regconfig, %s)) WHERE length(lexeme) > 2 LIMIT %s",
            [people.search_language(), title[:200], _MAX_WORDS],
        )
        return [word for (word,) in cursor.fetchall()]


def _query(words: Iterable[str], operator: str) -> RawSQL:
    """Return the tsquery of all (&) or any (|) words that begin with these stems."""
    return RawSQL("%s::tsquery", [_text_of_query(words, operator)], SearchQueryField())


def _text_of_query(words: Iterable[str], operator: str) -> str:
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return operator.join(f"'{word}':*" for word in quoted)


def _candidates(rows: QuerySet[Learning], sought: Sought, words: Sequence[str]) -> list[int]:
    """Return the ids of learnings of the model, the category or the tags, or with the words. One query."""
    some: list[Any] = []
    newest = rows.order_by("-published_at")
    if sought.model is not None:
        some.append(newest.filter(model=sought.model)[:_OF_EACH])
    if sought.category is not None:
        is_of_category = Q(category=sought.category) | Q(category__merged_into=sought.category)
        some.append(newest.filter(is_of_category)[:_OF_EACH])
    if sought.tags:
        some.append(rows.order_by().filter(tags__overlap=list(sought.tags)))
    # All words in the text, or any word in the title: any word in the text would match nearly everything.
    worded = []
    if words:
        worded.append(Learning.objects.filter(Matches(PlainWords("seen"), _query(words, "&"))))
        worded.append(Learning.objects.filter(Matches(PlainWords("title"), _query(words, "|"))))
        some.append(rows.order_by().filter(pk__in=RawSQL("SELECT id FROM with_words", ())))
    try:
        return _ids_of_any(some, worded) if some else []
    except EmptyResultSet:  # the reader sees nothing
        return []


def _ids_of_any(some: Sequence[QuerySet[Learning]], worded: Sequence[QuerySet[Learning]]) -> list[int]:
    """Return the ids of at most _OF_EACH rows of each query. They can read `with_words`: those of `worded`.

    Words are sought first and alone, and each LIMIT is outside its query: PostgreSQL would otherwise be
    tempted to read the whole table instead of the indexes of words.
    """
    parts = [rows.values("pk").query.sql_with_params() for rows in some]
    words = [rows.order_by().values("pk").query.sql_with_params() for rows in worded]
    tables = [f"with_words (id) AS MATERIALIZED ({' UNION '.join(sql for sql, _ in words)})"] if words else []
    tables += [f"part_{place} (id) AS MATERIALIZED ({sql})" for place, (sql, _) in enumerate(parts)]
    limited = [f"(SELECT id FROM part_{place} LIMIT {_OF_EACH})" for place in range(len(parts))]  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {', '.join(tables)} {' UNION '.join(limited)}",
            [value for _, values in (*words, *parts) for value in values],
        )
        return [pk for (pk,) in cursor.fetchall()]


# Ranks candidates. Titles and tags are short, so their words are computed for each candidate.
_RANK = """
SELECT l.id, r.is_of_model, r.is_of_category, r.tags,
  %(model)s * r.is_of_model::int + %(category)s * r.is_of_category::int
  + %(tag)s * least(cardinality(r.tags), 3) + %(words)s * r.coverage
  + CASE l.verdict WHEN %(worked)s THEN %(good)s WHEN %(did_not)s THEN %(bad)s ELSE 0 END AS points
FROM learnings_learning l
LEFT JOIN risklog_category c ON c.id = l.category_id
CROSS JOIN LATERAL (SELECT
  coalesce(l.model_id = %(model_id)s, false) AS is_of_model,
  coalesce(%(category_id)s IN (c.id, c.merged_into_id), false) AS is_of_category,
  ARRAY(SELECT unnest(l.tags) INTERSECT SELECT unnest(%(tags)s::text[]) ORDER BY 1) AS tags,
  (SELECT count(*) FROM unnest(%(queries)s::text[]) AS word
    WHERE t.title @@ word::tsquery)::float / greatest(cardinality(%(queries)s::text[]), 1) AS coverage
  FROM to_tsvector('simple', l.title || ' ' || array_to_string(l.tags, ' ')) AS t (title)
) r
WHERE l.id = ANY(%(ids)s)
ORDER BY points DESC, l.published_at DESC, l.id DESC
LIMIT %(limit)s
"""


def _ranked(ids: Sequence[int], sought: Sought, words: Sequence[str]) -> list[tuple[int, str]]:
    """Return (id, why) of the candidates with enough points, the best first. One query."""
    if not ids:
        return []
    values = {
        "ids": list(ids),
        "model_id": sought.model,
        "category_id": sought.category,
        "tags": list(sought.tags),
        "queries": [_text_of_query([word], "") for word in words],
        "model": _MODEL, "category": _CATEGORY, "tag": _TAG, "words": _WORDS,
        "worked": LearningVerdict.WORKED.value, "good": _WORKED,
        "did_not": LearningVerdict.DID_NOT.value, "bad": _FAILED,
        "limit": SHOWN,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_RANK, values)
        rows = cursor.fetchall()
    return [
        (pk, _why(is_of_model, is_of_category, tags))
        for pk, is_of_model, is_of_category, tags, points in rows
        if float(points) >= _ENOUGH
    ]


def _why(is_of_model: bool, is_of_category: bool, tags: Sequence[str]) -> str:
    """Return why a learning is like what is sought, such as "same model, drift"."""
    named = [*(["same model"] if is_of_model else []), *(["same category"] if is_of_category else []), *tags]
    return ", ".join(named) or "similar words"


# ------------------------------------------------------------------ panels


def of_risk(user: User, risk: Risk) -> list[Learning] | None:
    """Return the learnings that are like a live risk, without those about it. None if there are none."""
    if risk.state not in LIVE_RISKS:
        return None
    ids = [risk.subject_id, *([risk.breach_group.subject_id] if risk.breach_group else [])]
    reviews = Review.objects.filter(about_id__in=ids).values("subject_id")
    own = Q(about_id__in=ids) | Q(about_id__in=reviews, about_id__isnull=False)
    sought = Sought(risk.title, risk.model_id, risk.category_id, risk.tags)
    return like(user, sought, but=Q(pk__in=Learning.objects.filter(own).values("pk"))) or None


def of_draft(user: User, draft: Any) -> list[Learning] | None:
    """Return the learnings that are like a risk that is being written (risklog.views.duplicate.Draft)."""
    model, category = (obj.pk if obj else None for obj in (draft.model, draft.category))
    return like(user, Sought(draft.title, model, category)) or None
