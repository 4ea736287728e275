"""Judge values by a rule, in the order of their times. Pure: this module reads and writes no rows.

A value crosses a limit if value > limit (above) or value < limit (below). An open crossing ends when the
value is at `clear` or on its good side; without `clear`, as soon as no limit is crossed. None means no limit.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from signals.states import BreachLevel, Direction

# A crossing that begins within this time after the last one ended reopens it.
REOPENS_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits of a threshold version, in the unit of the series: finite, or None for no limit."""

    direction: str = Direction.ABOVE
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None

    def level_of(self, value: float) -> int:
        """Return the BreachLevel of the worst limit that the value crosses, 0 if it crosses none."""
        if self._is_beyond(value, self.critical):
            return BreachLevel.CRITICAL
        return BreachLevel.WARNING if self._is_beyond(value, self.warning) else 0

    def holds(self, value: float) -> bool:
        """Return True if an open crossing stays open at this value."""
        return bool(self.level_of(value)) or self._is_beyond(value, self.clear)

    def worse(self, first: float | None, second: float | None) -> float | None:
        """Return the worse of two values. None means unknown; None if both are."""
        known = [value for value in (first, second) if value is not None]
        if not known:
            return None
        return max(known) if self.direction == Direction.ABOVE else min(known)

    def _is_beyond(self, value: float, limit: float | None) -> bool:
        if limit is None:
            return False
        return value > limit if self.direction == Direction.ABOVE else value < limit


@dataclass(frozen=True, slots=True)
class CrossingSpan:
    """One continuous crossing. first, worst: values. level and worst never improve. cleared_at None: open."""

    opened_at: datetime
    level: int
    first: float | None = None
    worst: float | None = None
    cleared_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None


def follow(
    rule: Rule,
    last: CrossingSpan | None,
    points: Iterable[tuple[datetime, float]],
    *,
    within: timedelta = REOPENS_WITHIN,
) -> list[CrossingSpan]:
    """Return the crossings after `points`, in the order of their times.

    last: the newest crossing known before, or None. points: (time, value), sorted by time. within: a crossing
    that begins this soon after the last one reopens it.
    If `last` is given, the first returned crossing is `last` with its new values; the others are new. Several
    calls with parts of the points return the same as one call with all points.
    """
    finished: list[CrossingSpan] = []
    current = last
    for ts, value in points:
        level = rule.level_of(value)
        if current is not None and current.is_open:
            if level:
                current = replace(
                    current, level=max(current.level, level), worst=rule.worse(current.worst, value)
                )
            elif not rule.holds(value):
                current = replace(current, cleared_at=ts)
        elif level:
            if current is not None and current.cleared_at is not None and ts - current.cleared_at <= within:
                worst = rule.worse(current.worst, value)
                current = replace(current, cleared_at=None, level=max(current.level, level), worst=worst)
            else:
                if current is not None:
                    finished.append(current)
                current = CrossingSpan(opened_at=ts, level=level, first=value, worst=value)
    return [*finished, current] if current is not None else finished


def problems(rule: Rule) -> dict[str, str]:
    """Return the errors of a proposed rule: field -> how to fix it. Empty if the rule is valid."""
    limits = {"warning": rule.warning, "critical": rule.critical, "clear": rule.clear}
    errors = {
        name: "Give a finite number, or leave it empty for none."
        for name, limit in limits.items()
        if limit is not None and not math.isfinite(limit)
    }
    if rule.direction not in Direction.values:
        errors["direction"] = "Use above or below."
    if errors:
        return errors
    if rule.warning is None and rule.critical is None:
        return {"warning": "Enter at least one limit: warning or critical."}
    side = "above" if rule.direction == Direction.ABOVE else "below"
    if (
        rule.warning is not None
        and rule.critical is not None
        and not rule._is_beyond(rule.critical, rule.warning)
    ):
        errors["critical"] = f"Critical must lie {side} warning ({rule.warning:g})."
    nearest = rule.warning if rule.warning is not None else rule.critical
    if rule.clear is not None and rule._is_beyond(rule.clear, nearest):
        good_side = "below" if side == "above" else "above"
        errors["clear"] = f"Clear must lie {good_side} the first limit ({nearest:g}), or on it."
    return errors
