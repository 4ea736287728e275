"""Reading risks: the list with its filters, the heat map, and what a risk's page needs."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Coalesce

from catalogue.models import Model
from history.models import Event, Subject
from history.queries import may_see, seen_by
from kit import references
from kit.rights import may
from people.models import Team, User
from risklog import scoring
from risklog.models import Category, Risk
from risklog.states import UNRESOLVED, RiskState
from signals.models import BreachGroup

# Keyset orders, each with an index; the first is the list's own.
ORDERS: dict[str, tuple[str, ...]] = {
    "-severity": ("-severity", "-id"),
    "severity": ("severity", "id"),
    "-updated": ("-updated_at", "-id"),
    "updated": ("updated_at", "id"),
    "-opened": ("-opened_at", "-id"),
    "opened": ("opened_at", "id"),
}
ENDING_DAYS = 30
PANEL_SIZE = 8


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to, as it stands in the address. Empty: all live risks.

    owner, team: a primary key, "none", or for the owner "me". cell: (likelihood, impact) as they count now.
    """

    q: str = ""
    states: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()
    model: str = ""
    team: str = ""
    owner: str = ""
    tag: str = ""
    cell: tuple[int, int] | None = None
    is_ending: bool = False

    def without_cell(self) -> "Filters":
        return replace(self, cell=None)


def filters_of(query: Mapping[str, Any]) -> Filters:
    """The filters in a query string (a QueryDict). What makes no sense is left out, so old links work."""
    many: Callable[[str], list[str]] = query.getlist  # type: ignore[attr-defined]
    cell = re.fullmatch(r"([1-5])x([1-5])", query.get("cell", ""))
    key = re.compile(r"[0-9]{1,18}|none|me")
    return Filters(
        q=_clean(query.get("q", ""))[:200],
        states=tuple(state for state in RiskState.values if state in many("state")),
        levels=tuple(level for level in scoring.LEVELS if str(level) in many("level")),
        categories=tuple(_clean(slug)[:60] for slug in many("category") if slug)[:20],
        model=_clean(query.get("model", ""))[:120],
        team=query.get("team", "") if key.fullmatch(query.get("team", "")) else "",
        owner=query.get("owner", "") if key.fullmatch(query.get("owner", "")) else "",
        tag=_clean(query.get("tag", "")).lower()[:60],
        cell=(int(cell[1]), int(cell[2])) if cell else None,
        is_ending=query.get("ending") == "1",
    )


def _clean(text: str) -> str:
    """A NUL cannot be stored, so nothing stored has one."""
    return text.replace("\x00", "").strip()


def narrowed(rows: QuerySet[Risk], filters: Filters, *, user: Any, today: date) -> QuerySet[Risk]:
    """`rows` under the filters; without a state, those that are not closed."""
    if filters.states:
        rows = (
            rows.filter(state__in=filters.states)
            if len(filters.states) > 1
            else rows.filter(state=filters.states[0])
        )
    elif not references.is_reference(filters.q):
        rows = rows.filter(~Q(state=RiskState.CLOSED))
    if filters.levels:
        rows = rows.filter(_any_of(Q(severity__range=scoring.SCORES[level]) for level in filters.levels))
    if filters.categories:
        rows = rows.filter(
            category__in=list(
                Category.objects.filter(slug__in=filters.categories).values_list("pk", flat=True)
            )
        )
    if filters.cell:
        rows = rows.filter(_in_cell(*filters.cell))
    if filters.is_ending:
        rows = rows.filter(state=RiskState.ACCEPTED, accepted_until__lte=today + timedelta(days=ENDING_DAYS))
    if filters.tag:
        rows = rows.filter(tags__contains=[filters.tag])
    if filters.model:
        rows = rows.filter(model__in=Model.objects.visible_to(user).filter(slug=filters.model))
    rows = _of(rows, "team", filters.team, user)
    rows = _of(rows, "owner", filters.owner, user)
    return found(rows, filters.q) if filters.q else rows


def _of(rows: QuerySet[Risk], name: str, key: str, user: Any) -> QuerySet[Risk]:
    if not key:
        return rows
    if key == "none":
        return rows.filter(**{f"{name}__isnull": True})
    if key == "me":
        return rows.filter(**{f"{name}__in": user.team_ids} if name == "team" else {name: user.pk})
    return rows.filter(**{f"{name}_id": int(key)})


