"""What the readers of reports share: points are collected from a report, then parsed as a body of points."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from signals.mapping import points
from signals.mapping.points import Reading
from signals.mapping.text import Unusable


class Collected:
    """Points that are collected from a report. paths: of each point, where its value is in the report."""

    def __init__(self, model: Any, ts: Any) -> None:
        self.model, self.ts = model, ts
        self.points: list[dict[str, Any]] = []
        self.paths: list[str] = []

    def add(self, path: str, metric: Any, value: Any, **fields: Any) -> None:
        """Add a point. fields: of a point (signals.mapping.points): feature, slice, kind, ts.

        Raises Unusable if the report has too many.
        """
        if len(self.points) == points.MAX_POINTS:
            raise Unusable("metrics", f"More than {points.MAX_POINTS} values in one report.")
        point = {"model": self.model, "ts": self.ts, "metric": metric, "value": value}
        self.points.append({**point, **fields})
        self.paths.append(path)

    def read(self, *, at: datetime) -> Reading:
        """Parse the points. Raises Unusable if there are none, or if no model is named."""
        if not self.model:
            raise Unusable("model", "Name the model: ?model=<name> in the address, or “model” in the body.")
        if not self.points:
            raise Unusable("metrics", "The body contains no values.")
        return points.read({"points": self.points}, at=at)


def first_named(*values: Any) -> Any:
    """Return the first value that is not None or "", None without one."""
    return next((value for value in values if value not in (None, "")), None)


def report_time(value: Any, at: datetime) -> Any:
    """Return the time of a report as points take it: UTC if it has no offset, the minute of `at` without one.

    The seconds are dropped, so that a report that is sent again within the minute adds no points.
    """
    if value in (None, ""):
        return at.replace(second=0, microsecond=0).isoformat()
    if not isinstance(value, str):
        return value
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return value
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).isoformat()


def seconds_of(milliseconds: float) -> float:
    """Return milliseconds as seconds. A whole number too large for a float stays: no time is that late."""
    try:
        return milliseconds / 1000
    except OverflowError:
        return milliseconds


def snake(name: str) -> str:
    """Return a name in lower case with underscores: "K-S p_value" is "k_s_p_value", "F1Score" "f1_score"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9.]+", "_", parted.lower()).strip("_")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def mapping_at(body: Any, *names: str) -> Mapping[str, Any]:
    """Return the object at a path of names, {} if there is none."""
    for name in names:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body if isinstance(body, Mapping) else {}
