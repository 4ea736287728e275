"""The metrics that say something about a subject, and their means in two periods."""

from datetime import datetime

from django.db.models import Avg, Q, QuerySet

from actions.models import Action
from history.models import Subject
from kit.sight import Visitor
from risklog.models import Escalation, Review, Risk
from risklog.queries.concerned import concerned
from signals.models import Breach, Series, SeriesValue, Threshold

Period = tuple[datetime, datetime]
_MOST = 100
BY_METRIC = ("metric", "feature", "slice", "id")


def metrics_about(user: Visitor, about: Subject | None) -> QuerySet[Series]:
    """Return the metrics of a subject and those of its model, by name, a limited number."""
    if about is None:
        return Series.objects.none()
    fitting, model = metrics_of(Q(pk=about.pk)), concerned(about).model_id
    rows = Series.objects.visible_to(user).filter(fitting | Q(model=model) if model else fitting)
    first = rows.order_by(*BY_METRIC).values("pk")[:_MOST]
    return Series.objects.filter(pk__in=first).select_related("subject").order_by(*BY_METRIC)


def metrics_of(base: Q) -> Q:
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


def means(ids: list[int], before: Period, after: Period) -> dict[int, tuple[float | None, float | None]]:
    """Return series id -> the means of its points in two periods, None without points. One query.

    before, after: each from its first moment to just before its second one, the earlier one first.
    """
    if not ids:
        return {}
    of_before, of_after = (Q(ts__gte=start, ts__lt=end) for start, end in (before, after))
    of_packs = Q(last_ts__gte=before[0], first_ts__lt=after[1])
    rows = SeriesValue.objects.filter(of_before | of_after, of_packs, series__in=ids).values("series_id")
    found = rows.annotate(before=Avg("value", filter=of_before), after=Avg("value", filter=of_after))
    return {row["series_id"]: (row["before"], row["after"]) for row in found}
