"""The fortnight of a list's series: one value a day, however many points there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from signals.models import ThresholdVersion
from signals.states import Agreement, Direction

DAYS = 14

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
    """values: the last value of each day, None without; tone: "bad" or "warn" when past its threshold."""

    values: list[float | None]
    tone: str

    @property
    def words(self) -> str:
        known = [value for value in self.values if value is not None]
        past = {"bad": ", past its critical threshold", "warn": ", past its warning threshold"}
        return f"14 days: {known[0]:.4g} to {known[-1]:.4g}{past.get(self.tone, '')}" if known else ""


def sparks(series_ids: Iterable[int], *, at: datetime) -> dict[int, Spark]:
    """The fortnight before `at` of each series that has a value in it. Two queries, none without series."""
    ids = sorted(set(series_ids))
    if not ids:
        return {}
    start = at - timedelta(days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_EACH_DAY, [ids, DAYS, start, start])
        found = {pk: values for pk, values in cursor.fetchall() if any(v is not None for v in values)}
    limits = _limits(found)
    return {pk: Spark(values, _tone(values, limits.get(pk, []))) for pk, values in found.items()}


def _limits(series_ids: Iterable[int]) -> dict[int, list[tuple[str, float | None, float | None]]]:
    found: dict[int, list[tuple[str, float | None, float | None]]] = {}
    rows = ThresholdVersion.objects.filter(
        threshold__series__in=list(series_ids), state=Agreement.ACTIVE
    ).values_list("threshold__series_id", "direction", "warning", "critical")
    for series_id, direction, warning, critical in rows:
        found.setdefault(series_id, []).append((direction, warning, critical))
    return found


def _tone(values: list[float | None], limits: list[tuple[str, float | None, float | None]]) -> str:
    latest = next(value for value in reversed(values) if value is not None)
    tones = {_crossed(latest, *limit) for limit in limits}
    return "bad" if "bad" in tones else "warn" if "warn" in tones else ""


def _crossed(value: float, direction: str, warning: float | None, critical: float | None) -> str:
    def is_past(limit: float | None) -> bool:
        if limit is None:
            return False
        return value > limit if direction == Direction.ABOVE else value < limit

    return "bad" if is_past(critical) else "warn" if is_past(warning) else ""
