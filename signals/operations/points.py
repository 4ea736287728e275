"""Points: stored as they come, in a constant number of statements, then judged, in one transaction.

A point that is older than the newest judged one of its series is stored and changes no breach: it came too
late to be news. A corrected newest value is judged again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from kit.actor import Actor
from signals.mapping.points import Reading
from signals.models import Source
from signals.operations import breach, judging
from signals.operations import series as series_operations
from signals.states import ItemResult

_TS = "timestamptz 'epoch' + g.ts * interval '1 microsecond'"
_LOCK_SERIES = """
SELECT g.n - 1, s.id, (extract(epoch FROM s.latest_ts) * 1000000)::bigint
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
     AS g(model_name, metric, feature, slice, n)
JOIN signals_series s
  ON s.model_name = g.model_name AND s.metric = g.metric AND s.feature = g.feature AND s.slice = g.slice
ORDER BY s.id
FOR NO KEY UPDATE OF s
"""
_THERE = f"""
SELECT g.n, p.value
FROM unnest(%s::int[], %s::bigint[], %s::bigint[]) AS g(n, series_id, ts)
JOIN signals_point p ON p.series_id = g.series_id AND p.ts = {_TS}
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
    """What became of a body. fates: one an item of the reading, None where it was refused before.

    series: the ids of the reading's series, by its keys.
    """

    fates: list[str | None]
    series: list[int] = field(default_factory=list)
    crossings: list[breach.PlannedBreach] = field(default_factory=list)


def store(reading: Reading, *, source: Source, by: Actor, at: datetime) -> Stored:
    """Store the points of a body and judge them, all or nothing. Unknown series are born; see put()."""
    try:
        with transaction.atomic():
            return _store(reading, by=by, at=at)
    except Unborn:
        with transaction.atomic():
            bear(reading, source=source, by=by, at=at)
            return _store(reading, by=by, at=at)


def _store(reading: Reading, *, by: Actor, at: datetime) -> Stored:
    stored = put(reading, at=at)
    breach.lock_causes(one.cause.key for one in stored.crossings)
    breach.settle(stored.crossings, by=by, at=at)
    return stored


class Unborn(Exception):
    """A series is not there yet. What was locked is let go, for births come first in the order of locks."""


def bear(reading: Reading, *, source: Source, by: Actor, at: datetime) -> None:
    """Make the series of a reading that are not there."""
    series_operations.bear(reading.names, reading.kinds, reading.units, source=source, by=by, at=at)


def put(reading: Reading, *, at: datetime, keeps_first: bool = False) -> Stored:
    """Write the points under the locks of their series, and say what they come to; settle() is the caller's.

    The same point twice is a duplicate; another value for its moment corrects it, and the old one is kept
    as a Correction (keeps_first: it is a duplicate too). Raises Unborn, having written nothing.
    Six statements at most, whatever the size.
    """
    stored = Stored(fates=[None] * reading.count)
    if not reading.items:
        return stored
    ids, latest = _locked(reading)
    stored.series = ids
    series = [ids[key] for key in reading.keys]
    news = _Sorted(reading, series, latest, keeps_first)
    news.tell(stored.fates)
    _write(news, at)
    stored.crossings = _judge(news)
    return stored


