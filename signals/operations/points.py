"""Store points and judge them, in one transaction and a constant number of statements.

A point that is older than the newest judged point of its series is stored, but changes no breach.
If the newest value is corrected, it is judged again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction

from kit.actor import Actor
from signals.mapping.points import Name, Reading
from signals.mapping.text import Unusable
from signals.models import Source
from signals.operations import breach, judging
from signals.operations import series as series_operations
from signals.operations.months import with_months
from signals.states import ItemResult

_TS = "timestamptz 'epoch' + g.ts * interval '1 microsecond'"
_LOCK_SERIES = """
SELECT g.n - 1, s.id, (extract(epoch FROM s.latest_ts) * 1000000)::bigint,
       (extract(epoch FROM s.packed_until) * 1000000)::bigint
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
     AS g(model_name, metric, feature, slice, n)
JOIN signals_series s
  ON s.model_name = g.model_name AND s.metric = g.metric AND s.feature = g.feature AND s.slice = g.slice
ORDER BY s.id
FOR NO KEY UPDATE OF s
"""
_STORED_VALUES = f"""
SELECT array_agg(p.value ORDER BY g.n)
FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS g(series_id, ts, n)
LEFT JOIN signals_point p ON p.series_id = g.series_id AND p.ts = {_TS}
"""  # noqa: S608 - a constant
_PACK_OF_POINT = f"""
SELECT last_ts, times, values FROM signals_packedpoints
WHERE series_id = g.series_id AND last_ts >= {_TS} ORDER BY last_ts LIMIT 1
"""  # noqa: S608 - a constant
_PACKED_VALUES = f"""
SELECT array_agg(p.values[array_position(p.times, {_TS})] ORDER BY g.n)
FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS g(series_id, ts, n)
LEFT JOIN LATERAL ({_PACK_OF_POINT}) AS p ON true
"""  # noqa: S608 - a constant
_INSERT = f"""
INSERT INTO signals_point (series_id, ts, value)
SELECT g.series_id, {_TS}, g.value
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS g(series_id, ts, value)
ON CONFLICT (series_id, ts) DO NOTHING
"""  # noqa: S608 - a constant
_CORRECT = f"""
UPDATE signals_point p SET value = g.value
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS g(series_id, ts, value)
WHERE p.series_id = g.series_id AND p.ts = {_TS}
"""  # noqa: S608 - a constant
_CORRECT_PACKED = f"""
UPDATE signals_packedpoints AS p
SET values = (
  SELECT array_agg(coalesce(new.value, old.value) ORDER BY old.ts)
  FROM unnest(p.times, p.values) AS old(ts, value)
  LEFT JOIN unnest(c.times, c.values) AS new(ts, value) ON new.ts = old.ts
)
FROM (
  SELECT g.series_id, pack.last_ts, array_agg({_TS}) AS times, array_agg(g.value) AS values
  FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS g(series_id, ts, value)
  CROSS JOIN LATERAL ({_PACK_OF_POINT}) AS pack
  GROUP BY g.series_id, pack.last_ts
) AS c
WHERE p.series_id = c.series_id AND p.last_ts = c.last_ts
"""  # noqa: S608 - a constant
_CORRECTIONS = f"""
INSERT INTO signals_correction (series_id, ts, old_value, new_value, at)
SELECT g.series_id, {_TS}, g.old, g.new, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[]) AS g(series_id, ts, old, new)
"""  # noqa: S608 - a constant
_LATEST = f"""
UPDATE signals_series s SET latest_ts = {_TS}, latest_value = g.value
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS g(series_id, ts, value)
WHERE s.id = g.series_id
"""  # noqa: S608 - a constant
# The common case in one round trip: points that are newer than all before.
_INSERT_NEWEST = f"WITH stored AS ({_INSERT}) {_LATEST}"


@dataclass(slots=True)
class Stored:
    """The result of storing a reading.

    results: an ItemResult per item of the reading, None if mapping already refused the item.
    series_ids: ids of the reading's series, indexed by its keys. breaches: what settle() has to write.
    """

    results: list[str | None]
    series_ids: list[int] = field(default_factory=list)
    breaches: list[breach.PlannedBreach] = field(default_factory=list)


def store(reading: Reading, *, source: Source, by: Actor, at: datetime) -> Stored:
    """Store the points of a reading and judge them, all or nothing. Creates unknown series; see put().

    Points of series that the source may not create are refused in the reading.
    """
    try:
        return with_months(lambda: _store(reading, by=by, at=at), at=at)
    except MissingRows:
        with transaction.atomic():
            missing = create_series(reading, source=source, by=by, at=at)
            if missing:
                reading.refuse_series(missing, too_many_series(source))
            return with_months(lambda: _store(reading, by=by, at=at), at=at)


def _store(reading: Reading, *, by: Actor, at: datetime) -> Stored:
    stored = put(reading, at=at)
    breach.lock_causes(planned.cause.key for planned in stored.breaches)
    breach.settle(stored.breaches, by=by, at=at)
    return stored


class MissingRows(Exception):
    """A series or rule does not exist yet.

    The caller rolls back, which releases the locks, and creates the rows first: rows are always created
    before others are locked, which prevents deadlocks.
    """


def create_series(reading: Reading, *, source: Source, by: Actor, at: datetime) -> set[Name]:
    """Create the series of a reading that do not exist yet.

    Returns the names of those that the source may not create, because it has too many.
    """
    return series_operations.create_missing(
        reading.names, reading.kinds, reading.units, source=source, by=by, at=at
    )


def too_many_series(source: Source) -> Unusable:
    """Return the error of a point whose series the source may not create."""
    return Unusable(
        "series",
        f"The source “{source.slug}” has {settings.MAX_SERIES_OF_SOURCE:,} series, so no new one is created."
        " Check for a name that changes with each call, such as the id of a run in “slice”."
        " RISKHUB_MAX_SERIES sets the limit.",
    )


def put(reading: Reading, *, at: datetime, keeps_first: bool = False) -> Stored:
    """Lock the series of a reading, write its points and judge them.

    The caller passes the returned breaches to settle(). A point with the same series, time and value as a
    stored one is a duplicate. Another value for the same time corrects it, and a Correction keeps the old
    value; with keeps_first it counts as a duplicate instead.
    Raises MissingRows before anything is written. At most six statements for any number of points, and two
    more if some of them are as old as packed ones.
    """
    stored = Stored(results=[None] * reading.count)
    if not reading.items:
        return stored
    ids, latest, packed = _locked(reading)
    stored.series_ids = ids
    series_ids = [ids[key] for key in reading.keys]
    points = _SortedPoints(reading, series_ids, latest, packed, keeps_first)
    points.copy_results_to(stored.results)
    _write(points, at)
    stored.breaches = _judge(points)
    return stored


class _SortedPoints:
    """The points of a reading, sorted into new, corrected and known, as if they had come one by one.

    A key is (series id, microseconds since 1970). new, corrected: key -> value to write.
    corrections: (series id, microseconds, old value, new value). results: one per point of the reading.
    latest: series id -> microseconds of its newest stored point, None if it has no point.
    packed_until: series id -> microseconds until which its points may be packed, without series that have no
    packs. packed: the keys of packed points.
    """

    def __init__(
        self,
        reading: Reading,
        series_ids: Sequence[int],
        latest: dict[int, int | None],
        packed_until: dict[int, int],
        keeps_first: bool,
    ) -> None:
        self.reading, self.latest, self.keeps_first = reading, latest, keeps_first
        self.packed: frozenset[tuple[int, int]] = frozenset()
        self.corrections: list[tuple[int, int, float, float]] = []
        self.corrected: dict[tuple[int, int], float] = {}
        self.results: list[str] = []
        keys = list(zip(series_ids, reading.ts, strict=True))
        self.new = dict(zip(keys, reading.values, strict=True))
        late = [key for key in keys if (newest := latest[key[0]]) is not None and key[1] <= newest]
        if late or len(self.new) != len(keys):
            self._sort(keys, self._stored(late, packed_until) if late else {})
        else:
            self.results = [ItemResult.STORED] * len(keys)

    def copy_results_to(self, results: list[str | None]) -> None:
        """Write the result of each point to the position of its item in `results`."""
        for item, result in zip(self.reading.items, self.results, strict=True):
            results[item] = result

    def newest(self) -> dict[int, tuple[int, float]]:
        """Return series id -> (microseconds, value) for each series whose newest point is written here."""
        newest: dict[int, tuple[int, float]] = {}
        latest = self.latest
        for points in (self.new, self.corrected):
            for (series_id, ts), value in points.items():
                known = newest[series_id][0] if series_id in newest else latest[series_id]
                if known is None or ts >= known:
                    newest[series_id] = (ts, value)
        return newest

    def _stored(
        self, late: Sequence[tuple[int, int]], packed_until: dict[int, int]
    ) -> dict[tuple[int, int], float]:
        """Return key -> value of those of the keys that are stored already, packed or not."""
        stored = _values_of(late, _STORED_VALUES)
        if old := [key for key in late if key[1] <= packed_until.get(key[0], -1)]:
            packed = _values_of(old, _PACKED_VALUES)
            self.packed = frozenset(packed)
            stored |= packed
        return stored

    def _sort(self, keys: Sequence[tuple[int, int]], stored: dict[tuple[int, int], float]) -> None:
        present, self.new = dict(stored), {}
        for key, value in zip(keys, self.reading.values, strict=True):
            old = present.get(key)
            if old is None:
                self.results.append(ItemResult.STORED)
                self.new[key] = value
            elif old == value or self.keeps_first:
                self.results.append(ItemResult.DUPLICATE)
                continue
            else:
                self.results.append(ItemResult.CORRECTED)
                self.corrections.append((*key, old, value))
                (self.corrected if key in stored else self.new)[key] = value
            present[key] = value


def _values_of(keys: Sequence[tuple[int, int]], statement: str) -> dict[tuple[int, int], float]:
    """Return key -> stored value for those of the keys that the statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, _arrays(keys))
        values = cursor.fetchone()[0]
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def _locked(reading: Reading) -> tuple[list[int], dict[int, int | None], dict[int, int]]:
    """Lock the series of a reading until the transaction ends.

    Returns their ids, indexed by key; series id -> microseconds of the newest point, None without points;
    and series id -> microseconds until which points are packed. Raises MissingRows if a series is missing.
    """
    ids, latest, packed = [0] * len(reading.names), {}, {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SERIES, [list(column) for column in zip(*reading.names, strict=True)])
        rows = cursor.fetchall()
    if len(rows) != len(reading.names):
        raise MissingRows
    for key, pk, newest, packed_until in rows:
        ids[key] = pk
        latest[pk] = newest
        if packed_until is not None:
            packed[pk] = packed_until
    return ids, latest, packed


