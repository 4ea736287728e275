"""Delete old packed points, except those near a breach of their series (ADR 0046)."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from signals.models import Series
from signals.queries.point_retention import AROUND

_PACKS = 1_000
# In place of VALUE: a row with a series and a time.
_NEAR = """
EXISTS (
  SELECT FROM signals_breach AS b
  WHERE b.series_id = VALUE.series_id AND b.opened_at <= VALUE.ts + %(around)s::interval
    AND (b.cleared_at IS NULL OR b.cleared_at >= VALUE.ts - %(around)s::interval)
)
"""
# Packs with a point that is old and not near a breach.
_OLD_PACKS = f"""
SELECT p.series_id, p.last_ts FROM signals_packedpoints AS p
WHERE p.first_ts < %(before)s AND EXISTS (
  SELECT FROM (SELECT p.series_id, unnest(p.times) AS ts) AS t
  WHERE t.ts < %(before)s AND NOT {_NEAR.replace("VALUE", "t")}
)
LIMIT %(packs)s
"""  # noqa: S608 - a constant
_TRIM = f"""
WITH opened AS (
  DELETE FROM signals_packedpoints AS p
  USING unnest(%(ids)s::bigint[], %(lasts)s::timestamptz[]) AS g(id, last_ts)
  WHERE p.series_id = g.id AND p.last_ts = g.last_ts AND p.series_id = ANY(%(locked)s::bigint[])
  RETURNING p.series_id, p.last_ts, p.times, p.values
), kept AS (
  SELECT v.series_id, v.last_ts, v.ts, v.value
  FROM (SELECT series_id, last_ts, unnest(times) AS ts, unnest(values) AS value FROM opened) AS v
  WHERE v.ts >= %(before)s OR {_NEAR.replace("VALUE", "v")}
), packed AS (
  INSERT INTO signals_packedpoints (series_id, first_ts, last_ts, times, values)
  SELECT series_id, min(ts), max(ts), array_agg(ts ORDER BY ts), array_agg(value ORDER BY ts)
  FROM kept GROUP BY series_id, last_ts
)
SELECT (SELECT coalesce(sum(cardinality(times)), 0) FROM opened) - (SELECT count(*) FROM kept)
"""  # noqa: S608 - a constant


@transaction.atomic
def delete_batch(before: datetime) -> int:
    """Delete packed points before a moment, of at most _PACKS packs. Returns how many points.

    Points that are not packed yet stay until they are. Series that are written to now are left out.
    """
    bounds: dict[str, Any] = {"before": before, "around": AROUND, "packs": _PACKS}
    with connection.cursor() as cursor:
        cursor.execute(_OLD_PACKS, bounds)
        packs = cursor.fetchall()
        if not packs:
            return 0
        rows = Series.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("pk")
        locked = list(rows.filter(pk__in={pk for pk, _ in packs}).values_list("pk", flat=True))
        ids, lasts = [pk for pk, _ in packs], [last for _, last in packs]
        cursor.execute(_TRIM, {**bounds, "ids": ids, "lasts": lasts, "locked": locked})
        return int(cursor.fetchone()[0])
