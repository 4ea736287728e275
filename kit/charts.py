"""Charts drawn on the server as SVG.

No style attribute and no script, so the strict content security policy holds: x positions are percentages, y positions
pixels, and the path of a line lives in a nested, stretched <svg> whose strokes do not scale. Text never scales, nothing
listens to resizing, colours come from CSS variables, and what stands in the picture stands in a table below it too.
The caller thins points out (at most about 400 a line); here they are only drawn. Everything is escaped by format_html.
"""

import math
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe


@dataclass(frozen=True)
class Line:
    name: str
    points: list  # (moment, value or None); None is a gap in the line
    style: str = "a"  # a strong, b quiet, c warm
    area: bool = False


@dataclass(frozen=True)
class Threshold:
    value: float
    kind: str  # warning, critical, clear
    label: str
    side: str = "above"  # the side that is tinted: above, below, or none


@dataclass(frozen=True)
class Span:
    """A stretch of time on the foot of the chart: a breach (warning, critical) or a mute window (mute)."""

    start: object
    end: object  # None: still open
    kind: str
    label: str


@dataclass(frozen=True)
class Mark:
    at: object
    label: str
    href: str = ""
    kind: str = "note"  # note, critical


def joined(pieces):
    return mark_safe("".join(pieces))


def figure(value):
    """A number as people write it: no trailing zeros, enough digits to tell neighbours apart."""
    if value is None:
        return "no data"
    if value and abs(value) < 0.001:
        return f"{value:.2e}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def nice_steps(low, high, wanted=4):
    """Round numbers that cover low..high; a flat or single value still gets a scale with room around it."""
    if low == high:
        pad = abs(low) * 0.5 or 1
        low, high = low - pad, high + pad
    raw = (high - low) / wanted
    unit = 10 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


class Scale:
    """From moments and values to places. `height` is the plot's, in pixels."""

    def __init__(self, lines, thresholds, start, end, height):
        values = [v for line in lines for _, v in line.points if v is not None]
        moments = [m for line in lines for m, _ in line.points]
        limits = [t.value for t in thresholds]
        self.steps = nice_steps(min(values + limits), max(values + limits))
        self.low, self.high, self.height = self.steps[0], self.steps[-1], height
        self.start, self.end = start or min(moments), end or max(moments)
        self.length = (self.end - self.start).total_seconds()

    def x(self, moment):
        """Per cent of the width, by real time. A single moment stands in the middle."""
        if not self.length:
            return 50.0
        share = (moment - self.start).total_seconds() / self.length
        return round(min(max(share, 0), 1) * 100, 3)

    def y(self, value):
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.height - share * self.height, 2)


def _path(line, scale):
    """One path a line; a gap lifts the pen, and a lone point becomes a dot by a stroke of no length."""
    runs, run = [], []
    for moment, value in [*line.points, (None, None)]:
        if value is None:
            runs.append(run)
            run = []
        else:
            run.append((scale.x(moment) * 10, scale.y(value)))
    out = []
    for run in filter(None, runs):
        d = "M" + "L".join(f"{x:g} {y:g}" for x, y in run) + ("h0" if len(run) == 1 else "")
        if line.area and len(run) > 1:
            out.append(
                f'<path class="area-{line.style}" d="{d}L{run[-1][0]:g} {scale.height}L{run[0][0]:g} {scale.height}Z"/>'
            )
        out.append(f'<path class="line-{line.style}" d="{d}"/>')
    return mark_safe("".join(out))


def _threshold(limit, scale, key):
    y = scale.y(limit.value)
    top, size = (0, y) if limit.side == "above" else (y, round(scale.height - y, 2))
    out = []
    if limit.side != "none" and limit.kind != "clear":
        out.append(
            format_html(
                '<rect class="band-{}" x="0" y="{}" width="100%" height="{}"/>', limit.kind, top, size
            )
        )
        if limit.kind == "critical":
            out.append(
                format_html(
                    '<rect x="0" y="{}" width="100%" height="{}" fill="url(#{}-hatch)"/>', top, size, key
                )
            )
    out.append(format_html('<line class="thr thr-{}" x1="0" x2="100%" y1="{}" y2="{}"/>', limit.kind, y, y))
    out.append(
        format_html(
            '<text class="thr-label thr-{}-t" x="0" dx="8" y="{}">{}</text>',
            limit.kind,
            max(y - 5, 10),
            limit.label,
        )
    )
    return joined(out)