def _write(points: _SortedPoints, at: datetime) -> None:
    newest = [(pk, *row) for pk, row in points.newest().items()]
    with connection.cursor() as cursor:
        if points.new and newest:
            cursor.execute(_INSERT_NEWEST, [*_columns(points.new), *_arrays(newest)])
        elif points.new:
            cursor.execute(_INSERT, _columns(points.new))
        elif newest:
            cursor.execute(_LATEST, _arrays(newest))
        if points.corrected:
            cursor.execute(_CORRECT, _columns(points.corrected))
        if corrected := {key: value for key, value in points.corrected.items() if key in points.packed}:
            cursor.execute(_CORRECT_PACKED, _columns(corrected))
        if points.corrections:
            cursor.execute(_CORRECTIONS, [at, *_arrays(points.corrections)])


def _judge(points: _SortedPoints) -> list[breach.PlannedBreach]:
    """Return the breaches of the written points that are not older than the newest judged point."""
    rules = judging.active_rules(
        {series_id for written in (points.new, points.corrected) for series_id, _ in written}
    )
    if not rules:
        return []
    to_judge: dict[int, list[tuple[int, float]]] = {rule.series_id: [] for rule in rules}
    for written in (points.new, points.corrected):
        for (series_id, ts), value in written.items():
            if series_id in to_judge and ((newest := points.latest[series_id]) is None or ts >= newest):
                to_judge[series_id].append((ts, value))
    return judging.planned_breaches(rules, to_judge)


def _columns(points: dict[tuple[int, int], float]) -> list[str]:
    """Return series ids, times and values of points as three arrays."""
    ids, times = [pk for pk, _ in points], [ts for _, ts in points]
    return [_array(ids), _array(times), _array(list(points.values()))]


def _arrays(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_array(column) for column in zip(*rows, strict=True)]


def _array(numbers: Sequence[Any]) -> str:
    """Return the numbers as a PostgreSQL array literal, so that any number of them is one parameter."""
    return "{" + orjson.dumps(numbers).decode()[1:-1] + "}"
