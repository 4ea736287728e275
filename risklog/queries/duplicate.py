"""Duplicates: which risks a title is like, what a risk was merged into, and what closing it does."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import ExpressionWrapper, FloatField, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, JSONObject

from actions.models import Action
from actions.states import UNFINISHED
from catalogue.models import Model
from history.models import Subject
from kit.sight import Visitor
from people.models import User
from risklog import likeness
from risklog.models import Escalation, Review, Risk
from risklog.queries import acceptance, closing, scoring
from risklog.states import UNRESOLVED, ReviewState, RiskState
from signals.models import Breach, BreachGroup
from talk.models import Comment, File
from talk.queries.watch import watcher_ids
from talk.states import CommentState, FileState

# How many risks with similar titles are ranked. It bounds the cost of a title with very common words.
CANDIDATES = 500
# How much of the typed title a title must have, from 0 to 1. By default PostgreSQL asks for 0.6, which misses
# the same words in another order.
THRESHOLD = 0.45
LIMIT = 5


# ------------------------------------------------------------------ likely duplicates


def like(user: Visitor, title: str, *, model: Model | None = None, but: Risk | None = None) -> QuerySet[Risk]:
    """Return the live risks that this reader may see and that a title may duplicate, in no order.

    Each has `likeness`, from 0 to 1: the mean of how much of the title it has, and of how equal both are.
    title: as far as it is typed. model: leave out the risks of other models. but: a risk to leave out.
    """
    key = likeness.key_of(title)
    rows = Risk.objects.visible_to(user).filter(
        ~Q(state=RiskState.CLOSED), title_key__trigram_word_similar=key
    )
    if model is not None:
        rows = rows.filter(Q(model=model) | Q(model__isnull=True))
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    ids = _some_of(rows) if likeness.is_long_enough(key) else []
    both = TrigramWordSimilarity(key, "title_key") + TrigramSimilarity("title_key", key)
    return Risk.objects.filter(pk__in=ids).annotate(likeness=ExpressionWrapper(both / 2, FloatField()))


def _some_of(rows: QuerySet[Risk]) -> list[int]:
    """Return the ids of at most CANDIDATES risks.

    A LIMIT in the query itself would tempt PostgreSQL to read the whole table instead of the index.
    """
    try:
        sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # the reader sees nothing
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(THRESHOLD)])
        limited = f"WITH found (id) AS MATERIALIZED ({sql}) SELECT id FROM found LIMIT %s"  # noqa: S608
        cursor.execute(limited, [*parameters, CANDIDATES])
        return [pk for (pk,) in cursor.fetchall()]


def likeliest(
    user: Visitor, title: str, *, model: Model | None = None, but: Risk | None = None
) -> QuerySet[Risk]:
    """Return the risks of like() that are the most alike, at most LIMIT."""
    rows = like(user, title, model=model, but=but).select_related("subject")
    return rows.order_by("-likeness", "-id")[:LIMIT]


# ------------------------------------------------------------------ merged risks


def of_each_risk(user: Visitor) -> ArraySubquery:
    """Return the duplicates of each risk that this reader may see, for annotate()."""
    rows = Risk.objects.visible_to(user).filter(merged_into=OuterRef("pk")).order_by("-id")
    cell = {name: Coalesce(f"residual_{name}", name) for name in ("likelihood", "impact")}
    row = JSONObject(reference="subject__reference", title="title", **cell)
    return ArraySubquery(rows.values(row=row))


def live_of_group(group: BreachGroup, person: User | None) -> Risk | None:
    """Return the live risk of a breach group, or the one that its risk is a duplicate of. None without one.

    That one may be a duplicate by now, too, so this costs a query for each merge. person: only risks that
    this person may see are followed; None for Riskhub itself, which sees all.
    """
    visible = Risk.objects.all() if person is None else Risk.objects.visible_to(person)
    rows = visible.select_related("subject").order_by("id")
    risks = list(rows.filter(breach_group=group))
    while risks:
        if live := next((risk for risk in risks if risk.state != RiskState.CLOSED), None):
            return live
        into = [risk.merged_into_id for risk in risks if risk.merged_into_id]
        risks = list(rows.filter(pk__in=into)) if into else []
    return None


def watchers_to_keep(risk: Risk, into: Risk) -> list[User]:
    """Return who watches a risk and may see the one that it is merged into."""
    people = User.objects.with_sight().filter(pk__in=watcher_ids(risk.subject_id)).order_by("id")
    return [person for person in people if into.subject.is_visible_to(person)]


# ------------------------------------------------------------------ before merging


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What closing a risk as a duplicate of `into` does, as one reader may know it.

    comments, files, actions: how many stay on the duplicate; actions are unfinished ones. watchers: how many
    people will watch `into`. reviews: the open ones about the risk, which are withdrawn. is_escalated: its
    escalation is resolved. has_acceptance: an acceptance or a proposal of one ends. is_scored: an open
    round of scoring is cancelled. breaches: the open ones of its metric, which `into` does not have.
    is_narrower: some readers of the risk may not see `into`.
    """

    into: Risk
    comments: int
    files: int
    actions: int
    watchers: int
    reviews: Sequence[Review]
    is_escalated: bool
    has_acceptance: bool
    is_scored: bool
    breaches: Sequence[Breach]
    is_narrower: bool


def preview(user: User, risk: Risk, into: Risk) -> MergePreview:
    """Return what closing a risk as a duplicate of another one does. A constant number of queries."""
    about = risk.subject_id
    reviews = Review.objects.visible_to(user).filter(about=about, state=ReviewState.OPEN)
    acceptances = acceptance.acceptances(user).filter(risk=risk, state__in=acceptance.UNFINISHED)
    return MergePreview(
        into=into,
        comments=Comment.objects.filter(about=about, state=CommentState.POSTED).count(),
        files=File.objects.filter(about=about, state=FileState.ATTACHED).count(),
        actions=Action.objects.visible_to(user).filter(about=about, state__in=UNFINISHED).count(),
        watchers=len(watchers_to_keep(risk, into)),
        reviews=list(reviews.select_related("subject").order_by("id")),
        is_escalated=Escalation.objects.filter(about=about, state__in=UNRESOLVED).exists(),
        has_acceptance=acceptances.exists(),
        is_scored=scoring.open_round(risk) is not None,
        breaches=[] if into.series_id == risk.series_id else closing.open_breaches(risk, user),
        is_narrower=_is_narrower(risk.subject, into.subject),
    )


def _is_narrower(subject: Subject, into: Subject) -> bool:
    """Return True if somebody may see one root who may not see the other."""
    if into.viewers is None:
        return False
    return subject.viewers is None or not set(subject.viewers) <= {*into.viewers, *into.granted}
