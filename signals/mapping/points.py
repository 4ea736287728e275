"""A body of points, in two shapes, read into columns for set-based statements.

    {"source": "evidently", "points": [{"model": …, "metric": …, "ts": …, "value": …}]}
    {"source": "evidently", "series": [{"model": …, "metric": …, …, "points": [[ts, value], …]}]}

A point or series may also say feature, slice, kind and unit. Both shapes may stand in one body;
`"series": {…}, "points": [[ts, value], …]` is short for one series.
"""

from collections.abc import Iterator, Mapping
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

# What names a series: model, metric, feature, slice.
Name = tuple[str, str, str, str]


@dataclass(slots=True)
class Reading:
    """What a body says. Columns `items`, `keys`, `ts`, `values` go together; `keys` index `names`.

    ts: microseconds since 1970. refused: item number -> what is wrong with it. count: all items.
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


def read(body: Any, *, at: datetime) -> Reading:
    """Read a body. An item that is wrong is refused alone; a body of another shape raises Unusable."""
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
    def __init__(self, at: datetime) -> None:
        self.at = at
        self.found = Reading()
        self.known: dict[tuple, int] = {}
        self.moments: dict[Any, int] = {}

    def read(self, points: list, series: list) -> Reading:
        found = self.found
        found.count = len(points) + sum(len(one["points"]) for one in _with_points(series))
        if found.count > MAX_POINTS:
            raise Unusable(
                "points", f"More than {MAX_POINTS} points in one body. Send several smaller bodies."
            )
        self._flat_points(points)
        if series:
            self._grouped(len(points), series)
            found.count = len(found.places or ())
        if not found.count and not found.refused:
            raise Unusable("points", "The body contains no points.")
        return found

    def _flat_points(self, points: list) -> None:
        """Point by point; what a point before it said in the same words is not read again."""
        found, known, moments, take = self.found, self.known, self.moments, self._take
        for item, point in enumerate(points):
            try:
                try:
                    get = point.get
                    key = known[get("model"), get("metric"), get("feature"), get("slice")]
                    said, value = get("ts"), get("value")
                    ts = moments[said]
                    plain = type(value) in _NUMBERS and isfinite(value) and point.keys() <= _PLAIN_FIELDS
                    plain = plain and said is not True and said is not False
                except (KeyError, TypeError, AttributeError, OverflowError):
                    plain = False
                if not plain:
                    if not isinstance(point, Mapping):
                        raise Unusable("point", "Must be an object with model, metric, ts and value.")
                    take(item, self._key(point), point.get("ts"), point.get("value"))
                    continue
            except Unusable as error:
                found.refused[item] = error
                continue
            found.items.append(item)
            found.keys.append(key)
            found.ts.append(ts)
            found.values.append(float(value))

    def _grouped(self, item: int, series: list) -> None:
        self.found.places = [(-1, index) for index in range(item)]
        for number_of, one in enumerate(series):
            pairs = one.get("points") if isinstance(one, Mapping) else None
            if not isinstance(pairs, list):
                wrong_shape = Unusable("points", "Must be a list of [ts, value].")
                self.found.refused[self._placed(number_of, 0)] = wrong_shape
                continue
            try:
                key, wrong = self._key(one, grouped=True), None
            except Unusable as error:
                key, wrong = -1, error
            self._pairs(number_of, pairs, key, wrong)

    def _pairs(self, series: int, pairs: list, key: int, wrong: Unusable | None) -> None:
        found, moments, places = self.found, self.moments, self.found.places
        assert places is not None
        first = len(places)
        places.extend((series, index) for index in range(len(pairs)))
        for item, pair in enumerate(pairs, first):
            try:
                said, value = pair
                ts = moments[said]
                plain = type(value) in _NUMBERS and isfinite(value) and type(pair) is list
                plain = plain and said is not True and said is not False and wrong is None
            except (KeyError, TypeError, ValueError, OverflowError):
                plain = False
            if not plain:
                self._pair(item, key, pair, wrong)
                continue
            found.items.append(item)
            found.keys.append(key)
            found.ts.append(ts)
            found.values.append(float(value))

    def _pair(self, item: int, key: int, pair: Any, wrong: Unusable | None) -> None:
        try:
            if wrong is not None:
                raise wrong
            if not isinstance(pair, list) or len(pair) != 2:
                raise Unusable("points", "Must be [ts, value].")
            self._take(item, key, *pair)
        except Unusable as error:
            self.found.refused[item] = error

    def _placed(self, series: int, index: int) -> int:
        places = self.found.places
        assert places is not None
        places.append((series, index))
        return len(places) - 1

    def _take(self, item: int, key: int, ts: Any, value: Any) -> None:
        found = self.found
        moment = micros(ts, "ts", at=self.at)
        if type(ts) in _REMEMBERED:
            self.moments[ts] = moment
        worth = number(value)
        found.items.append(item)
        found.keys.append(key)
        found.ts.append(moment)
        found.values.append(worth)

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
        found = self.found
        key = self.known.get(name)
        if key is None:
            key = len(found.names)
            found.names.append(name)
            found.kinds.append("")
            found.units.append("")
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
            self.found.kinds[key] = self.found.kinds[key] or kind
        if unit is not None:
            self.found.units[key] = self.found.units[key] or text(unit, "unit", longest=MAX_UNIT)


_POINT_FIELDS = frozenset({"model", "metric", "feature", "slice", "kind", "unit", "ts", "value"})
_PLAIN_FIELDS = _POINT_FIELDS - {"kind", "unit"}
# Not a truth value, which equals a number.
_REMEMBERED = frozenset({str, int, float})
_NUMBERS = frozenset({int, float})
_GROUP_FIELDS = (_POINT_FIELDS - {"ts", "value"}) | {"points"}


def _with_points(series: list) -> Iterator[Mapping[str, Any]]:
    for one in series:
        if isinstance(one, Mapping) and isinstance(one.get("points"), list):
            yield one