def _any_of(conditions: Any) -> Q:
    found_one = Q()
    for condition in conditions:
        found_one |= condition
    return found_one


def _in_cell(likelihood: int, impact: int) -> Q:
    """The score that counts is residual where judged, inherent else; the product bounds the index."""
    inherent = Q(residual_likelihood__isnull=True, likelihood=likelihood, impact=impact)
    residual = Q(residual_likelihood=likelihood, residual_impact=impact)
    return Q(severity=likelihood * impact) & (inherent | residual)


def found(rows: QuerySet[Risk], text: str) -> QuerySet[Risk]:
    """Full text over title and description, the last word also as a beginning; a reference finds its risk."""
    if references.is_reference(text):
        return rows.filter(subject__reference=text.upper())
    query = search_query(text)
    return rows.none() if query is None else rows.filter(search=query)


def search_query(text: str) -> SearchQuery | None:
    """All words of a text, the last also as a beginning; None for a text without words."""
    words = re.findall(r"\w+", text)[:12]
    if not words:
        return None
    return SearchQuery(" & ".join([*words[:-1], f"{words[-1]}:*"]), search_type="raw", config="english")


# ------------------------------------------------------------------ the list

ROW = (
    "id", "subject_id", "title", "severity", "state", "updated_at", "opened_at", "series_id",
)  # fmt: skip
ROW_NAMES = {
    "reference": F("subject__reference"),
    "is_restricted": Q(subject__viewers__isnull=False),
    "model_name": F("model__name"),
    **seen_by("model", "model__subject"),
    "category_name": F("category__name"),
    "team_name": F("team__name"),
    "owner_name": F("owner__name"),
}


def listed(rows: QuerySet[Risk]) -> QuerySet[Risk]:
    """The values a row of the list shows, in one query and no model instances; to go through masked()."""
    return rows.values(*ROW, **ROW_NAMES)


def masked(rows: list[dict[str, Any]], user: Any, *names: str) -> list[dict[str, Any]]:
    """`rows` with `names` emptied where the risk's model is not for this reader."""
    for row in rows:
        if not may_see(user, row, "model"):
            row.update(dict.fromkeys(names))
    return rows