def _span(span, scale):
    left = scale.x(span.start)
    width = round(max(scale.x(span.end or scale.end) - left, 0.4), 3)
    return format_html(
        '<rect class="span-{}" x="{}%" y="{}" width="{}%" height="4" rx="2"><title>{}</title></rect>',
        span.kind,
        left,
        scale.height - 4,
        width,
        span.label,
    )


def _mark(number, mark, scale):
    x = scale.x(mark.at)
    return format_html(
        '<g class="ann ann-{}"><line x1="{}%" x2="{}%" y1="10" y2="{}"/><circle cx="{}%" cy="10" r="9"/>'
        '<text x="{}%" y="13.5" text-anchor="middle">{}</text></g>',
        mark.kind,
        x,
        x,
        scale.height,
        x,
        x,
        number,
    )


def _last(line, scale):
    known = [(m, v) for m, v in line.points if v is not None]
    if not known:
        return ""
    return format_html(
        '<circle class="end-{}" cx="{}%" cy="{}" r="4"/>',
        line.style,
        scale.x(known[-1][0]),
        scale.y(known[-1][1]),
    )


def _x_axis(scale, wanted=6):
    if not scale.length:
        return format_html('<text x="50%" y="15" text-anchor="middle">{}</text>', _when(scale.start))
    hours = scale.length <= 3 * 86400
    out = []
    for k in range(wanted + 1):
        at = timezone.localtime(scale.start + (scale.end - scale.start) * k / wanted)
        words = f"{at:%a %H:%M}" if hours else f"{at.day} {at:%b}"
        anchor = "start" if k == 0 else "end" if k == wanted else "middle"
        css = "x-opt" if k % 2 else ""
        out.append(
            format_html(
                '<text x="{}%" y="15" text-anchor="{}" class="{}">{}</text>',
                round(100 * k / wanted, 2),
                anchor,
                css,
                words,
            )
        )
    return joined(out)


def _when(moment):
    at = timezone.localtime(moment)
    return f"{at.day} {at:%b %Y, %H:%M}"


def _table(title, lines, marks, scale, unit):
    rows = {}
    for k, line in enumerate(lines):
        for moment, value in line.points:
            rows.setdefault(moment, [None] * len(lines))[k] = value
    events = {}
    for k, mark in enumerate(marks, 1):
        nearest = min(rows, key=lambda m: abs((m - mark.at).total_seconds()))
        events.setdefault(nearest, []).append(f"{k}. {mark.label}")
    head = format_html_join(
        "", '<th scope="col" class="num">{}{}</th>', ((x.name, f" ({unit})" if unit else "") for x in lines)
    )
    body = joined(
        format_html(
            '<tr data-x="{}"><th scope="row">{}</th>{}<td>{}</td></tr>',
            scale.x(moment),
            _when(moment),
            joined(
                format_html('<td class="num" data-y="{}">{}</td>', "" if v is None else scale.y(v), figure(v))
                for v in rows[moment]
            ),
            "; ".join(events.get(moment, [])),
        )
        for moment in sorted(rows)
    )
    return format_html(
        '<details class="chart-data"><summary>Data table</summary><div class="scroll" tabindex="0" role="region" aria-label="{} data">'
        '<table class="mini"><thead><tr><th scope="col">Time</th>{}<th scope="col">Event</th></tr></thead><tbody>{}</tbody></table></div></details>',
        title,
        head,
        body,
    )


def _summary(lines, thresholds, unit):
    parts = []
    for line in lines:
        known = [v for _, v in line.points if v is not None]
        if known:
            parts.append(
                f"{line.name}: latest {figure(known[-1])}{unit and ' ' + unit}, lowest {figure(min(known))}, highest {figure(max(known))}."
            )
    return " ".join(parts + [f"{t.label}." for t in thresholds])


