"""Pack old points: up to PACK of one series in a row, in a sixth of the space (ADR 0046).

The packs of a series do not overlap, and a point is either in a pack or in the table of points.
"""

import time
from datetime import datetime, timedelta

from django.db import connection, transaction

from history import heartbeats
from signals.models import Series

PACKING = "packing"
AFTER = timedelta(days=92)
PACK = 500
_EVERY = 24 * 3600.0  # seconds
_SERIES_AT_ONCE = 20
_POINTS_AT_ONCE = 20_000  # of one series

_WITH_OLD_POINTS = """
SELECT s.id FROM signals_series s
WHERE s.id > %s AND EXISTS (SELECT FROM signals_point p WHERE p.series_id = s.id AND p.ts < %s)
ORDER BY s.id LIMIT %s
"""
# Takes the oldest points of the series out of their table, with the packs that they overlap, and the pack
# before them if it is less than half full. All of these points become new packs.
_PACK = """
WITH cuts AS (
  SELECT s.id, least(%(before)s::timestamptz, next.ts) AS ts
  FROM unnest(%(ids)s::bigint[]) AS s(id)
  LEFT JOIN LATERAL (
    SELECT ts FROM signals_point
    WHERE series_id = s.id AND ts < %(before)s ORDER BY ts OFFSET %(most)s LIMIT 1
  ) AS next ON true
), old AS (
  DELETE FROM signals_point AS p USING cuts
  WHERE p.series_id = cuts.id AND p.ts < cuts.ts AND p.ts < %(before)s
  RETURNING p.series_id, p.ts, p.value
), spans AS (
  SELECT series_id, min(ts) AS first_ts, max(ts) AS last_ts FROM old GROUP BY series_id
), opened AS (
  DELETE FROM signals_packedpoints AS p USING spans AS s
  WHERE p.series_id = s.series_id AND (
    (p.first_ts <= s.last_ts AND p.last_ts >= s.first_ts)
    OR cardinality(p.times) < %(half)s AND p.last_ts = (
      SELECT max(last_ts) FROM signals_packedpoints WHERE series_id = s.series_id AND last_ts < s.first_ts
    )
  )
  RETURNING p.series_id, p.times, p.values
), numbered AS (
  SELECT series_id, ts, value, (row_number() OVER (PARTITION BY series_id ORDER BY ts) - 1) / %(pack)s AS pack
  FROM (
    SELECT series_id, ts, value FROM old
    UNION ALL
    SELECT series_id, v.ts, v.value FROM opened CROSS JOIN LATERAL unnest(times, values) AS v(ts, value)
  ) AS points
), packed AS (
  INSERT INTO signals_packedpoints (series_id, first_ts, last_ts, times, values)
  SELECT series_id, min(ts), max(ts), array_agg(ts ORDER BY ts), array_agg(value ORDER BY ts)
  FROM numbered GROUP BY series_id, pack
), noted AS (
  UPDATE signals_series AS s SET packed_until = greatest(s.packed_until, spans.last_ts)
  FROM spans WHERE s.id = spans.series_id
)
SELECT count(*) FROM old
"""


def pack_when_due(at: datetime, *, seconds: float) -> int:
    """Pack old points, unless that was completed within the last day. See pack()."""
    last = heartbeats.read().get(PACKING)
    return pack(at, seconds=seconds) if last is None or last.age >= _EVERY else 0


def pack(at: datetime, *, seconds: float = float("inf")) -> int:
    """Pack the points that are older than AFTER. Returns how many.

    First it empties the months whose points an earlier run has packed. Begins no further batch after so many
    seconds. Then the next run goes on.
    """
    ends, before, packed, after = time.monotonic() + seconds, at - AFTER, 0, 0
    empty_months(before)
    while ids := _next_series(after, before):
        if time.monotonic() >= ends:
            return packed
        number = pack_series(ids, before=before)
        packed += number
        # Again while one of them may have more points than are packed at once.
        after = ids[-1] if number < _POINTS_AT_ONCE else after
    heartbeats.note(PACKING)
    return packed


@transaction.atomic
def pack_series(ids: list[int], *, before: datetime) -> int:
    """Pack the points of these series that are older than `before`, except of series that are written to now.

    Returns how many points were taken: at most _POINTS_AT_ONCE of each series.
    """
    rows = Series.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("pk")
    locked = list(rows.filter(pk__in=ids).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            _PACK,
            {"ids": locked, "before": before, "most": _POINTS_AT_ONCE, "half": PACK // 2, "pack": PACK},
        )
        return cursor.fetchone()[0]


def empty_months(before: datetime) -> int:
    """Give back the space of the partitions of points before a moment that have no points left."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT signals_empty_months(%s)", [before])
        return cursor.fetchone()[0]


def _next_series(after: int, before: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_WITH_OLD_POINTS, [after, before, _SERIES_AT_ONCE])
        return [pk for (pk,) in cursor.fetchall()]
