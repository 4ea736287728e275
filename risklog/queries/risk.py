"""Reading risks: the rows of the list, the heat map, and what the page of a risk needs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber
from django.urls import reverse

from catalogue.models import Model
from history.models import Event
from history.queries import may_see, seen_by
from kit.prepared import Argument, PreparedForReader
from kit.rights import may
from kit.sight import Visitor
from lists.collation import BY_NAME
from people.models import Team, User
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.scoring import Cell
from risklog.states import UNRESOLVED, RiskState
from signals.models import BreachGroup

PANEL_SIZE = 8
MAX_OF_MODEL = 20  # risks of each model of a dashboard


# ------------------------------------------------------------------ the list

ROW = (
    "id", "subject_id", "title", "likelihood", "impact", "residual_likelihood", "residual_impact", "severity",
    "state", "updated_at", "opened_at", "series_id", "owner_id", "team_id", "raised_by_id",
)  # fmt: skip
ROW_NAMES = {
    "reference": F("subject__reference"),
    "is_restricted": Q(subject__viewers__isnull=False),
    "is_duplicate": Q(merged_into__isnull=False),
    "model_name": F("model__name"),
    **seen_by("model", "model__subject"),
    "category_name": F("category__name"),
    "category_slug": F("category__slug"),
    "team_name": F("team__name"),
    "owner_name": F("owner__name"),
}


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Return the likelihood and impact that count in a row with the columns of ROW."""
    if row["residual_likelihood"] is not None:
        return row["residual_likelihood"], row["residual_impact"]
    return row["likelihood"], row["impact"]


def listed(rows: QuerySet[Risk], *further: str, **named: Any) -> QuerySet[Risk]:
    """Return the values that a row of the list shows, without model instances. Pass its rows to masked().

    further, named: fields and expressions of further columns.
    """
    return rows.values(*ROW, *further, **ROW_NAMES, **named)


def masked(rows: list[dict[str, Any]], user: Visitor, *names: str) -> list[dict[str, Any]]:
    """Set `names` to None in rows whose model this reader may not see. Return the rows."""
    for row in rows:
        if not may_see(user, row, "model"):
            row.update(dict.fromkeys(names))
    return rows


def escalated(subject_ids: Sequence[int]) -> set[int]:
    """Return which of these subjects have an open escalation. One query.

    It does not filter by reader, because everyone who sees a subject may know that it is escalated.
    """
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
    """The number of risks in each cell: (present likelihood, present impact) -> number.

    total: at most the cap.
    """

    cells: dict[tuple[int, int], int]
    total: int
    is_capped: bool


def heat(rows: QuerySet[Risk], cap: int | None = None) -> Heat:
    """Count `rows` in each cell and in all, no further than `cap`. One query."""
    placed = rows.order_by().values_list(
        Coalesce("residual_likelihood", "likelihood"), Coalesce("residual_impact", "impact")
    )
    try:
        sql, parameters = (placed[: cap + 1] if cap else placed).query.sql_with_params()
    except EmptyResultSet:  # such as a search text without words
        return Heat({}, 0, False)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT lk, im, count(*) FROM ({sql}) AS placed (lk, im) GROUP BY 1, 2", parameters)  # noqa: S608
        cells = {(likelihood, impact): count for likelihood, impact, count in cursor.fetchall()}
    total = sum(cells.values())
    return Heat(cells, min(total, cap) if cap else total, bool(cap and total > cap))


# ------------------------------------------------------------------ one risk


def for_page(user: Visitor) -> QuerySet[Risk]:
    """Return the risks that the reader may see, with everything their page names.

    `is_unnamed`: the reporter asked not to be named. False also if no person reported it.
    """
    anonymous = Event.objects.filter(
        subject=OuterRef("subject"), verb="risklog.risk_opened", is_actor_hidden=True
    )
    rows = Risk.objects.visible_to(user).annotate(is_unnamed=Exists(anonymous))
    return rows.select_related(
        "subject",
        "category",
        "model__subject",
        "team",
        "owner",
        "raised_by",
        "series__subject",
        "breach_group__subject",
        "merged_into__subject",
    )


# ------------------------------------------------------------------ what lower pages show


