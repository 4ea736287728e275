"""Judging new points by the thresholds in force: what the points come to, as crossings to be settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Case, IntegerField, Value, When

from signals.models import Breach, Series, ThresholdVersion
from signals.operations.breach import Cause, Crossing
from signals.states import Agreement, Direction
from signals.states import Breach as State
from signals.thresholds import Rule, Span, follow

# What is new of a series, in the order of its time: not older than what was judged before.
News = Mapping[int, Sequence[tuple[datetime, float]]]


def crossings_of(news: News) -> list[Crossing]:
    """What `news` comes to under each version in force on its series: only what changed.

    Two statements, whatever the size. The caller holds the rows of these series.
    """
    versions = list(
        ThresholdVersion.objects.filter(state=Agreement.ACTIVE, threshold__series_id__in=list(news))
        .select_related("threshold__series__model__subject", "threshold__series__subject")
        .order_by("id")
    )
    if not versions:
        return []
    last = _newest_breaches([version.threshold_id for version in versions])
    found: list[Crossing] = []
    for version in versions:
        series = version.threshold.series
        found += _judged(version, series, last.get(version.threshold_id), news[series.pk])
    return found


def rule_of(version: ThresholdVersion) -> Rule:
    """A version as the pure judging takes it."""
    return Rule(version.direction, version.warning, version.critical, version.clear)


def _judged(
    version: ThresholdVersion, series: Series, breach: Breach | None, points: Sequence[tuple[datetime, float]]
) -> list[Crossing]:
    before = _span(breach) if breach is not None else None
    spans = follow(rule_of(version), before, points)
    found = []
    for position, span in enumerate(spans):
        is_known = breach is not None and position == 0
        if is_known and span == before:
            continue
        found.append(
            Crossing(
                cause=_cause(version, series),
                span=span,
                threshold=version.threshold,
                version=version,
                breach=breach if is_known else None,
                series_id=series.pk,
                feature=series.feature,
                summary=_summary(version, series, span),
            )
        )
    return found


def _newest_breaches(threshold_ids: Sequence[int]) -> dict[int, Breach]:
    """The open breach of each threshold, else its newest."""
    openness = Case(When(state=State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = (
        Breach.objects.filter(threshold_id__in=threshold_ids)
        .order_by("threshold_id", openness, "-opened_at", "-id")
        .distinct("threshold_id")
    )
    return {breach.threshold_id: breach for breach in rows}


def _span(breach: Breach) -> Span:
    return Span(breach.opened_at, breach.level, breach.first_value, breach.worst_value, breach.cleared_at)


def _cause(version: ThresholdVersion, series: Series) -> Cause:
    side = "above" if version.direction == Direction.ABOVE else "below"
    return Cause(
        rule=series.metric,
        model_name=series.model_name,
        kind=series.kind,
        model=series.model,
        words=f"{series.metric} {side} its threshold",
    )


def _summary(version: ThresholdVersion, series: Series, span: Span) -> str:
    what = " of ".join(filter(None, (series.metric, series.feature or series.slice)))
    is_critical = version.critical is not None and span.level > 1
    limit = version.critical if is_critical else version.warning
    if limit is None:
        limit = version.critical
    return f"{what} was {span.first:.4g}, {version.direction} {limit:.4g}"
