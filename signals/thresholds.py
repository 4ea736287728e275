"""Judging: what a rule says of values in the order of their time. Pure; the rows are somebody else's.

Crossing: value > limit (above), value < limit (below). An open crossing ends when the value is back at
`clear` or beyond it on the good side; without `clear`, as soon as no limit is crossed. A null limit is none.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from signals.states import Direction, Level

# A crossing that comes back within this time is the same one, reopened.
REOPENS_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a threshold version says. Limits are None or finite."""

    direction: str = Direction.ABOVE
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None

    def level_of(self, value: float) -> int:
        """The worst limit that the value crosses: a Level, or 0 for none."""
        if self._is_beyond(value, self.critical):
            return Level.CRITICAL
        return Level.WARNING if self._is_beyond(value, self.warning) else 0

    def holds(self, value: float) -> bool:
        """Whether a crossing that is open stays open at this value."""
        return bool(self.level_of(value)) or self._is_beyond(value, self.clear)

    def worse(self, one: float | None, other: float | None) -> float | None:
        """The worse of two values; None counts as nothing known."""
        known = [value for value in (one, other) if value is not None]
        if not known:
            return None
        return max(known) if self.direction == Direction.ABOVE else min(known)

    def _is_beyond(self, value: float, limit: float | None) -> bool:
        if limit is None:
            return False
        return value > limit if self.direction == Direction.ABOVE else value < limit


@dataclass(frozen=True, slots=True)
class CrossingSpan:
    """One continuous crossing. level and worst only ever get worse; cleared_at None means open."""

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
    """The crossings after `points`, in the order of their time.

    last: the newest crossing known before, or None. When there was one, the first of the answer is it, as it
    stands now; the others are new. Following in parts gives the same as following at once.
    """
    done: list[CrossingSpan] = []
    now = last
    for ts, value in points:
        level = rule.level_of(value)
        if now is not None and now.is_open:
            if level:
                now = replace(now, level=max(now.level, level), worst=rule.worse(now.worst, value))
            elif not rule.holds(value):
                now = replace(now, cleared_at=ts)
        elif level:
            if now is not None and now.cleared_at is not None and ts - now.cleared_at <= within:
                worst = rule.worse(now.worst, value)
                now = replace(now, cleared_at=None, level=max(now.level, level), worst=worst)
            else:
                if now is not None:
                    done.append(now)
                now = CrossingSpan(opened_at=ts, level=level, first=value, worst=value)
    return [*done, now] if now is not None else done


def problems(rule: Rule) -> dict[str, str]:
    """What is wrong with a proposed rule: field -> the fix. Empty when it can be judged by."""
    limits = {"warning": rule.warning, "critical": rule.critical, "clear": rule.clear}
    found = {
        name: "Give a finite number, or leave it empty for none."
        for name, limit in limits.items()
        if limit is not None and not math.isfinite(limit)
    }
    if rule.direction not in Direction.values:
        found["direction"] = "Use above or below."
    if found:
        return found
    if rule.warning is None and rule.critical is None:
        return {
            "warning": "Give at least one limit, warning or critical; without one there is nothing to cross."
        }
    side = "above" if rule.direction == Direction.ABOVE else "below"
    if (
        rule.warning is not None
        and rule.critical is not None
        and not rule._is_beyond(rule.critical, rule.warning)
    ):
        found["critical"] = f"Critical must lie {side} warning ({rule.warning:g})."
    nearest = rule.warning if rule.warning is not None else rule.critical
    if rule.clear is not None and rule._is_beyond(rule.clear, nearest):
        good = "below" if side == "above" else "above"
        found["clear"] = f"Clear must lie {good} the first limit ({nearest:g}), or on it."
    return found
