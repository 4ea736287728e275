"""Charts drawn on the server as SVG; templates/kit/_chart.html holds the markup and escapes it.

No style attribute and no script, so the strict content security policy holds: x positions are per cent,
y positions pixels, and a line lives in a nested, stretched <svg> whose strokes do not scale. What stands in
the picture stands in a table below it too. The caller thins points out (about 400 a line).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string
from django.utils import timezone


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[tuple[datetime, float | None]]  # None is a gap in the line
    style: str = "a"  # a strong, b quiet, c warm
    area: bool = False


@dataclass(frozen=True)
class Threshold:
    value: float
    kind: str  # warning, critical, clear
    label: str
    side: str = "above"  # the side that is tinted: above, below, none


@dataclass(frozen=True)
class Span:
    """A stretch of time on the foot of the chart: a breach (warning, critical) or a mute window (mute)."""

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


def figure(value: float | None) -> str:
    """A number as people write it: no trailing zeros, enough digits to tell neighbours apart."""
    if value is None:
        return "no data"
    if 0 < abs(value) < 0.001:
        return f"{value:.2e}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def nice_steps(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers that cover low..high; a single value still gets a scale with room around it."""
    if low == high:
        pad = abs(low) / 2 or 1
        low, high = low - pad, high + pad
    unit = 10 ** math.floor(math.log10((high - low) / wanted))
    step = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= (high - low) / wanted * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


class Scale:
    """From moments and values to places; a limit at the edge gets room for its zone and its words."""

    def __init__(self, lines, thresholds, start, end, height):
        values = [v for line in lines for _, v in line.points if v is not None]
        values += [t.value for t in thresholds]
        room, floor = 0.15 * (max(values) - min(values)), min(0, 2 * min(values))
        values += [t.value + room if t.side == "above" else max(t.value - room, floor) for t in thresholds]
        moments = [m for line in lines for m, _ in line.points]
        self.steps, self.height = nice_steps(min(values), max(values)), height
        self.start, self.end = start or min(moments), end or max(moments)
        self.length = (self.end - self.start).total_seconds()

    def x(self, at):
        """Per cent of the width, by real time. A lone moment stands in the middle."""
        if self.length <= 0:
            return 50.0
        return round(min(max((at - self.start).total_seconds() / self.length, 0), 1) * 100, 3)

    def y(self, value):
        low, high = self.steps[0], self.steps[-1]
        return round(self.height * (high - min(max(value, low), high)) / (high - low), 2)


def _runs(line, scale):
    """The line in pieces: a gap lifts the pen, and a lone point becomes a dot by a stroke of no length."""
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
    y = scale.y(limit.value)  # its words hang below it where the next line above is too near
    is_near = y + 13 < scale.height and any(0 < y - scale.y(other.value) < 16 for other in thresholds)
    words_y = y + 13 if is_near else max(y - 5, 10)
    tinted = limit.side != "none" and limit.kind != "clear"
    top, size = (0, y) if limit.side == "above" else (y, round(scale.height - y, 2))
    place = {"y": y, "label_y": words_y, "is_tinted": tinted, "top": top, "size": size}
    return {"kind": limit.kind, "label": limit.label, **place}


def _step(value, scale):
    y = scale.y(value)
    return {"y": y, "label_y": min(max(y + 4, 10), scale.height), "words": figure(value)}


def _span(span, scale):
    left = scale.x(span.start)
    width = round(max(scale.x(span.end or scale.end) - left, 0.4), 3)
    return {"kind": span.kind, "label": span.label, "x": left, "width": width}


def _when(at, year):
    at = timezone.localtime(at)
    return f"{at.day} {at:%b, %H:%M}" if at.year == year else f"{at.day} {at:%b %Y, %H:%M}"


def _ticks(scale, year, wanted=6):
    if scale.length <= 0:
        return [{"x": 50, "anchor": "middle", "words": _when(scale.start, year), "is_spare": False}]
    ticks = []
    for k in range(wanted + 1):
        at = timezone.localtime(scale.start + (scale.end - scale.start) * k / wanted)
        words = f"{at:%a %H:%M}" if scale.length <= 3 * 86400 else f"{at.day} {at:%b}"
        anchor = {0: "start", wanted: "end"}.get(k, "middle")
        x = round(100 * k / wanted, 2)
        ticks.append({"x": x, "anchor": anchor, "words": words, "is_spare": k % 2 == 1})
    return ticks


def _rows(lines, marks, scale, year):
    """The data table: one row a moment, one cell a line, and the marks at the nearest moment."""
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
    """A chart over real time, as safe HTML. `key` is unique on the page and fits an id."""
    if not any(v is not None for line in lines for _, v in line.points):
        return render_to_string("kit/_chart.html", {"title": title, "lines": []})
    scale = Scale(lines, thresholds, start, end, height)
    year = timezone.localtime(scale.end).year
    marks = sorted((m for m in marks if scale.start <= m.at <= scale.end), key=lambda m: m.at)
    shown = {
        "key": key,
        "title": title,
        "unit": unit,
        "height": height,
        "said": _said(lines, thresholds, unit),
        "steps": [_step(value, scale) for value in scale.steps],
        "ticks": _ticks(scale, year),
        "limits": [_limit(limit, thresholds, scale) for limit in thresholds],
        "lines": [_line(line, scale) for line in lines],
        "spans": [_span(span, scale) for span in spans],
        "marks": [{"mark": mark, "x": scale.x(mark.at), "when": _when(mark.at, year)} for mark in marks],
        "rows": _rows(lines, marks, scale, year),
    }
    return render_to_string("kit/_chart.html", shown)


def spark(values, label, tone="", limit=None, *, width=72, height=22):
    """A line the size of a word, evenly spaced; gaps are skipped, nothing at all is said in words."""
    known = [(k, v) for k, v in enumerate(values or []) if v is not None]
    if not known:
        return render_to_string("kit/_spark.html", {"path": ""})
    shown = [v for _, v in known] + ([] if limit is None else [limit])
    low, reach = min(shown), max(shown) - min(shown)

    def y(value):
        return round(height - 3 - (height - 6) * (value - low) / reach, 1) if reach else height / 2

    places = [(round(2 + (width - 6) * k / max(len(values) - 1, 1), 1), y(v)) for k, v in known]
    path = "M" + "L".join(f"{a:g} {b:g}" for a, b in places)
    line = None if limit is None else y(limit)
    drawn = {"label": label, "tone": tone, "width": width, "height": height, "limit": line, "path": path}
    return render_to_string("kit/_spark.html", {**drawn, "end": places[-1]})