def line_chart(
    *, key, title, lines, thresholds=(), spans=(), marks=(), start=None, end=None, unit="", height=232
):
    """A chart over real time. `key` must be unique on the page and fit an id."""
    if not any(v is not None for line in lines for _, v in line.points):
        return format_html(
            '<p class="empty"><b>No points in this period</b><span>{}</span></p>',
            f"{title} has received nothing yet, or not in this time.",
        )
    scale = Scale(lines, thresholds, start, end, height)
    marks = sorted((m for m in marks if scale.start <= m.at <= scale.end), key=lambda m: m.at)
    said = _summary(lines, thresholds, unit)
    steps = joined(
        format_html('<line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>', scale.y(v), scale.y(v))
        for v in scale.steps
    )
    drawn = joined(
        [
            steps,
            *(_threshold(t, scale, key) for t in thresholds),
            format_html(
                '<svg viewBox="0 0 1000 {}" preserveAspectRatio="none" width="100%" height="{}" aria-hidden="true" class="stretch">{}</svg>',
                height,
                height,
                joined(_path(line, scale) for line in lines),
            ),
            *(_span(s, scale) for s in spans),
            *(_mark(k, m, scale) for k, m in enumerate(marks, 1)),
            *(_last(line, scale) for line in lines),
            format_html(
                '<g class="cross" hidden><line class="cross-l" x1="0" x2="0" y1="0" y2="{}"/>{}</g>',
                height,
                format_html_join(
                    "", '<circle class="end-{}" r="4.5" cx="0" cy="0"/>', ((line.style,) for line in lines)
                ),
            ),
        ]
    )
    y_axis = format_html_join(
        "",
        '<text x="38" y="{}" text-anchor="end">{}</text>',
        ((min(max(scale.y(v) + 4, 10), height), figure(v)) for v in scale.steps),
    )
    listed = joined(
        format_html(
            '<li class="{}">{} <span class="muted">{}</span></li>',
            m.kind,
            format_html('<a href="{}">{}</a>', m.href, m.label) if m.href else m.label,
            _when(m.at),
        )
        for m in marks
    )
    return format_html(
        '<div class="chart" data-chart><div class="chart-grid"><svg class="chart-y" width="44" height="{h}" aria-hidden="true">{y_axis}</svg>'
        '<div class="chart-plot" tabindex="0" role="group" aria-label="{title}. {said} Arrow keys read the values.">'
        '<svg class="plot" width="100%" height="{h}" role="img" aria-label="{title}. {said}"><defs><pattern id="{key}-hatch" width="6" height="6" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch-l" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>{drawn}</svg>'
        '<div class="chart-tip" hidden></div></div><svg class="chart-x" width="100%" height="20" aria-hidden="true">{x_axis}</svg></div>{listed}{table}</div>',
        h=height,
        y_axis=y_axis,
        title=title,
        said=said,
        key=key,
        drawn=drawn,
        x_axis=_x_axis(scale),
        listed=format_html('<ol class="anns" aria-label="Events on this chart">{}</ol>', listed)
        if marks
        else "",
        table=_table(title, lines, marks, scale, unit),
    )


def spark(values, *, label, tone="", limit=None, width=72, height=22):
    """A line the size of a word, evenly spaced; gaps are skipped, nothing at all is said in words."""
    known = [(k, v) for k, v in enumerate(values or []) if v is not None]
    if not known:
        return format_html('<span class="muted small">{}</span>', "No points yet")
    shown = [v for _, v in known] + ([limit] if limit is not None else [])
    low, reach, last = min(shown), (max(shown) - min(shown)) or 1, max(len(values) - 1, 1)
    flat = max(shown) == min(shown)

    def y(value):
        return round(height / 2 if flat else height - 3 - (height - 6) * (value - low) / reach, 1)

    places = [(round(2 + (width - 6) * k / last, 1), y(v)) for k, v in known]
    line = (
        ""
        if limit is None
        else format_html('<line class="limit" x1="0" x2="{}" y1="{}" y2="{}"/>', width, y(limit), y(limit))
    )
    return format_html(
        '<svg class="spark {}" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<path d="M{}"/><circle cx="{}" cy="{}" r="2.2"/></svg>',
        f"spark-{tone}" if tone else "",
        width,
        height,
        width,
        height,
        label,
        line,
        "L".join(f"{a:g} {b:g}" for a, b in places),
        *places[-1],
    )
