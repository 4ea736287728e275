"""Parse a body of points, in one of two shapes, into columns for set-based statements.

    {"source": "evidently", "points": [{"model": …, "metric": …, "ts": …, "value": …}]}
    {"source": "evidently", "series": [{"model": …, "metric": …, …, "points": [[ts, value], …]}]}

A point or series may also have feature, slice, kind and unit. A body may contain both shapes.
`"series": {…}, "points": [[ts, value], …]` is short for one series.

In NDJSON each line is one point of the first shape.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from signals.mapping.text import Unusable, micros, number, text
from signals.states import SignalKind

MAX_POINTS = 10_000
MAX_TEXT = 120
MAX_UNIT = 16
LIMITS = {"points": MAX_POINTS, "text": MAX_TEXT, "unit": MAX_UNIT, "bytes": 8 * 1024 * 1024}
_KINDS = frozenset(SignalKind.values)

# The name of a series: model, metric, feature, slice.
Name = tuple[str, str, str, str]


@dataclass(slots=True)
class Reading:
    """The parsed points of a body.

    items, keys, ts, values: columns of equal length, one entry per accepted point. items: its item number.
    keys: index into names, kinds and units. ts: microseconds since 1970.
    refused: item number -> error. count: number of all items.
    places: for the grouped shape, item number -> (series, index); None for the flat one.
    """

    names: list[Name] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    ts: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    refused: dict[int, Unusable] = field(default_factory=dict)
    places: list[tuple[int, int]] | None = None
    count: int = 0

    def refuse_series(self, names: Collection[Name], error: Unusable) -> None:
        """Refuse the points of these series: remove their columns and names, and note the error for each."""
        kept = [key for key, name in enumerate(self.names) if name not in names]
        new_keys = {key: position for position, key in enumerate(kept)}
        points = list(zip(self.items, self.keys, self.ts, self.values, strict=True))
        for item, key, _, _ in points:
            if key not in new_keys:
                self.refused[item] = error
        points = [point for point in points if point[1] in new_keys]
        self.items = [item for item, _, _, _ in points]
        self.keys = [new_keys[key] for _, key, _, _ in points]
        self.ts = [ts for _, _, ts, _ in points]
        self.values = [value for _, _, _, value in points]
        self.names = [self.names[key] for key in kept]
        self.kinds = [self.kinds[key] for key in kept]
        self.units = [self.units[key] for key in kept]


def of_lines(raw: bytes, parse: Callable[[bytes], Any]) -> list[Any]:
    """Return the points of an NDJSON body, one a line. Empty lines are ignored.

    parse: parses a line. It may return an Unusable, which read() refuses. At most one line more than
    MAX_POINTS is parsed, so that read() refuses the body.
    """
    lines = [line for line in raw.split(b"\n", 2 * MAX_POINTS) if line.strip()]
    return [parse(line) for line in lines[: MAX_POINTS + 1]]


def read(body: Any, *, at: datetime) -> Reading:
    """Parse a body that was received at `at`.

    An invalid item is refused alone. Raises Unusable if the body has another shape or too many points.
    """
    if not isinstance(body, Mapping):
        raise Unusable("body", "The body must be an object with “points”.")
    if unknown := sorted(set(body) - {"source", "points", "series"}):
        raise Unusable(str(unknown[0])[:80], "Unknown field. Known fields: source, points, series.")
    series, points = body.get("series"), body.get("points")
    if isinstance(series, Mapping):
        if "points" in series and points is None:
            series, points = [series], None
        else:
            series, points = [{**series, "points": points}], None
    for name, value in (("points", points), ("series", series)):
        if value is not None and not isinstance(value, list):
            raise Unusable(name, "Must be a list.")
    return _Reader(at).read(points or [], series or [])


class _Reader:
    """Fills a Reading. known: names, parsed or as sent -> key. times: times as sent -> microseconds."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.reading = Reading()
        self.known: dict[tuple, int] = {}
        self.times: dict[Any, int] = {}

    def read(self, points: list, series: list) -> Reading:
        reading = self.reading
        reading.count = len(points) + sum(len(entry["points"]) for entry in _with_points(series))
        if reading.count > MAX_POINTS:
            raise Unusable(
                "points", f"More than {MAX_POINTS} points in one body. Send several smaller bodies."
            )
        self._flat_points(points)
        if series:
            self._grouped(len(points), series)
            reading.count = len(reading.places or ())
        if not reading.count and not reading.refused:
            raise Unusable("points", "The body contains no points.")
        return reading

    def _flat_points(self, points: list) -> None:
        """Parse point by point.

        A name or time that an earlier point had in the same form is not parsed again.
        """
        reading, known, times, add = self.reading, self.known, self.times, self._add
        for item, point in enumerate(points):
            try:
                try:
                    get = point.get
                    key = known[get("model"), get("metric"), get("feature"), get("slice")]
                    sent, value = get("ts"), get("value")
                    ts = times[sent]
                    is_plain = type(value) in _NUMBERS and isfinite(value) and point.keys() <= _PLAIN_FIELDS
                    is_plain = is_plain and sent is not True and sent is not False
                except (KeyError, TypeError, AttributeError, OverflowError):
                    is_plain = False
                if not is_plain:
                    if isinstance(point, Unusable):
                        raise point
                    if not isinstance(point, Mapping):
                        raise Unusable("point", "Must be an object with model, metric, ts and value.")
                    add(item, self._key(point), point.get("ts"), point.get("value"))
                    continue
            except Unusable as error:
                reading.refused[item] = error.without_frames()
                continue
            reading.items.append(item)
            reading.keys.append(key)
            reading.ts.append(ts)
            reading.values.append(float(value))

    def _grouped(self, item: int, series: list) -> None:
        """Parse the points of each series. item: the number of the first one."""
        self.reading.places = [(-1, index) for index in range(item)]
        for position, entry in enumerate(series):
            pairs = entry.get("points") if isinstance(entry, Mapping) else None
            if not isinstance(pairs, list):
                wrong_shape = Unusable("points", "Must be a list of [ts, value].")
                self.reading.refused[self._add_place(position, 0)] = wrong_shape
                continue
            series_error: Unusable | None = None
            try:
                key = self._key(entry, grouped=True)
            except Unusable as error:
                key, series_error = -1, error
            self._pairs(position, pairs, key, series_error)

    def _pairs(self, series: int, pairs: list, key: int, series_error: Unusable | None) -> None:
        """Parse the pairs of one series. series_error: refuses all of them."""
        reading, times, places = self.reading, self.times, self.reading.places
        assert places is not None
        first = len(places)
        places.extend((series, index) for index in range(len(pairs)))
        for item, pair in enumerate(pairs, first):
            try:
                sent, value = pair
                ts = times[sent]
                is_plain = type(value) in _NUMBERS and isfinite(value) and type(pair) is list
                is_plain = is_plain and sent is not True and sent is not False and series_error is None
            except (KeyError, TypeError, ValueError, OverflowError):
                is_plain = False
            if not is_plain:
                self._pair(item, key, pair, series_error)
                continue
            reading.items.append(item)
            reading.keys.append(key)
            reading.ts.append(ts)
            reading.values.append(float(value))

    def _pair(self, item: int, key: int, pair: Any, series_error: Unusable | None) -> None:
        try:
            if series_error is not None:
                raise series_error
            if not isinstance(pair, list) or len(pair) != 2:
                raise Unusable("points", "Must be [ts, value].")
            self._add(item, key, *pair)
        except Unusable as error:
            self.reading.refused[item] = error.without_frames()

    def _add_place(self, series: int, index: int) -> int:
        places = self.reading.places
        assert places is not None
        places.append((series, index))
        return len(places) - 1

    def _add(self, item: int, key: int, ts: Any, value: Any) -> None:
        reading = self.reading
        microseconds = micros(ts, "ts", at=self.at)
        if type(ts) in _CACHED_TYPES:
            self.times[ts] = microseconds
        converted = number(value)
        reading.items.append(item)
        reading.keys.append(key)
        reading.ts.append(microseconds)
        reading.values.append(converted)

    def _key(self, point: Mapping[str, Any], *, grouped: bool = False) -> int:
        ident = (point.get("model"), point.get("metric"), point.get("feature"), point.get("slice"))
        try:
            key = self.known.get(ident)
        except TypeError:
            key = None
        if key is None:
            key = self._new_key(ident)
        if len(point) > 4:
            self._describe(key, point, grouped)
        return key

    def _new_key(self, ident: tuple) -> int:
        name: Name = (
            text(ident[0], "model", longest=MAX_TEXT, is_needed=True),
            text(ident[1], "metric", longest=MAX_TEXT, is_needed=True),
            text(ident[2], "feature", longest=MAX_TEXT),
            text(ident[3], "slice", longest=MAX_TEXT),
        )
        reading = self.reading
        key = self.known.get(name)
        if key is None:
            key = len(reading.names)
            reading.names.append(name)
            reading.kinds.append("")
            reading.units.append("")
            self.known[name] = key
        self.known[ident] = key
        return key

    def _describe(self, key: int, point: Mapping[str, Any], grouped: bool) -> None:
        known = _GROUP_FIELDS if grouped else _POINT_FIELDS
        if not point.keys() <= known:
            unknown = min(str(name) for name in point.keys() - known)
            raise Unusable(unknown[:80], f"Unknown field. Known fields: {', '.join(sorted(known))}.")
        kind, unit = point.get("kind"), point.get("unit")
        if kind is not None:
            if not isinstance(kind, str) or kind not in _KINDS:
                raise Unusable("kind", f"Use one of {', '.join(SignalKind.values)}.")
            self.reading.kinds[key] = self.reading.kinds[key] or kind
        if unit is not None:
            self.reading.units[key] = self.reading.units[key] or text(unit, "unit", longest=MAX_UNIT)


_POINT_FIELDS = frozenset({"model", "metric", "feature", "slice", "kind", "unit", "ts", "value"})
_PLAIN_FIELDS = _POINT_FIELDS - {"kind", "unit"}
# Types of times that are cached. Not bool: True equals 1 as a key.
_CACHED_TYPES = frozenset({str, int, float})
_NUMBERS = frozenset({int, float})
_GROUP_FIELDS = (_POINT_FIELDS - {"ts", "value"}) | {"points"}


def _with_points(series: list) -> Iterator[Mapping[str, Any]]:
    """Yield the series that have a list of points."""
    for entry in series:
        if isinstance(entry, Mapping) and isinstance(entry.get("points"), list):
            yield entry
