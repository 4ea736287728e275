"""The metrics that say something about the subject of a decision, before and after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from kit.sight import Visitor
from meetings.models import Decision, DecisionEffect
from risklog.queries.metric import BY_METRIC, means, metrics_of
from signals.models import Series

WINDOW = timedelta(weeks=2)
_MOST_FIGURES = 5
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The mean of a metric in the two weeks before a decision, and in the last two; None without points."""

    series: Series
    before: float | None
    after: float | None


def figures(user: Visitor, decision: Decision, at: datetime) -> list[BeforeAfter]:
    """Return the metrics of what a decision is about and changed, before and after it. At most five."""
    targets = DecisionEffect.objects.filter(decision=decision).values("target")
    base = Q(pk=decision.about_id) | Q(pk__in=targets)
    rows = Series.objects.visible_to(user).filter(metrics_of(base)).select_related("subject")
    series = list(rows.order_by(*BY_METRIC)[:_MOST_FIGURES])
    decided = decision.decided_at
    last = (max(decided, at - WINDOW), at + _INSTANT)
    found = means([one.pk for one in series], (decided - WINDOW, decided), last)
    return [BeforeAfter(one, *found.get(one.pk, (None, None))) for one in series]