class _Sorted:
    """The points of a reading sorted into new, corrected and known, as if they had come one by one."""

    def __init__(
        self, reading: Reading, series: Sequence[int], latest: dict[int, int | None], keeps_first: bool
    ) -> None:
        self.reading, self.series, self.latest, self.keeps_first = reading, series, latest, keeps_first
        self.corrections: list[tuple[int, int, float, float]] = []
        self.changed: dict[tuple[int, int], float] = {}
        self.fates: list[str] = []
        keys = list(zip(series, reading.ts, strict=True))
        self.fresh = dict(zip(keys, reading.values, strict=True))
        late = [n for n, (one, ts) in enumerate(keys) if (newest := latest[one]) is not None and ts <= newest]
        if late or len(self.fresh) != len(keys):
            self._sort(keys, self._there(keys, late) if late else {})
        else:
            self.fates = [ItemResult.STORED] * len(keys)

    def tell(self, fates: list[str | None]) -> None:
        for item, fate in zip(self.reading.items, self.fates, strict=True):
            fates[item] = fate

    def newest(self) -> dict[int, tuple[int, float]]:
        """The newest of what was written, of each series where it is the newest of all."""
        found: dict[int, tuple[int, float]] = {}
        latest = self.latest
        for points in (self.fresh, self.changed):
            for (series, ts), value in points.items():
                known = found[series][0] if series in found else latest[series]
                if known is None or ts >= known:
                    found[series] = (ts, value)
        return found

    def _there(self, keys: Sequence[tuple[int, int]], late: Sequence[int]) -> dict[tuple[int, int], float]:
        with connection.cursor() as cursor:
            cursor.execute(_THERE, [_array(late), *_arrays([keys[n] for n in late])])
            return {keys[n]: value for n, value in cursor.fetchall()}

    def _sort(self, keys: Sequence[tuple[int, int]], there: dict[tuple[int, int], float]) -> None:
        present, self.fresh = dict(there), {}
        for key, value in zip(keys, self.reading.values, strict=True):
            old = present.get(key)
            if old is None:
                self.fates.append(ItemResult.STORED)
                self.fresh[key] = value
            elif old == value or self.keeps_first:
                self.fates.append(ItemResult.DUPLICATE)
                continue
            else:
                self.fates.append(ItemResult.CORRECTED)
                self.corrections.append((*key, old, value))
                (self.changed if key in there else self.fresh)[key] = value
            present[key] = value


def _locked(reading: Reading) -> tuple[list[int], dict[int, int | None]]:
    """The ids of the reading's series, by key, and their newest moments; the rows are ours until the end."""
    ids, latest = [0] * len(reading.names), {}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SERIES, [list(column) for column in zip(*reading.names, strict=True)])
        rows = cursor.fetchall()
    if len(rows) != len(reading.names):
        raise Unborn
    for key, pk, newest in rows:
        ids[key] = pk
        latest[pk] = newest
    return ids, latest


def _write(news: _Sorted, at: datetime) -> None:
    newest = [(pk, *point) for pk, point in news.newest().items()]
    with connection.cursor() as cursor:
        if news.fresh and newest:
            cursor.execute(_INSERT_NEWEST, [*_arrays(_flat(news.fresh)), *_arrays(newest)])
        elif news.fresh:
            cursor.execute(_INSERT, _arrays(_flat(news.fresh)))
        elif newest:
            cursor.execute(_LATEST, _arrays(newest))
        if news.changed:
            cursor.execute(_CORRECT, _arrays(_flat(news.changed)))
        if news.corrections:
            cursor.execute(_CORRECTIONS, [at, *_arrays(news.corrections)])


def _judge(news: _Sorted) -> list[breach.PlannedBreach]:
    """The crossings that come of what is not older than what was judged before."""
    watches = judging.watches({series for points in (news.fresh, news.changed) for series, _ in points})
    if not watches:
        return []
    to_judge: dict[int, list[tuple[int, float]]] = {watch.series_id: [] for watch in watches}
    for points in (news.fresh, news.changed):
        for (series, ts), value in points.items():
            if series in to_judge and ((newest := news.latest[series]) is None or ts >= newest):
                to_judge[series].append((ts, value))
    return judging.crossings_of(watches, to_judge)


def _flat(points: dict[tuple[int, int], float]) -> list[tuple[Any, ...]]:
    return [(*key, value) for key, value in points.items()]


def _arrays(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_array(column) for column in zip(*rows, strict=True)]


def _array(numbers: Sequence[Any]) -> str:
    """Numbers as PostgreSQL writes an array: one parameter, whatever the size."""
    return "{" + ",".join(map(repr, numbers)) + "}"
