"""The live risks of now, as a snapshot counts them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import Coalesce, RowNumber

from history.models import Event
from leaders import tallies
from leaders.queries.scopes import by_scope, scope_columns, scope_of
from leaders.tallies import RiskCell, Scope, TopRisk
from risklog.models import Risk
from risklog.models.matrix import level_in, present_matrix
from risklog.states import RiskState

MOVED_SINCE = timedelta(days=30)
_OPENED, _CHANGED = "risklog.risk_opened", "risklog.risk_changed"


def cells() -> dict[RiskCell, tallies.Sum]:
    """Return how many live risks each cell has, and the sum of their scores. One query."""
    rows = by_scope(
        Risk.objects.exclude(state=RiskState.CLOSED),
        of_team=F("team_id"),
        of_tier=Coalesce("model__tier", 0),
        of_category=F("category_id"),
        level=level_in(present_matrix()),
        is_accepted=Q(state=RiskState.ACCEPTED),
    ).annotate(number=Count("pk"), points=Sum("severity"))
    found: dict[RiskCell, tallies.Sum] = {}
    for row in rows:
        cell = RiskCell(
            scope_of(row),
            row["of_team"],
            row["of_tier"],
            row["of_category"],
            row["level"],
            row["is_accepted"],
        )
        known = found.get(cell, tallies.Sum(0, 0))
        found[cell] = tallies.Sum(known.number + row["number"], known.points + row["points"])
    return found


def top(at: datetime) -> dict[tuple[Scope, int | None], list[TopRisk]]:
    """Return the highest live risks of each scope and team (None: without a team). Two queries."""
    place = Window(
        RowNumber(),
        partition_by=[F("team_id"), F("subject__viewers"), F("subject__granted")],
        order_by=[F("severity").desc(), F("pk").desc()],
    )
    rows: Any = (
        Risk.objects.exclude(state=RiskState.CLOSED)
        .annotate(place=place, level=level_in(present_matrix()), **scope_columns())
        .filter(place__lte=tallies.TOP)
        .values("pk", "team_id", "severity", "level", "scope_viewers", "scope_granted")
    )
    grouped: dict[tuple[Scope, int | None], list[list[Any]]] = defaultdict(list)
    for row in rows:
        entry = [row["pk"], row["severity"], row["level"]]
        grouped[scope_of(row), row["team_id"]].append(entry)
    return with_moves(grouped, at)


def with_moves(
    grouped: dict[tuple[Scope, int | None], list[list[Any]]], at: datetime
) -> dict[tuple[Scope, int | None], list[TopRisk]]:
    """Return the highest of [id, score, level] in each group, with their levels 30 days before. One query."""
    best = {key: tallies.highest(entries) for key, entries in grouped.items()}
    former = levels_before({entry[0] for entries in best.values() for entry in entries}, at)
    return {
        key: [TopRisk(pk, score, level, former.get(pk, level)) for pk, score, level in entries]
        for key, entries in best.items()
    }


def levels_before(risks: Iterable[int], at: datetime) -> dict[int, int | None]:
    """Return the level 30 days before of the risks whose level changed since; None if opened since."""
    rows = (
        Event.objects.filter(
            Q(verb=_OPENED) | Q(verb=_CHANGED, data__has_key="level"),
            subject__kind=Risk.KIND,
            subject__object_id__in=list(risks),
            at__gt=at - MOVED_SINCE,
            at__lte=at,
        )
        .order_by("-at", "-id")
        .values_list("subject__object_id", "verb", "data__level")
    )
    return {risk: None if verb == _OPENED else level[0] for risk, verb, level in rows}
