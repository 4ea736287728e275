"""The rule of a threshold version in words. Pure: this module reads and writes no rows."""

from collections.abc import Callable
from typing import Any

from signals.states import SIZED, BreachLevel, BreachState, RuleDirection, RuleKind


def plain_number(value: float) -> str:
    return f"{value:g}"


def rule_text(version: Any, figure: Callable[[float], str] = plain_number) -> str:
    """Return a rule in words: "critical above 0.25, warning above 0.2, clears at 0.18 or below".

    version: has the fields of a rule. figure: writes a number. "" if no limit is known.
    """
    parts = [
        f"{name} {limit}"
        for name, level in (("critical", BreachLevel.CRITICAL), ("warning", BreachLevel.WARNING))
        if (limit := limit_text(version, level, figure))
    ]
    if not parts:
        return ""
    clear = _clear_text(version, figure)
    return ", ".join([*parts, clear] if clear else parts)


def limit_text(version: Any, level: int, figure: Callable[[float], str] = plain_number) -> str:
    """Return the limit of a level in words: "above 0.25", "no data for 6 h"; "" if it has none."""
    is_critical = level == BreachLevel.CRITICAL
    limit = version.critical if is_critical else version.warning
    low = version.critical_low if is_critical else version.warning_low
    if version.kind == RuleKind.RANGE:
        if limit is not None and low is not None:
            return f"outside {figure(low)} to {figure(limit)}"
        if low is not None:
            return f"below {figure(low)}"
        return f"above {figure(limit)}" if limit is not None else ""
    return _sentence(version, figure(limit), figure) if limit is not None else ""


def measured_text(version: Any, measure: float, figure: Callable[[float], str] = plain_number) -> str:
    """Return what a rule measured in words: "0.31", "a rise of 35 %", "6 h without data"."""
    number = figure(measure)
    nouns = {RuleDirection.ABOVE: "a rise of", RuleDirection.BELOW: "a fall of"}
    if version.kind == RuleKind.CHANGE:
        return f"{nouns.get(version.direction, 'a change of')} {number} %"
    if version.kind == RuleKind.DEVIATION:
        return f"{number} robust {_deviations(number)}"
    return f"{number} h without data" if version.kind == RuleKind.SILENCE else number


def breach_measure(breach: Any, measure: float, figure: Callable[[float], str] = plain_number) -> str:
    """Return a measure of a breach in words, with the unit of its series: "0.31 %", "a rise of 35 %".

    breach: with its series and version, each or None. An open silence goes on, so it is measured only until
    its limit: "more than 6 h without data".
    """
    version, unit = breach.threshold_version, breach.series.unit if breach.series else ""
    if version is None or version.kind not in SIZED:
        return f"{figure(measure)} {unit}".strip()
    is_lasting = version.kind == RuleKind.SILENCE and breach.state == BreachState.OPEN
    text = measured_text(version, measure, figure)
    return f"more than {text}" if is_lasting else text


def _sentence(version: Any, limit: str, figure: Callable[[float], str]) -> str:
    hours = f"{figure(version.window_hours)} h" if version.window_hours is not None else ""
    verb = {RuleDirection.BELOW: "falls", RuleDirection.BOTH: "changes"}.get(version.direction, "rises")
    side = {RuleDirection.BELOW: "below", RuleDirection.BOTH: "from"}.get(version.direction, "above")
    match version.kind:
        case RuleKind.COUNT:
            return f"{version.direction} {limit} in {version.needed} of the last {version.among} points"
        case RuleKind.CHANGE:
            return f"if the mean of {hours} {verb} by more than {limit} % against the {hours} before"
        case RuleKind.DEVIATION:
            noun = _deviations(limit)
            return f"if more than {limit} robust {noun} {side} the median of the last {hours}"
        case RuleKind.SILENCE:
            return f"after {limit} h without data"
    return f"{version.direction} {limit}"


def _deviations(number: str) -> str:
    return "deviation" if number == "1" else "deviations"


def _clear_text(version: Any, figure: Callable[[float], str]) -> str:
    if version.kind == RuleKind.RANGE:
        if version.clear is not None and version.clear_low is not None:
            return f"clears within {figure(version.clear_low)} to {figure(version.clear)}"
        if version.clear_low is not None:
            return f"clears at {figure(version.clear_low)} or above"
    if version.clear is None:
        return ""
    sized = version.kind in (RuleKind.CHANGE, RuleKind.DEVIATION)
    is_below = version.direction == RuleDirection.BELOW and not sized
    return f"clears at {figure(version.clear)} or {'above' if is_below else 'below'}"
