"""Charts drawn on the server as SVG; templates/kit/_chart.html holds the markup and escapes it.

The strict content security policy allows no style attribute and no script. So x positions are per cent, y
positions are pixels, and a line is in a nested, stretched <svg> whose strokes do not scale. A table below the
chart has the same numbers. The caller reduces the number of points (about 400 for each line).
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html

from pages import axes
from pages.axes import figure

__all__ = ["ChartLimit", "ChartLine", "Mark", "Span", "figure", "line_chart", "spark"]

_logger = logging.getLogger(__name__)
_NUMBERS_SHOWN = 400  # rows for each line in the table that replaces a chart


@dataclass(frozen=True)
class ChartLine:
    name: str
    points: Sequence[tuple[datetime, float | None]]  # None is a gap in the line
    style: str = "strong"  # strong, quiet, warm, good
    area: bool = False


@dataclass(frozen=True)
class ChartLimit:
    value: float
    kind: str  # warning, critical, clear
    label: str
    side: str = "above"  # the side that is tinted: above, below, none


@dataclass(frozen=True)
class Span:
    """A period below the chart: a breach (warning, critical) or a mute window (mute)."""

    start: datetime
    end: datetime | None  # None: still open
    kind: str
    label: str


@dataclass(frozen=True)
class Mark:
    at: datetime
    label: str
    href: str = ""
    kind: str = "note"  # note, critical


class Scale:
    """Maps moments and values to positions in the picture: x in per cent of the width, y in pixels."""

    def __init__(self, lines, thresholds, start, end, height):
        values = [v for line in lines for _, v in line.points if v is not None]
        values += [limit.value for limit in thresholds]
        self.axis = axes.axis(values, [(limit.value, limit.side) for limit in thresholds])
        self.height = height
        moments = [m for line in lines for m, _ in line.points]
        self.start, self.end = start or min(moments), end or max(moments)
        self.length = (self.end - self.start).total_seconds()

    def x(self, at):
        """Return the position in per cent of the width, in real time. A single moment is in the middle."""
        if self.length <= 0:
            return 50.0
        return round(min(max((at - self.start).total_seconds() / self.length, 0), 1) * 100, 3)

    def y(self, value):
        return self._from_top(self.axis.share(value))

    def y_of_step(self, step):
        return self._from_top(self.axis.step_share(step))

    def _from_top(self, share):
        return round(self.height * (1 - share), 2)


def _runs(line, scale):
    """Return the pieces of a line.

    A gap ends a piece. A single point is a stroke of length zero, drawn as a dot.
    """
    runs: list[list[str]] = [[]]
    for at, value in line.points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{scale.x(at) * 10:g} {scale.y(value):g}")
    return [
        {
            "d": "M" + "L".join(run) + ("h0" if len(run) == 1 else ""),
            "from": run[0].split()[0],
            "to": run[-1].split()[0],
            "is_area": line.area and len(run) > 1,
        }
        for run in runs
        if run
    ]


def _line(line, scale):
    known = [(at, v) for at, v in line.points if v is not None]
    end = (scale.x(known[-1][0]), scale.y(known[-1][1])) if known else None
    return {"style": line.style, "name": line.name, "runs": _runs(line, scale), "end": end}


def _limit(limit, thresholds, scale):
    y = scale.y(limit.value)  # the label is below the line if the next line above is too near
    is_near = y + 13 < scale.height and any(0 < y - scale.y(other.value) < 16 for other in thresholds)
    label_y = y + 13 if is_near else max(y - 5, 10)
    tinted = limit.side != "none" and limit.kind != "clear"
    top, size = (0, y) if limit.side == "above" else (y, round(scale.height - y, 2))
    place = {"y": y, "label_y": label_y, "is_tinted": tinted, "top": top, "size": size}
    return {"kind": limit.kind, "label": limit.label, **place}


def _steps(scale):
    labels = axes.step_labels(scale.axis.steps)
    places = [scale.y_of_step(step) for step in scale.axis.steps]
    return [
        {"y": y, "label_y": min(max(y + 4, 10), scale.height), "label": label}
        for y, label in zip(places, labels, strict=True)
    ]


def _span(span, scale):
    left = scale.x(span.start)
    width = round(max(scale.x(span.end or scale.end) - left, 0.4), 3)
    return {"kind": span.kind, "label": span.label, "x": left, "width": width}


def _when(at, year):
    at = timezone.localtime(at)
    return f"{at.day} {at:%b, %H:%M}" if at.year == year else f"{at.day} {at:%b %Y, %H:%M}"


def _ticks(scale, year, wanted=6):
    """Return the labels of the time axis, without labels that repeat the previous one."""
    if scale.length <= 0:
        return [{"x": 50, "anchor": "middle", "label": _when(scale.start, year), "is_spare": False}]
    ticks: list[dict[str, Any]] = []
    for k in range(wanted + 1):
        at = timezone.localtime(scale.start + (scale.end - scale.start) * k / wanted)
        label = f"{at:%a %H:%M}" if scale.length <= 3 * 86400 else f"{at.day} {at:%b}"
        if ticks and ticks[-1]["label"] == label:
            continue
        anchor = {0: "start", wanted: "end"}.get(k, "middle")
        x = round(100 * k / wanted, 2)
        ticks.append({"x": x, "anchor": anchor, "label": label, "is_spare": k % 2 == 1})
    return ticks


def _rows(lines, marks, scale, year):
    """Return the data table: one row per moment, one cell per line, and each mark at the nearest moment."""
    cells: dict[datetime, list[float | None]] = {}
    events: dict[datetime, list[str]] = {}
    for k, line in enumerate(lines):
        for at, value in line.points:
            cells.setdefault(at, [None] * len(lines))[k] = value
    for k, mark in enumerate(marks, 1):
        nearest = min(cells, key=lambda at: abs((at - mark.at).total_seconds()))
        events.setdefault(nearest, []).append(f"{k}. {mark.label}")
    return [
        {
            "x": scale.x(at),
            "when": _when(at, year),
            "events": "; ".join(events.get(at, [])),
            "cells": [("" if v is None else scale.y(v), figure(v)) for v in cells[at]],
        }
        for at in sorted(cells)
    ]


def _said(lines, thresholds, unit):
    parts = []
    for line in lines:
        known = [v for _, v in line.points if v is not None]
        if known:
            latest, low, high = (f"{figure(v)} {unit}".strip() for v in (known[-1], min(known), max(known)))
            parts.append(f"{line.name}: latest {latest}, lowest {low}, highest {high}.")
    return " ".join(parts + [f"{t.label}." for t in thresholds])


def line_chart(
    *, key, title, lines, thresholds=(), spans=(), marks=(), start=None, end=None, unit="", height=232
):
    """Return a chart over real time as safe HTML.

    key: unique on the page and valid as an id. Values that are not finite are gaps. Limits that are not
    finite are left out. Never raises: a chart that cannot be drawn is logged and shown as a table of numbers,
    so that the rest of the page is still shown.
    """
    lines = [replace(line, points=[(at, _finite(value)) for at, value in line.points]) for line in lines]
    thresholds = [limit for limit in thresholds if _finite(limit.value) is not None]
    try:
        return _drawn_chart(
            key=key,
            title=title,
            lines=lines,
            thresholds=thresholds,
            spans=spans,
            marks=marks,
            start=start,
            end=end,
            unit=unit,
            height=height,
        )
    except Exception:
        _logger.exception("A chart cannot be drawn; the page shows its numbers instead. Chart: %s", title)
        return _numbers(title, lines, thresholds, unit)


def _finite(value):
    return value if value is not None and math.isfinite(value) else None


def _drawn_chart(**chart):
    shown = drawing(**chart)
    return render_to_string("kit/_chart.html", shown or {"title": chart["title"], "lines": []})


def drawing(
    *, key, title, lines, thresholds=(), spans=(), marks=(), start=None, end=None, unit="", height=232
):
    """Return what the templates of a chart draw, None if no line has a point. Values are finite or None."""
    if not any(v is not None for line in lines for _, v in line.points):
        return None
    scale = Scale(lines, thresholds, start, end, height)
    year = timezone.localtime(scale.end).year
    marks = sorted((m for m in marks if scale.start <= m.at <= scale.end), key=lambda m: m.at)
    steps = _steps(scale)
    return {
        "key": key,
        "title": title,
        "unit": unit,
        "height": height,
        "said": _said(lines, thresholds, unit),
        "steps": steps,
        "axis_width": max(44, 7 * max(len(step["label"]) for step in steps) + 8),
        "ticks": _ticks(scale, year),
        "limits": [_limit(limit, thresholds, scale) for limit in thresholds],
        "lines": [_line(line, scale) for line in lines],
        "spans": [_span(span, scale) for span in spans],
        "marks": [{"mark": mark, "x": scale.x(mark.at), "when": _when(mark.at, year)} for mark in marks],
        "rows": _rows(lines, marks, scale, year),
        "start": scale.start.isoformat(),
        "end": scale.end.isoformat(),
    }


def _numbers(title, lines, thresholds, unit):
    """Return the latest numbers of each line as a table, without arithmetic that could fail."""
    rows = [
        {"name": line.name, "at": at, "value": repr(value)}
        for line in lines
        for at, value in line.points[-_NUMBERS_SHOWN:]
        if value is not None
    ]
    limits = [{"label": limit.label, "value": repr(limit.value)} for limit in thresholds]
    shown = {"title": title, "rows": rows, "limits": limits, "unit": unit}
    return render_to_string("kit/_chart_numbers.html", shown)


def spark(values, label, tone="", limit=None, *, width=72, height=22):
    """Return a sparkline with evenly spaced points as safe HTML. Gaps are skipped. Never raises."""
    try:
        return _drawn_spark(values, label, tone=tone, limit=limit, width=width, height=height)
    except Exception:
        _logger.exception("A sparkline cannot be drawn; the page shows its label instead. Label: %s", label)
        return format_html('<span class="muted small">{}</span>', label)


def _drawn_spark(values, label, *, tone, limit, width, height):
    known = [(k, v) for k, v in enumerate(values or []) if _finite(v) is not None]
    if not known:
        return render_to_string("kit/_spark.html", {"path": ""})
    limit = _finite(limit)
    shares = axes.shares([v for _, v in known] + ([] if limit is None else [limit]))
    heights = [round(height - 3 - (height - 6) * share, 1) for share in shares]
    step = (width - 6) / max(len(values) - 1, 1)
    places = [(round(2 + step * k, 1), y) for (k, _), y in zip(known, heights, strict=False)]
    path = "M" + "L".join(f"{a:g} {b:g}" for a, b in places)
    line = None if limit is None else heights[-1]
    drawn = {"label": label, "tone": tone, "width": width, "height": height, "limit": line, "path": path}
    return render_to_string("kit/_spark.html", {**drawn, "end": places[-1]})
