"""Judge values by a rule, in the order of their times. Pure: this module reads and writes no rows.

A rule first measures something at each point (see signals.measures): for the kinds limit and range the value
itself. The measure crosses a limit if it is above it (or below it, by the direction). An open crossing ends
when the measure is at `clear` or on its good side; without `clear`, as soon as no limit is crossed. None
means no limit, never zero.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from signals.states import SIZED, BreachLevel, RuleDirection, RuleKind

# A crossing that begins within this time after the last one ended reopens it.
REOPENS_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits of a threshold version: finite, or None for no limit.

    Limits are in the unit of the series, or sizes for the kinds in SIZED. The low limits belong to a range.
    needed, among: n and m of "n of the last m points". window_hours: of a change or a deviation.
    reopen_hours: None for REOPENS_WITHIN.
    """

    direction: str = RuleDirection.ABOVE
    warning: float | None = None
    critical: float | None = None
    clear: float | None = None
    kind: str = RuleKind.LIMIT
    warning_low: float | None = None
    critical_low: float | None = None
    clear_low: float | None = None
    needed: int | None = None
    among: int | None = None
    window_hours: float | None = None
    reopen_hours: float | None = None

    @property
    def reopens_within(self) -> timedelta:
        """Return how soon after the last crossing a new one reopens it."""
        return REOPENS_WITHIN if self.reopen_hours is None else timedelta(hours=self.reopen_hours)

    def level_of(self, value: float) -> int:
        """Return the BreachLevel of the worst limit that the measure crosses, 0 if it crosses none."""
        if self._is_beyond(value, self.critical) or self._is_below(value, self.critical_low):
            return BreachLevel.CRITICAL
        if self._is_beyond(value, self.warning) or self._is_below(value, self.warning_low):
            return BreachLevel.WARNING
        return 0

    @property
    def quiet(self) -> tuple[float, float]:
        """Return the lowest and the highest measure that crosses no limit and keeps no crossing open."""
        highs = [limit for limit in (self.warning, self.critical, self.clear) if limit is not None]
        lows = [limit for limit in (self.warning_low, self.critical_low, self.clear_low) if limit is not None]
        if self.kind == RuleKind.SILENCE:
            return -math.inf, math.nextafter(min(highs, default=math.inf), -math.inf)
        if not self.is_worse_above:
            return max(highs, default=-math.inf), math.inf
        return max(lows, default=-math.inf), min(highs, default=math.inf)

    def worse(self, first: float | None, second: float | None) -> float | None:
        """Return the worse of two measures. None means unknown; None if both are."""
        known = [value for value in (first, second) if value is not None]
        return max(known, key=self.badness) if known else None

    def badness(self, value: float) -> float:
        """Return a number that is greater for a worse measure. Of a range: the distance outside of it."""
        if self.kind != RuleKind.RANGE:
            return value if self.is_worse_above else -value
        high = self.warning if self.warning is not None else self.critical
        low = self.warning_low if self.warning_low is not None else self.critical_low
        distances = [value - high] if high is not None else []
        return max([*distances, low - value] if low is not None else distances)

    @property
    def is_worse_above(self) -> bool:
        return self.kind in SIZED or self.direction != RuleDirection.BELOW

    @property
    def needs_history(self) -> bool:
        """Return True if a measure depends on earlier points."""
        return self.kind not in (RuleKind.LIMIT, RuleKind.RANGE)

    def _is_beyond(self, value: float, limit: float | None) -> bool:
        if limit is None:
            return False
        if self.kind == RuleKind.SILENCE:  # measured at the moment at which the limit is reached
            return value >= limit
        return value > limit if self.is_worse_above else value < limit

    @staticmethod
    def _is_below(value: float, limit: float | None) -> bool:
        return limit is not None and value < limit


@dataclass(frozen=True, slots=True)
class CrossingSpan:
    """One continuous crossing. first, worst: measures. level and worst never improve.

    cleared_at None: it is open.
    """

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
    measures: Iterable[tuple[datetime, float]],
) -> list[CrossingSpan]:
    """Return the crossings after `measures`, in the order of their times.

    last: the newest crossing known before, or None. measures: (time, measure), sorted by time. A crossing
    that begins soon after the last one reopens it.
    If `last` is given, the first returned crossing is `last` with its new values; the others are new. Several
    calls with parts of the measures return the same as one call with all of them.
    """
    finished: list[CrossingSpan] = []
    current = last
    (low, high), within = rule.quiet, rule.reopens_within
    for ts, value in measures:
        if low <= value <= high:  # the common case
            if current is not None and current.is_open:
                current = replace(current, cleared_at=ts)
            continue
        level = rule.level_of(value)
        if current is not None and current.is_open:
            if level:
                current = replace(
                    current, level=max(current.level, level), worst=rule.worse(current.worst, value)
                )
        elif level:
            if current is not None and current.cleared_at is not None and ts - current.cleared_at <= within:
                worst = rule.worse(current.worst, value)
                current = replace(current, cleared_at=None, level=max(current.level, level), worst=worst)
            else:
                if current is not None:
                    finished.append(current)
                current = CrossingSpan(opened_at=ts, level=level, first=value, worst=value)
    return [*finished, current] if current is not None else finished


