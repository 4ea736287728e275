"""How long things take: from a breach to its review, to the decision, to what was decided being done.

Only what everyone may see counts, because medians of several scopes do not add up. The period is that of
leaders.queries.counts.
"""

from datetime import datetime
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery

from actions.models import Action
from actions.queries.follow_through import Median
from actions.states import ActionState
from incidents.models import Incident
from incidents.states import IncidentState
from leaders.queries.counts import PERIOD
from meetings.models import Decision
from risklog.models import Review, Risk
from risklog.states import ReviewState
from signals.models import BreachGroup

# Team (None: the whole organisation) -> [number, median in hours].
OfTeams = dict[int | None, list[Any]]


def medians(at: datetime) -> dict[str, OfTeams]:
    """Return the medians of the period before a moment, by name. Two queries each."""
    return {
        "review": _medians(_reviewed(at), "model__owner_team"),
        "decision": _medians(_decided(at), "meeting__series__teams"),
        "done": _medians(_done(at), "owner__memberships__team"),
        "notice": _medians(_of_incidents(at, "started_at", "noticed_at"), "team"),
        "mitigate": _medians(_of_incidents(at, "noticed_at", "mitigated_at"), "team"),
    }


def _within(at: datetime, ends: str) -> Q:
    return Q(subject__viewers__isnull=True, **{f"{ends}__gt": at - PERIOD, f"{ends}__lte": at})


def _reviewed(at: datetime) -> QuerySet[Any]:
    """Return the reviews of breaches that were settled, with the time since the breach opened."""
    opened = BreachGroup.objects.filter(subject=OuterRef("about")).values("opened_at")[:1]
    rows = Review.objects.filter(_within(at, "settled_at"), state=ReviewState.SETTLED)
    return _lasting(rows, "settled_at", Subquery(opened))


def _decided(at: datetime) -> QuerySet[Any]:
    """Return the decisions about a review, its breach or the risk of that, with the time since the review."""
    of_risk = Risk.objects.filter(subject=OuterRef(OuterRef("about"))).values("breach_group__subject")[:1]
    reviews = Review.objects.filter(
        Q(subject=OuterRef("about")) | Q(about=OuterRef("about")) | Q(about=Subquery(of_risk)),
        opened_at__lte=OuterRef("decided_at"),
    )
    opened = Subquery(reviews.order_by("-opened_at").values("opened_at")[:1])
    return _lasting(Decision.objects.filter(_within(at, "decided_at")), "decided_at", opened)


def _done(at: datetime) -> QuerySet[Any]:
    """Return the actions of decisions that were done, with the time since the decision."""
    decided = Decision.objects.filter(subject=OuterRef("origin")).values("decided_at")[:1]
    rows = Action.objects.filter(_within(at, "settled_at"), state=ActionState.DONE)
    return _lasting(rows, "settled_at", Subquery(decided))


def _of_incidents(at: datetime, begins: str, ends: str) -> QuerySet[Any]:
    """Return the incidents of which both moments are known, with the time between them."""
    rows = Incident.objects.exclude(state=IncidentState.WITHDRAWN).filter(_within(at, ends))
    return _lasting(rows, ends, F(begins))


def _lasting(rows: QuerySet[Any], ends: str, begins: Subquery | F) -> QuerySet[Any]:
    lasting = ExpressionWrapper(F(ends) - F("began_at"), DurationField())
    return rows.annotate(began_at=begins).filter(began_at__isnull=False).annotate(lasting=lasting).order_by()


def _medians(rows: QuerySet[Any], team: str) -> OfTeams:
    figures: dict[str, Any] = {"number": Count("pk", distinct=True), "middle": Median("lasting")}
    found: OfTeams = {None: _figure(rows.aggregate(**figures))}
    for row in rows.filter(**{f"{team}__isnull": False}).values(of_team=F(team)).annotate(**figures):
        found[row["of_team"]] = _figure(row)
    return {key: figure for key, figure in found.items() if figure[0]}


def _figure(row: dict[str, Any]) -> list[Any]:
    middle = row["middle"]
    return [row["number"], None if middle is None else round(middle.total_seconds() / 3600, 1)]
