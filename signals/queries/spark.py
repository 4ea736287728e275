"""Sparklines of series for lists: 14 days, one value a day for any number of points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from signals.states import Agreement, BreachLevel
from signals.thresholds import Rule

DAYS = 14
_TONES: dict[int, str] = {BreachLevel.CRITICAL: "bad", BreachLevel.WARNING: "warn"}
_TONE_TEXTS = {"bad": ", past its critical limit", "warn": ", past its warning limit"}

# One index probe per day and series, so that the cost does not depend on the number of points. The rules are
# those of the threshold versions in force, oldest first. Those that do not judge single values have crossings
# instead: their breaches in these days.
_LAST_OF_EACH_DAY = """
SELECT s.id, days.readings, rules.in_force, rules.number, days.moments, crossings.spans
FROM unnest(%(ids)s::bigint[]) AS s(id)
CROSS JOIN LATERAL (
    SELECT array_agg(p.value ORDER BY d.n) AS readings, array_agg(p.ts ORDER BY d.n) AS moments
    FROM generate_series(1, %(days)s) AS d(n)
    LEFT JOIN LATERAL (
        SELECT value, ts FROM signals_seriesvalue
        WHERE series_id = s.id
          AND ts > %(start)s::timestamptz + (d.n - 1) * interval '1 day'
          AND ts <= %(start)s::timestamptz + d.n * interval '1 day'
          AND last_ts > %(start)s::timestamptz + (d.n - 1) * interval '1 day'
          AND first_ts <= %(start)s::timestamptz + d.n * interval '1 day'
        ORDER BY ts DESC LIMIT 1
    ) AS p ON true
) AS days
CROSS JOIN LATERAL (
    SELECT count(*) AS number, json_agg(
        json_build_array(v.direction, v.warning, v.critical, v.clear, v.kind, v.warning_low, v.critical_low)
        ORDER BY v.id
    ) FILTER (WHERE v.kind IN ('limit', 'range')) AS in_force
    FROM signals_threshold AS t JOIN signals_thresholdversion AS v ON v.threshold_id = t.id
    WHERE t.series_id = s.id AND v.state = %(active)s
) AS rules
CROSS JOIN LATERAL (
    SELECT array_agg(ARRAY[
        extract(epoch FROM b.opened_at), coalesce(extract(epoch FROM b.cleared_at), 'infinity'), b.level
    ]) AS spans
    FROM signals_breach AS b JOIN signals_thresholdversion AS v ON v.id = b.threshold_version_id
    WHERE b.series_id = s.id AND v.kind NOT IN ('limit', 'range')
      AND (b.cleared_at IS NULL OR b.cleared_at > %(start)s)
) AS crossings
"""


@dataclass(frozen=True, slots=True)
class Spark:
    """values: the last value of each day, None without. tone: "bad", "warn" or "". limit: the first limit.

    levels: the BreachLevel of each value by the limits in force now, or of a breach of another kind of rule
    that was open at its moment; 0 for none. has_rule: whether any rule is in force.
    """

    values: list[float | None]
    tone: str = ""
    limit: float | None = None
    levels: tuple[int, ...] = ()
    has_rule: bool = False

    @property
    def description(self) -> str:
        """Return the text alternative: "14 days: 0.1 to 0.3, past its critical limit"; "" without values."""
        known = [value for value in self.values if value is not None]
        return (
            f"{len(self.values)} days: {known[0]:.4g} to {known[-1]:.4g}{_TONE_TEXTS.get(self.tone, '')}"
            if known
            else ""
        )


def sparks(series_ids: Iterable[int], *, at: datetime, days: int = DAYS) -> dict[int, Spark]:
    """Return series id -> the days before `at`, for each series with a value in them. One query.

    The caller has checked that the user may see these series.
    """
    ids = sorted(set(series_ids))
    if not ids:
        return {}
    start = at - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(
            _LAST_OF_EACH_DAY, {"ids": ids, "days": days, "start": start, "active": Agreement.ACTIVE}
        )
        rows = cursor.fetchall()
    return {
        pk: _spark(readings, moments, [Rule(*rule) for rule in rules or ()], spans or (), has_rule=number > 0)
        for pk, readings, rules, number, moments, spans in rows
        if any(reading is not None for reading in readings)
    }


def _spark(
    values: list[float | None],
    moments: Sequence[datetime | None],
    rules: list[Rule],
    spans: Iterable[Sequence[Any]],
    *,
    has_rule: bool,
) -> Spark:
    levels = [
        max(_level_of(value, rules), _level_at(moment, spans))
        for value, moment in zip(values, moments, strict=True)
    ]
    worst = next(level for value, level in zip(values[::-1], levels[::-1], strict=True) if value is not None)
    limits = [limit for rule in rules for limit in (rule.warning, rule.critical) if limit is not None]
    return Spark(values, _TONES.get(worst, ""), limits[0] if limits else None, tuple(levels), has_rule)


def _level_of(value: float | None, rules: list[Rule]) -> int:
    return 0 if value is None else max((rule.level_of(value) for rule in rules), default=0)


def _level_at(moment: datetime | None, spans: Iterable[Sequence[Any]]) -> int:
    """Return the worst level of the breaches that were open at a moment. spans: (opened, cleared, level)."""
    if moment is None:
        return 0
    at = moment.timestamp()
    return max((int(level) for opened, cleared, level in spans if opened <= at < cleared), default=0)