@dataclass(frozen=True, slots=True)
class RiskPanel:
    """The risks of a model or a breach group; `total` counts all that are live."""

    rows: list[Risk] = field(default_factory=list)
    total: int = 0
    may_add: bool = False


def live_of_model(user: User, model: Any) -> RiskPanel:
    """Return the live risks of a model, worst first."""
    return _panel(user, Risk.objects.visible_to(user).filter(~Q(state=RiskState.CLOSED), model=model))


def of_models(user: User, models: Collection[int]) -> list[dict[str, Any]]:
    """Return the live risks of models, worst first, for signals.queries.risk_reader. One query.

    At most MAX_OF_MODEL of each model, so that the risks of one model hide none of another.
    """
    matrix = present_matrix()
    place = Window(RowNumber(), partition_by="model", order_by=("-severity", "-id"))
    live = Risk.objects.visible_to(user).filter(~Q(state=RiskState.CLOSED), model__in=models)
    rows = live.annotate(place=place).filter(place__lte=MAX_OF_MODEL)
    return [
        {
            "subject": risk.subject_id,
            "reference": risk.reference,
            "title": risk.title,
            "level": (level := matrix.level(*risk.cell)),
            "level_name": matrix.levels[level],
            "state": RiskState(risk.state).label,
            "link": reverse("risklog:risk_detail", args=[risk.reference]),
            "model": risk.model_id,
        }
        for risk in rows.select_related("subject").order_by("-severity", "-id")
    ]


def of_breach_group(user: User, group: BreachGroup) -> RiskPanel:
    """Return the risks created from a breach group."""
    return _panel(user, Risk.objects.visible_to(user).filter(breach_group=group))


def _panel(user: User, rows: QuerySet[Risk]) -> RiskPanel:
    ranked = rows.select_related("subject", "category", "owner").order_by("-severity", "-id")
    shown: list[Any] = list(ranked.annotate(total=Window(Count("pk")))[:PANEL_SIZE])
    return RiskPanel(shown, shown[0].total if shown else 0, may(user, "risklog.risk_add"))


@dataclass(frozen=True, slots=True)
class Moved:
    """A risk whose level changed. was, now: levels 1 to 5."""

    reference: str
    title: str
    was: int
    now: int


MAX_MOVED = 4


def _level_changes(reader: Visitor) -> QuerySet[Event, Any]:
    changes = Event.objects.visible_to(reader).filter(
        verb="risklog.risk_changed", at__gte=Argument("since"), data__has_key="level"
    )
    names = ("subject__reference", "subject__title", "data__level")
    return changes.order_by("-at", "-id").values_list(*names)[: MAX_MOVED * 3]


_LEVEL_CHANGES = PreparedForReader(_level_changes)


def moved(user: User, *, since: datetime) -> list[Moved]:
    """Return at most MAX_MOVED risks whose level changed since a moment, the latest first. One query."""
    rows = _LEVEL_CHANGES.rows(user, since=since)
    moves: dict[str, Moved] = {}
    for name, title, (was, now) in rows:
        reference = name or ""
        known = moves.get(reference)
        moves[reference] = Moved(reference, title, was, known.now if known else now)
    return [move for move in moves.values() if move.was != move.now][:MAX_MOVED]


# ------------------------------------------------------------------ what a filter can be set to

CHOICES = {"model": Model, "team": Team, "owner": User}


def choices(what: str, user: User, text: str = "", limit: int = 60) -> list[tuple[str, str]]:
    """Return (value, name) pairs that a filter can be set to, by name. what: a key of CHOICES."""
    rows = CHOICES[what].objects.visible_to(user)
    if what == "owner":
        rows = rows.filter(is_active=True)
    if text := text.replace("\x00", "").strip():
        rows = rows.filter(name__collated__contains=text)
    pairs = rows.order_by(*BY_NAME).values_list(_value_field(what), "name")
    return [(str(value), name) for value, name in pairs[:limit]]


def _value_field(what: str) -> str:
    return "pk" if what == "owner" else "slug"


def may_record_finding(user: User, validation: Any) -> bool:
    """Return True: whoever may add a risk may record what a validation found."""
    return True
