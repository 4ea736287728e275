"""The fortnight of a list's series: one value a day, however many points there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from signals.models import ThresholdVersion
from signals.states import Agreement, Level
from signals.thresholds import Rule

DAYS = 14
_TONES = {Level.CRITICAL: "bad", Level.WARNING: "warn"}
_WORDS = {"bad": ", past its critical limit", "warn": ", past its warning limit"}

# One index probe a day and series: as cheap for a point a second as for a point a day.
_LAST_OF_EACH_DAY = """
SELECT s.id, array_agg(p.value ORDER BY d.n)
FROM unnest(%s::bigint[]) AS s(id)
CROSS JOIN generate_series(1, %s) AS d(n)
LEFT JOIN LATERAL (
    SELECT value FROM signals_point
    WHERE series_id = s.id
      AND ts > %s::timestamptz + (d.n - 1) * interval '1 day'
      AND ts <= %s::timestamptz + d.n * interval '1 day'
    ORDER BY ts DESC LIMIT 1
) AS p ON true
GROUP BY s.id
"""


@dataclass(frozen=True, slots=True)
class Spark:
    """values: the last value of each day, None without; limit: the first one that would be crossed."""

    values: list[float | None]
    tone: str = ""
    limit: float | None = None

    @property
    def words(self) -> str:
        known = [value for value in self.values if value is not None]
        return f"14 days: {known[0]:.4g} to {known[-1]:.4g}{_WORDS.get(self.tone, '')}" if known else ""


def sparks(series_ids: Iterable[int], *, at: datetime) -> dict[int, Spark]:
    """The fortnight before `at` of each series that has a value in it. Two queries, none without series.

    The caller has made sure that the reader may see these series.
    """
    ids = sorted(set(series_ids))
    if not ids:
        return {}
    start = at - timedelta(days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_EACH_DAY, [ids, DAYS, start, start])
        found = {pk: values for pk, values in cursor.fetchall() if any(v is not None for v in values)}
    rules = rules_of(ids)
    return {pk: _spark(values, rules.get(pk, [])) for pk, values in found.items()}


def rules_of(series_ids: Iterable[int]) -> dict[int, list[Rule]]:
    """The rules in force on each series, by its id; a series without is left out. One query."""
    found: dict[int, list[Rule]] = {}
    rows = ThresholdVersion.objects.filter(threshold__series__in=list(series_ids), state=Agreement.ACTIVE)
    limits = ("direction", "warning", "critical", "clear")
    for series_id, *rule in rows.order_by("id").values_list("threshold__series_id", *limits):
        found.setdefault(series_id, []).append(Rule(*rule))
    return found


def _spark(values: list[float | None], rules: list[Rule]) -> Spark:
    latest = next(value for value in reversed(values) if value is not None)
    worst = max((rule.level_of(latest) for rule in rules), default=0)
    limits = [limit for rule in rules for limit in (rule.warning, rule.critical) if limit is not None]
    return Spark(values, _TONES.get(worst, ""), limits[0] if limits else None)  # type: ignore[call-overload]