def escalated(subject_ids: Sequence[int]) -> set[int]:
    """Which of these subjects have a running escalation: who may see a subject may know. One query."""
    if not subject_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT about_id FROM risklog_escalation WHERE about_id = ANY(%s) AND state = ANY(%s)",
            [list(subject_ids), [str(state) for state in UNRESOLVED]],
        )
        return {about for (about,) in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Heat:
    """cells: (likelihood, impact) as they count now -> how many. total: counted no further than the cap."""

    cells: dict[tuple[int, int], int]
    total: int
    is_capped: bool


def heat(rows: QuerySet[Risk], cap: int | None = None) -> Heat:
    """How many of `rows` stand in each cell, and in all. One query, no dearer for more than `cap`."""
    placed = rows.order_by().values_list(
        Coalesce("residual_likelihood", "likelihood"), Coalesce("residual_impact", "impact")
    )
    try:
        sql, parameters = (placed[: cap + 1] if cap else placed).query.sql_with_params()
    except EmptyResultSet:  # words that are none, a category that is none
        return Heat({}, 0, False)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT lk, im, count(*) FROM ({sql}) AS placed (lk, im) GROUP BY 1, 2", parameters)  # noqa: S608
        cells = {(likelihood, impact): count for likelihood, impact, count in cursor.fetchall()}
    total = sum(cells.values())
    return Heat(cells, min(total, cap) if cap else total, bool(cap and total > cap))


# ------------------------------------------------------------------ one risk


def for_page(user: Any) -> QuerySet[Risk]:
    """Risks the reader may see, with everything their page names.

    `is_unnamed`: its raiser asked not to be named, rather than no person having raised it.
    """
    born = Event.objects.filter(subject=OuterRef("subject"), verb="risklog.risk_opened", is_actor_hidden=True)
    rows = Risk.objects.visible_to(user).annotate(is_unnamed=Exists(born))
    return rows.select_related(
        "subject",
        "category",
        "model__subject",
        "team",
        "owner",
        "raised_by",
        "series__subject",
        "breach_group__subject",
    )


def teams_of(risk: Risk) -> list[Subject]:
    """The teams a restricted risk is open to; empty for an open one."""
    if risk.subject.viewers is None:
        return []
    return list(Subject.objects.filter(pk__in=risk.subject.viewers, kind="team").order_by("title"))


def like(user: Any, title: str, *, model: Any = None, limit: int = 5) -> list[Risk]:
    """Live risks a title may be a duplicate of: those that share most of its longer words."""
    words = [word for word in re.findall(r"\w+", title.lower()) if len(word) > 3][:8]
    if not words:
        return []
    query = SearchQuery(" | ".join(words), search_type="raw", config="english")
    rows = Risk.objects.visible_to(user).filter(~Q(state=RiskState.CLOSED), search=query)
    if model is not None:
        rows = rows.filter(Q(model=model) | Q(model__isnull=True))
    nearest = (
        rows.select_related("subject")
        .only("title", "severity", "state", "subject")
        .order_by("-updated_at", "-id")[:200]
    )
    wanted = {_stem(word) for word in words}

    def shared(risk: Risk) -> int:
        return len(wanted & {_stem(word) for word in re.findall(r"\w+", risk.title.lower())})

    ranked = sorted(((shared(risk), risk) for risk in nearest), key=lambda pair: -pair[0])
    enough = max(1, (len(wanted) + 1) // 2)
    return [risk for count, risk in ranked if count >= enough][:limit]


def _stem(word: str) -> str:
    return word[:5]


# ------------------------------------------------------------------ what lower pages show


@dataclass(frozen=True, slots=True)
class RiskPanel:
    """The risks of a model or a breach group; `total` counts all that are live."""

    rows: list[Risk] = field(default_factory=list)
    total: int = 0
    may_add: bool = False


def live_of_model(user: Any, model: Any) -> RiskPanel:
    """The live risks of a model, worst first."""
    return _panel(user, Risk.objects.visible_to(user).filter(~Q(state=RiskState.CLOSED), model=model))


def of_breach_group(user: Any, group: BreachGroup) -> RiskPanel:
    """The risks made of a breach group."""
    return _panel(user, Risk.objects.visible_to(user).filter(breach_group=group))


def _panel(user: Any, rows: QuerySet[Risk]) -> RiskPanel:
    ranked = rows.select_related("subject", "category", "owner").order_by("-severity", "-id")
    shown: list[Any] = list(ranked.annotate(total=Window(Count("pk")))[:PANEL_SIZE])
    return RiskPanel(shown, shown[0].total if shown else 0, may(user, "risklog.risk_add"))


@dataclass(frozen=True, slots=True)
class Moved:
    """A risk whose level changed: from and to are levels 1 to 5."""

    reference: str
    title: str
    was: int
    now: int


def moved(user: Any, *, since: datetime, limit: int = 4) -> list[Moved]:
    """Whose level changed since a moment, the latest first, each risk once. One query."""
    rows = (
        Event.objects.visible_to(user)
        .filter(verb="risklog.risk_changed", at__gte=since, data__has_key="level")
        .order_by("-at", "-id")
        .values_list("subject__reference", "subject__title", "data__level")[: limit * 3]
    )
    found_once: dict[str, Moved] = {}
    for name, title, (was, now) in rows:
        reference = name or ""
        known = found_once.get(reference)
        found_once[reference] = Moved(reference, title, was, known.now if known else now)
    return [one for one in found_once.values() if one.was != one.now][:limit]


# ------------------------------------------------------------------ what a filter can be set to

CHOICES = {"model": Model, "team": Team, "owner": User}


def choices(what: str, user: Any, text: str = "", limit: int = 60) -> list[tuple[str, str]]:
    """(key, name) of what a list can be narrowed to, by name. what: a key of CHOICES."""
    rows = CHOICES[what].objects.visible_to(user)
    if what == "owner":
        rows = rows.filter(is_active=True)
    if text := _clean(text):
        rows = rows.filter(name__icontains=text)
    key = "slug" if what == "model" else "pk"
    return [(str(pk), name) for pk, name in rows.order_by("name", "id").values_list(key, "name")[:limit]]


def named(what: str, key: str, user: Any) -> str:
    """The name behind a filter's key, "" when the reader may see no such thing."""
    lookup = {"slug": key} if what == "model" else {"pk": int(key)}
    return (
        CHOICES[what].objects.visible_to(user).filter(**lookup).values_list("name", flat=True).first() or ""
    )
