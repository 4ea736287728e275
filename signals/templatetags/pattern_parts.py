"""Filters and tags for the page of patterns: chances in words, and bars of the hours or weekdays."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from signals import patterns
from signals.queries.pattern import Bar
from signals.states import PatternKind, SignalKind

register = template.Library()
register.filter("odds", patterns.odds)

_HEIGHT, _STEP, _WIDTH = 44, 10, 7


@register.filter
def dimension_label(value: str) -> str:
    return PatternKind(value).label


@register.filter
def kind_label(value: str) -> str:
    return SignalKind(value).label


@register.filter
def is_of_time(dimension: str) -> bool:
    """Return True if the cells of a dimension have an order, so that bars show them."""
    return dimension in (PatternKind.HOUR, PatternKind.WEEKDAY)


@register.simple_tag
def pattern_bars(bars: Sequence[Bar]) -> SafeString:
    """Draw a bar of each cell with its breaches, and a line at the number that chance gives it."""
    top = max(max(bar.count, bar.expected) for bar in bars) or 1
    scale = (_HEIGHT - 2) / top
    drawn = [_drawn(bar, place * _STEP, scale) for place, bar in enumerate(bars)]
    context = {
        "bars": drawn,
        "width": len(bars) * _STEP,
        "height": _HEIGHT,
        "first": bars[0].value,
        "last": bars[-1].value,
        "highest": max(bars, key=lambda bar: bar.count),
    }
    return SafeString(render_to_string("signals/_pattern_bars.html", context))


def _drawn(bar: Bar, left: float, scale: float) -> dict[str, Any]:
    """Return the paths of one bar. left: its left edge. scale: the height of one breach."""
    expected = round(_HEIGHT - bar.expected * scale, 1)
    return {
        "bar": f"M{left} {_HEIGHT}v-{round(bar.count * scale, 1)}h{_WIDTH}V{_HEIGHT}z",
        "expected": f"M{left} {expected}h{_WIDTH}",
        "is_pattern": bar.is_pattern,
    }
