"""Judge new points by the thresholds in force: which breaches they open, change or clear."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from signals.mapping.text import from_micros
from signals.models import Breach, Series, ThresholdVersion
from signals.operations.breach import Cause, PlannedBreach
from signals.states import BreachLevel, Direction
from signals.thresholds import CrossingSpan, Rule, follow

# Series id -> its points to judge, (microseconds since 1970, value), unsorted. None is older than the newest
# point that was judged before.
PointsBySeries = Mapping[int, Sequence[tuple[int, float]]]

# Metric names that are abbreviations, written in capitals.
_ABBREVIATIONS = {
    "psi",
    "auc",
    "roc auc",
    "pr auc",
    "ks",
    "f1",
    "mae",
    "mse",
    "rmse",
    "mape",
    "csi",
    "kl",
    "js",
}

# Each version in force, with the newest breach of its threshold. If one is open, it is the newest.
_ACTIVE_RULES = """
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
    """A threshold version in force on a series. last: its newest crossing, None if there was none."""

    version_id: int
    series_id: int
    rule: Rule
    breach_id: int | None
    last: CrossingSpan | None

    def is_unaffected_by(self, points: Sequence[tuple[int, float]]) -> bool:
        """Return True if no crossing is open and no point crosses a limit.

        This is the common case, so it is checked first: one comparison instead of one per point.
        """
        if self.last is not None and self.last.is_open:
            return False
        values = [value for _, value in points]
        worst = max if self.rule.direction == Direction.ABOVE else min
        return not values or not self.rule.level_of(worst(values))


def active_rules(series_ids: Collection[int]) -> list[ActiveRule]:
    """Return the threshold versions in force on these series. One statement.

    The caller has locked the series.
    """
    if not series_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE_RULES, ["{" + ",".join(map(str, series_ids)) + "}"])
        return [
            ActiveRule(row[0], row[1], Rule(*row[2:6]), row[6], CrossingSpan(*row[7:12]) if row[6] else None)
            for row in cursor.fetchall()
        ]


def planned_breaches(rules: Sequence[ActiveRule], points: PointsBySeries) -> list[PlannedBreach]:
    """Return the breaches that the points open or change under each rule. At most two statements."""
    changed: list[tuple[ActiveRule, CrossingSpan, bool]] = []
    for rule in rules:
        points_of_series = points[rule.series_id]
        if rule.is_unaffected_by(points_of_series):
            continue
        in_order = ((from_micros(ts), value) for ts, value in sorted(points_of_series))
        spans = follow(rule.rule, rule.last, in_order)
        for position, span in enumerate(spans):
            is_known = rule.last is not None and position == 0
            if not is_known or span != rule.last:
                changed.append((rule, span, is_known))
    if not changed:
        return []
    versions = ThresholdVersion.objects.select_related("threshold__series__model__subject").in_bulk(
        {rule.version_id for rule, _, _ in changed}
    )
    breaches = Breach.objects.in_bulk({rule.breach_id for rule, _, is_known in changed if is_known})
    return [
        _planned_breach(versions[rule.version_id], span, breaches[rule.breach_id] if is_known else None)
        for rule, span, is_known in changed
    ]


def rule_of(version: ThresholdVersion) -> Rule:
    """Return the rule of a version, as signals.thresholds takes it."""
    return Rule(version.direction, version.warning, version.critical, version.clear)


def _planned_breach(version: ThresholdVersion, span: CrossingSpan, breach: Breach | None) -> PlannedBreach:
    series = version.threshold.series
    assert series is not None  # active_rules() reads only thresholds on series
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
        description=f"{readable(series.metric)} {side} its threshold",
    )


def readable(metric: str) -> str:
    """Return a metric's name as text for people: "PSI" for "psi", "Null share" for "null_share"."""
    name = metric.replace("_", " ").strip()
    if name.lower() in _ABBREVIATIONS:
        return name.upper()
    return name[:1].upper() + name[1:]


def _summary(version: ThresholdVersion, series: Series, span: CrossingSpan) -> str:
    """Return the first value and the limit it crossed: "psi of age was 0.31, above 0.25"."""
    metric = " of ".join(filter(None, (series.metric, series.feature or series.slice)))
    crossed = (
        (version.critical, version.warning) if span.level == BreachLevel.CRITICAL else (version.warning,)
    )
    limit = next((value for value in (*crossed, version.critical) if value is not None), None)
    first = f"{span.first:.4g}" if span.first is not None else "unknown"
    text = f"{metric} was {first}"
    return f"{text}, {version.direction} {limit:.4g}" if limit is not None else text
