"""Judging new points by the thresholds in force: what the points come to, as crossings to be settled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from signals.mapping.text import from_micros
from signals.models import Breach, Series, ThresholdVersion
from signals.operations.breach import Cause, PlannedBreach
from signals.states import Direction, Level
from signals.thresholds import CrossingSpan, Rule, follow

# What is new of a series, not older than what was judged before: (microseconds since 1970, value), unsorted.
News = Mapping[int, Sequence[tuple[int, float]]]

# Names of metrics that are initials.
_SHORT = {"psi", "auc", "roc auc", "pr auc", "ks", "f1", "mae", "mse", "rmse", "mape", "csi", "kl", "js"}

# Each version in force, with the newest breach of its threshold: the open one, where one is open.
_WATCHES = """
SELECT v.id, t.series_id, v.direction, v.warning, v.critical, v.clear,
       b.id, b.opened_at, b.level, b.first_value, b.worst_value, b.cleared_at
FROM signals_threshold t
JOIN signals_thresholdversion v ON v.threshold_id = t.id AND v.state = 'active'
LEFT JOIN LATERAL (
  SELECT * FROM signals_breach WHERE threshold_id = t.id ORDER BY opened_at DESC, id DESC LIMIT 1
) b ON true
WHERE t.series_id = ANY(%s::bigint[])
ORDER BY v.id
"""


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A version in force on a series, and the newest crossing it knows of."""

    version_id: int
    series_id: int
    rule: Rule
    breach_id: int | None
    last: CrossingSpan | None

    def is_left_cold_by(self, points: Sequence[tuple[int, float]]) -> bool:
        """Whether nothing is open and no point crosses: so it is nearly always, and quickly said."""
        if self.last is not None and self.last.is_open:
            return False
        values = [value for _, value in points]
        worst = max if self.rule.direction == Direction.ABOVE else min
        return not values or not self.rule.level_of(worst(values))


def watches(series_ids: Collection[int]) -> list[ActiveRule]:
    """What judges these series now. One statement; the caller holds the rows of the series."""
    if not series_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WATCHES, ["{" + ",".join(map(str, series_ids)) + "}"])
        return [
            ActiveRule(row[0], row[1], Rule(*row[2:6]), row[6], CrossingSpan(*row[7:12]) if row[6] else None)
            for row in cursor.fetchall()
        ]


def crossings_of(watching: Sequence[ActiveRule], news: News) -> list[PlannedBreach]:
    """What `news` comes to under each watch: only what changed. No statement, or two, whatever the size."""
    changed: list[tuple[ActiveRule, CrossingSpan, bool]] = []
    for watch in watching:
        points = news[watch.series_id]
        if watch.is_left_cold_by(points):
            continue
        in_order = ((from_micros(ts), value) for ts, value in sorted(points))
        spans = follow(watch.rule, watch.last, in_order)
        for position, span in enumerate(spans):
            is_known = watch.last is not None and position == 0
            if not is_known or span != watch.last:
                changed.append((watch, span, is_known))
    if not changed:
        return []
    versions = ThresholdVersion.objects.select_related("threshold__series__model__subject").in_bulk(
        {watch.version_id for watch, _, _ in changed}
    )
    breaches = Breach.objects.in_bulk({watch.breach_id for watch, _, is_known in changed if is_known})
    return [
        _crossing(versions[watch.version_id], span, breaches[watch.breach_id] if is_known else None)
        for watch, span, is_known in changed
    ]


def rule_of(version: ThresholdVersion) -> Rule:
    """A version as the pure judging takes it."""
    return Rule(version.direction, version.warning, version.critical, version.clear)


def _crossing(version: ThresholdVersion, span: CrossingSpan, breach: Breach | None) -> PlannedBreach:
    series = version.threshold.series
    assert series is not None  # watches() starts from series
    return PlannedBreach(
        cause=_cause(version, series),
        span=span,
        threshold=version.threshold,
        version=version,
        breach=breach,
        series_id=series.pk,
        feature=series.feature,
        summary=_summary(version, series, span),
    )


def _cause(version: ThresholdVersion, series: Series) -> Cause:
    side = "above" if version.direction == Direction.ABOVE else "below"
    return Cause(
        rule=series.metric,
        model_name=series.model_name,
        kind=series.kind,
        model=series.model,
        words=f"{spoken(series.metric)} {side} its threshold",
    )


def spoken(metric: str) -> str:
    """What tools call a metric, as a person would write it: PSI for psi, Null share for null_share."""
    words = metric.replace("_", " ").strip()
    if words.lower() in _SHORT:
        return words.upper()
    return words[:1].upper() + words[1:]


def _summary(version: ThresholdVersion, series: Series, span: CrossingSpan) -> str:
    what = " of ".join(filter(None, (series.metric, series.feature or series.slice)))
    crossed = (version.critical, version.warning) if span.level == Level.CRITICAL else (version.warning,)
    limit = next((one for one in (*crossed, version.critical) if one is not None), None)
    first = f"{span.first:.4g}" if span.first is not None else "unknown"
    return (
        f"{what} was {first}, {version.direction} {limit:.4g}" if limit is not None else f"{what} was {first}"
    )
