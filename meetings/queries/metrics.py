"""The metrics that say something about the subject of a decision, before and after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Q, QuerySet

from actions.models import Action
from history.models import Subject
from kit.sight import Visitor
from meetings.models import Decision, DecisionEffect
from risklog.models import Escalation, Review, Risk
from risklog.queries import rung
from signals.models import Breach, Series, SeriesValue, Threshold

WINDOW = timedelta(weeks=2)
_MOST = 100
_MOST_FIGURES = 5
_BY_NAME = ("metric", "feature", "slice", "id")


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The mean of a metric in the two weeks before a decision, and in the last two; None without points."""

    series: Series
    before: float | None
    after: float | None


def series_about(user: Visitor, about: Subject | None) -> QuerySet[Series]:
    """Return the metrics of a subject and those of its model, by name, a limited number."""
    if about is None:
        return Series.objects.none()
    fitting, model = _own(Q(pk=about.pk)), rung.concerned(about).model_id
    rows = Series.objects.visible_to(user).filter(fitting | Q(model=model) if model else fitting)
    first = rows.order_by(*_BY_NAME).values("pk")[:_MOST]
    return Series.objects.filter(pk__in=first).select_related("subject").order_by(*_BY_NAME)


def figures(user: Visitor, decision: Decision, at: datetime) -> list[BeforeAfter]:
    """Return the metrics of what a decision is about and changed, before and after it. At most five."""
    targets = DecisionEffect.objects.filter(decision=decision).values("target")
    base = Q(pk=decision.about_id) | Q(pk__in=targets)
    rows = Series.objects.visible_to(user).filter(_own(base)).select_related("subject")
    series = list(rows.order_by(*_BY_NAME)[:_MOST_FIGURES])
    means = _means([one.pk for one in series], decision.decided_at, at)
    return [BeforeAfter(one, *means.get(one.pk, (None, None))) for one in series]


def _means(
    ids: list[int], decided_at: datetime, at: datetime
) -> dict[int, tuple[float | None, float | None]]:
    """Return series id -> the means before and after. One query."""
    before = Q(ts__gte=decided_at - WINDOW, ts__lt=decided_at)
    after = Q(ts__gte=max(decided_at, at - WINDOW), ts__lte=at)
    of_packs = Q(last_ts__gte=decided_at - WINDOW, first_ts__lte=at)
    rows = SeriesValue.objects.filter(before | after, of_packs, series__in=ids).values("series_id")
    found = rows.annotate(before=Avg("value", filter=before), after=Avg("value", filter=after))
    return {row["series_id"]: (row["before"], row["after"]) for row in found} if ids else {}


def _own(base: Q) -> Q:
    """Match the metrics of subjects, and of what their reviews, actions and escalations are about.

    base: the condition on Subject that selects the subjects.
    """
    subjects = Subject.objects.filter(base)
    reached = Subject.objects.filter(
        base
        | Q(pk__in=Review.objects.filter(subject__in=subjects).values("about"))
        | Q(pk__in=Escalation.objects.filter(subject__in=subjects).values("about"))
        | Q(pk__in=Action.objects.filter(subject__in=subjects, about__isnull=False).values("about"))
    )
    return (
        Q(subject__in=reached)
        | Q(pk__in=Breach.objects.filter(group__subject__in=reached, series__isnull=False).values("series"))
        | Q(pk__in=Threshold.objects.filter(subject__in=reached, series__isnull=False).values("series"))
        | Q(pk__in=Risk.objects.filter(subject__in=reached, series__isnull=False).values("series"))
    )
