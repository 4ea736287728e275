"""Judge new points by the thresholds in force: which breaches they open, change or clear."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from signals.mapping.text import from_micros
from signals.measures import measures, points_before, reach
from signals.models import Breach, Series, ThresholdVersion
from signals.operations.breach import Cause, PlannedBreach
from signals.rule_text import limit_text, measured_text
from signals.states import SIZED, BreachLevel, RuleDirection, RuleKind
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
SELECT v.id, t.series_id, v.direction, v.warning, v.critical, v.clear, v.kind, v.warning_low,
       v.critical_low, v.clear_low, v.needed, v.among, v.window_hours, v.reopen_hours,
       b.id, b.opened_at, b.level, b.first_value, b.worst_value, b.cleared_at
FROM signals_threshold t
JOIN signals_thresholdversion v ON v.threshold_id = t.id AND v.state = 'active'
LEFT JOIN LATERAL (
  SELECT * FROM signals_breach WHERE threshold_id = t.id ORDER BY opened_at DESC, id DESC LIMIT 1
) b ON true
WHERE t.series_id = ANY(%s::bigint[])
ORDER BY v.id
"""
# The points before a time that the measures of a rule need, oldest first. The newest packs are opened first,
# until there are enough points.
_HISTORY = """
SELECT g.n - 1, p.ts, p.value
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::int[]) WITH ORDINALITY
     AS g(series_id, before, since, count, n)
CROSS JOIN LATERAL (
  (
    SELECT ts, value FROM signals_point
    WHERE series_id = g.series_id AND ts < g.before AND ts >= coalesce(g.since, '-infinity')
    ORDER BY ts DESC LIMIT g.count
  ) UNION ALL (
    SELECT point.ts, point.value
    FROM (
      SELECT times, values FROM signals_packedpoints
      WHERE series_id = g.series_id AND first_ts < g.before AND last_ts >= coalesce(g.since, '-infinity')
      ORDER BY last_ts DESC
    ) AS pack
    CROSS JOIN LATERAL (
      SELECT v.ts, v.value FROM unnest(pack.times, pack.values) AS v(ts, value)
      WHERE v.ts < g.before AND v.ts >= coalesce(g.since, '-infinity') ORDER BY v.ts DESC
    ) AS point
    LIMIT g.count
  )
  ORDER BY ts DESC LIMIT g.count
) p
ORDER BY g.n, p.ts
"""
Line = list[tuple[datetime, float]]


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
        if not points:
            return True
        if self.rule.needs_history or (self.last is not None and self.last.is_open):
            return False
        values = [value for _, value in points]
        if self.rule.kind == RuleKind.RANGE:
            return not self.rule.level_of(max(values)) and not self.rule.level_of(min(values))
        worst = max if self.rule.is_worse_above else min
        return not self.rule.level_of(worst(values))


def active_rules(series_ids: Collection[int]) -> list[ActiveRule]:
    """Return the threshold versions in force on these series. One statement.

    The caller has locked the series.
    """
    if not series_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE_RULES, ["{" + ",".join(map(str, series_ids)) + "}"])
        return [
            ActiveRule(
                row[0], row[1], Rule(*row[2:14]), row[14], CrossingSpan(*row[15:20]) if row[14] else None
            )
            for row in cursor.fetchall()
        ]


def planned_breaches(rules: Sequence[ActiveRule], points: PointsBySeries) -> list[PlannedBreach]:
    """Return the breaches that the points open or change under each rule. At most three statements."""
    to_judge: list[tuple[ActiveRule, Line]] = [
        (rule, [(from_micros(ts), value) for ts, value in sorted(points[rule.series_id])])
        for rule in rules
        if not rule.is_unaffected_by(points[rule.series_id])
    ]
    histories = _histories([(rule, line) for rule, line in to_judge if rule.rule.needs_history])
    return changed_breaches(
        [(rule, measures(rule.rule, line, histories.get(rule.version_id, ()))) for rule, line in to_judge]
    )


def _histories(lines: Sequence[tuple[ActiveRule, Line]]) -> dict[int, Line]:
    """Return version id -> the points before its line that its measures need. One statement for all."""
    histories: dict[int, Line] = {rule.version_id: [] for rule, _ in lines}
    if not lines:
        return histories
    columns: list[tuple[int, datetime, datetime | None, int]] = []
    for rule, line in lines:
        before, back = line[0][0], reach(rule.rule)
        columns.append((rule.series_id, before, _earlier(before, back), points_before(rule.rule)))
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [list(column) for column in zip(*columns, strict=True)])
        for position, ts, value in cursor.fetchall():
            histories[lines[position][0].version_id].append((ts, value))
    return histories


def _earlier(moment: datetime, back: timedelta | None) -> datetime | None:
    """Return the moment `back` before, None if there is no bound or it is before the first year."""
    try:
        return moment - back if back is not None else None
    except OverflowError:
        return None


def changed_breaches(judged: Sequence[tuple[ActiveRule, Line]]) -> list[PlannedBreach]:
    """Return the breaches that measures open or change, each rule with its own. At most two statements."""
    changed: list[tuple[ActiveRule, CrossingSpan, bool]] = []
    for rule, measured in judged:
        for position, span in enumerate(follow(rule.rule, rule.last, measured)):
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
    return Cause(
        rule=series.metric,
        model_name=series.model_name,
        kind=series.kind,
        model=series.model,
        description=f"{readable(series.metric)} {_crossing(version)}",
    )


def _crossing(version: ThresholdVersion) -> str:
    """Return how a metric crosses the rule, for the title of a group."""
    texts = {
        RuleKind.RANGE: "outside its range",
        RuleKind.CHANGE: "changed too much",
        RuleKind.DEVIATION: "unlike its own history",
        RuleKind.SILENCE: "without data",
    }
    side = "below" if version.direction == RuleDirection.BELOW else "above"
    return texts.get(RuleKind(version.kind), f"{side} its threshold")


def readable(metric: str) -> str:
    """Return a metric's name as text for people: "PSI" for "psi", "Null share" for "null_share"."""
    name = metric.replace("_", " ").strip()
    if name.lower() in _ABBREVIATIONS:
        return name.upper()
    return name[:1].upper() + name[1:]


def _summary(version: ThresholdVersion, series: Series, span: CrossingSpan) -> str:
    """Return the first measure and the limit it crossed: "latency was 120 ms, above 100".

    The first measure of a silence is its limit, so it is said once.
    """
    metric = " of ".join(filter(None, (series.metric, series.feature or series.slice)))
    levels = (span.level, BreachLevel.WARNING, BreachLevel.CRITICAL)
    limit = next((text for level in levels if (text := limit_text(version, level, _figure))), "")
    first = measured_text(version, span.first, _figure) if span.first is not None else "unknown"
    if version.kind == RuleKind.SILENCE:
        return f"{metric} had {first}"
    if version.kind not in SIZED:
        return f"{metric} was {f'{first} {series.unit}'.strip()}" + (f", {limit}" if limit else "")
    return f"{metric} had {first}" + (f", {limit}" if limit else "")


def _figure(value: float) -> str:
    return f"{value:.4g}"