_LIMITS = (
    "warning",
    "critical",
    "clear",
    "warning_low",
    "critical_low",
    "clear_low",
    "window_hours",
    "reopen_hours",
)
# Which optional fields a kind has. The others must be empty.
_LOW = ("warning_low", "critical_low", "clear_low")
_OF_KIND = {
    RuleKind.LIMIT: (),
    RuleKind.RANGE: _LOW,
    RuleKind.COUNT: ("needed", "among"),
    RuleKind.CHANGE: ("window_hours",),
    RuleKind.DEVIATION: ("window_hours",),
    RuleKind.SILENCE: (),
}
_OPTIONAL = (*_LOW, "needed", "among", "window_hours")
MOST_AMONG = 100
MOST_HOURS = 24 * 366


def problems(rule: Rule) -> dict[str, str]:
    """Return the errors of a proposed rule: field -> how to fix it. Empty if the rule is valid."""
    errors = {
        name: "Give a finite number, or leave it empty for none."
        for name in _LIMITS
        if (limit := getattr(rule, name)) is not None and not math.isfinite(limit)
    }
    if rule.kind not in RuleKind.values:
        errors["kind"] = f"Use one of {', '.join(RuleKind.values)}."
    if rule.direction not in RuleDirection.values:
        errors["direction"] = "Use above or below, or both for a change or a deviation."
    if errors:
        return errors
    if rule.reopen_hours is not None and not 0 <= rule.reopen_hours <= MOST_HOURS:
        return {"reopen_hours": f"Enter hours from 0 to {MOST_HOURS}, or leave it empty."}
    return _superfluous(rule) or _problems_of_kind(rule) or _problems_of_limits(rule)


def _superfluous(rule: Rule) -> dict[str, str]:
    """Return the errors of fields that the kind does not have."""
    kind = RuleKind(rule.kind)
    text = f"Leave it empty: “{kind.label}” does not use it."
    errors = {
        name: text for name in _OPTIONAL if getattr(rule, name) is not None and name not in _OF_KIND[kind]
    }
    if rule.kind == RuleKind.SILENCE and rule.clear is not None:
        errors["clear"] = "Leave it empty: it clears with the next point."
    takes_both = (RuleKind.RANGE, RuleKind.CHANGE, RuleKind.DEVIATION)
    if rule.direction == RuleDirection.BOTH and rule.kind not in takes_both:
        errors["direction"] = "Use above or below."
    if rule.direction == RuleDirection.BELOW and rule.kind in (RuleKind.RANGE, RuleKind.SILENCE):
        errors["direction"] = f"Use above: “{kind.label}” has no direction."
    return errors


def _problems_of_kind(rule: Rule) -> dict[str, str]:
    errors = {}
    if rule.kind == RuleKind.COUNT:
        if rule.needed is None or rule.needed < 1:
            errors["needed"] = "Enter how many points must cross, at least 1."
        elif rule.among is None or not rule.needed <= rule.among <= MOST_AMONG:
            errors["among"] = f"Enter a number from {rule.needed} to {MOST_AMONG}."
    if rule.kind in (RuleKind.CHANGE, RuleKind.DEVIATION) and not 0 < (rule.window_hours or 0) <= MOST_HOURS:
        errors["window_hours"] = f"Enter the hours of the window, more than 0 and at most {MOST_HOURS}."
    if rule.kind in SIZED:
        limits = {"warning": rule.warning, "critical": rule.critical}
        errors |= {
            name: "Enter a size greater than 0."
            for name, limit in limits.items()
            if limit is not None and limit <= 0
        }
    if rule.kind == RuleKind.SILENCE:
        errors |= {
            name: f"Enter at most {MOST_HOURS} hours."
            for name in ("warning", "critical")
            if (getattr(rule, name) or 0) > MOST_HOURS
        }
    return errors


def _problems_of_limits(rule: Rule) -> dict[str, str]:
    upper = {"warning": rule.warning, "critical": rule.critical, "clear": rule.clear}
    lower = {"warning": rule.warning_low, "critical": rule.critical_low, "clear": rule.clear_low}
    if all(side[name] is None for side in (upper, lower) for name in ("warning", "critical")):
        return {"warning": "Enter at least one limit: warning or critical."}
    errors = _problems_of_side(upper, is_above=rule.is_worse_above)
    errors |= {f"{name}_low": text for name, text in _problems_of_side(lower, is_above=False).items()}
    highs = [limit for name in upper if (limit := upper[name]) is not None]
    lows = [(name, limit) for name in lower if (limit := lower[name]) is not None]
    for name, limit in lows:
        if highs and limit >= min(highs):
            errors.setdefault(f"{name}_low", f"It must lie below the upper limits ({min(highs):g}).")
    return errors


def _problems_of_side(limits: dict[str, float | None], *, is_above: bool) -> dict[str, str]:
    """Return the errors of the limits on one side, by the names warning, critical and clear."""
    warning, critical, clear = limits["warning"], limits["critical"], limits["clear"]
    side, good_side = ("above", "below") if is_above else ("below", "above")
    sign = 1 if is_above else -1
    errors = {}
    if warning is not None and critical is not None and sign * critical <= sign * warning:
        errors["critical"] = f"Critical must lie {side} warning ({warning:g})."
    nearest = warning if warning is not None else critical
    if clear is not None and nearest is None:
        errors["clear"] = "Leave it empty, or enter a limit on this side."
    elif clear is not None and nearest is not None and sign * clear > sign * nearest:
        errors["clear"] = f"Clear must lie {good_side} the first limit ({nearest:g}), or on it."
    return errors
