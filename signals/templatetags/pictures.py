"""Draw the pictures of dashboards (signals/queries/picture.py)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from pages import charts
from signals.queries.picture import A_WEEK
from signals.states import BreachLevel, PanelKind
from signals.templatetags.signal_parts import chart_limit

register = template.Library()

STYLES = ("strong", "warm", "good", "quiet")
_LEVELS = {BreachLevel.WARNING: "Past its warning limit", BreachLevel.CRITICAL: "Past its critical limit"}
_STEPS = 5
_TEMPLATES = {
    PanelKind.FIGURES: "signals/pictures/_figures.html",
    PanelKind.SERIES: "signals/pictures/_series.html",
    PanelKind.GRID: "signals/pictures/_grid.html",
    PanelKind.BREACHES: "signals/pictures/_breaches.html",
    PanelKind.RISKS: "signals/pictures/_risks.html",
}


def chart_of(picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of pages.charts.line_chart() for a picture of series, without the key."""
    names = [line["name"] for line in picture["lines"]]
    return {
        "title": picture["title"] or ", ".join(dict.fromkeys(names)) or "Chart",
        "lines": [_line(place, line, len(names)) for place, line in enumerate(picture["lines"])],
        "thresholds": [
            chart_limit(limit["kind"], limit["value"], limit["side"]) for limit in picture["limits"]
        ],
        "spans": [
            charts.Span(_moment(span["start"]), _moment(span["end"]), span["kind"], span["label"])
            for span in picture["spans"]
        ],
        "marks": [
            charts.Mark(_moment(mark["at"]), mark["label"], mark.get("link", ""), mark.get("kind", "note"))
            for mark in picture["marks"]
        ],
        "start": _moment(picture["start"]),
        "end": _moment(picture["end"]),
        "unit": picture["unit"],
    }


def _line(place: int, line: Mapping[str, Any], count: int) -> charts.ChartLine:
    points = [(_moment(at), value) for at, value in line["points"]]
    if line["is_earlier"]:
        return charts.ChartLine(f"{line['name']}, {earlier_name(line)}", points, "quiet")
    return charts.ChartLine(line["name"], points, STYLES[place % len(STYLES)], area=count == 1)


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None


@register.filter
def earlier_name(line: Mapping[str, Any]) -> str:
    """Return what a compared line shows. Older snapshots only have the period before."""
    return line.get("earlier") or "the period before"


@register.simple_tag
def picture_chart(picture: Mapping[str, Any], key: str) -> SafeString:
    """Draw a picture of series. key: unique on the page."""
    return charts.line_chart(key=key, **chart_of(picture))


@register.filter
def picture_key(place: int) -> str:
    """Return the id of the picture at a place on its page."""
    return f"picture-{place}"


@register.filter
def template_of(picture: Mapping[str, Any]) -> str:
    """Return the template that draws a picture."""
    return _TEMPLATES[PanelKind(picture["kind"])]


@register.filter
def picture_title(picture: Mapping[str, Any]) -> str:
    """Return the title of a picture: that of its panel, else what it shows."""
    if picture["title"]:
        return picture["title"]
    if picture["kind"] == PanelKind.SERIES:
        return chart_of(picture)["title"]
    return PanelKind(picture["kind"]).label


@register.filter
def change_text(figure: Mapping[str, Any]) -> str:
    """Return the change of a figure in a week: "+0.09 in a week"."""
    change = figure["change"]
    if all(value is None for value in figure["values"][-A_WEEK:]):
        return "No value in a week"
    if change is None:
        return "No change known"
    if change == 0:
        return "No change in a week"
    return f"{'+' if change > 0 else '-'}{charts.figure(abs(change))} in a week"


@register.filter
def days_text(values: list[float | None]) -> str:
    """Return the text alternative of the last days: "14 days: 0.1 to 0.3"."""
    known = [value for value in values if value is not None]
    if not known:
        return "No values"
    return f"{len(values)} days: {charts.figure(known[0])} to {charts.figure(known[-1])}"


@register.filter
def grid_cells(picture: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[dict[str, Any]]]]:
    """Return each row of a grid with its cells: text, label and style of each day.

    A value past a limit has the style of its level. The others have one of five steps between the lowest and
    the highest value of the grid.
    """
    known = [value for row in picture["rows"] for value in row["values"] if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    days = [date.fromisoformat(day) for day in picture["days"]]
    return [
        (
            row,
            [
                _cell(day, value, level, low, high)
                for day, value, level in zip(days, row["values"], row["levels"], strict=True)
            ],
        )
        for row in picture["rows"]
    ]


def _cell(day: date, value: float | None, level: int, low: float, high: float) -> dict[str, Any]:
    text = "No value" if value is None else charts.figure(value)
    past = f". {_LEVELS[BreachLevel(level)]}" if level else ""
    return {"text": text, "label": f"{day:%-d %b}: {text}{past}", "style": _style(value, level, low, high)}


def _style(value: float | None, level: int, low: float, high: float) -> str:
    if value is None:
        return "none"
    if level:
        return "critical" if level == BreachLevel.CRITICAL else "warning"
    # Halves, because the difference of two large numbers can overflow.
    share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0
    return f"step-{min(int(share * _STEPS), _STEPS - 1)}"


@register.filter
def bars(picture: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each breach group of a picture with the place of its bar, in per cent of the period."""
    start, end = _moment(picture["start"]), _moment(picture["end"])
    length = (end - start).total_seconds()
    placed = []
    for group in picture["groups"]:
        left = max((_moment(group["start"]) - start).total_seconds() / length, 0)
        right = min(((_moment(group["end"]) or end) - start).total_seconds() / length, 1)
        size = round(max(right - left, 0.004) * 100, 2)
        kind = "critical" if group["level"] == BreachLevel.CRITICAL else "warning"
        placed.append({"group": group, "x": round(left * 100, 2), "width": size, "kind": kind})
    return placed


@register.filter
def moment_of(text: str | None) -> Any:
    """Return the moment of an ISO text, for other filters and tags."""
    return _moment(text)


@register.filter
def line_style(line: Mapping[str, Any], place: int) -> str:
    """Return the style of a line in the legend."""
    return "quiet" if line["is_earlier"] else STYLES[place % len(STYLES)]


@register.filter
def last_known(values: list[float | None]) -> float | None:
    """Return the last value that is known, None without one."""
    return next((value for value in reversed(values) if value is not None), None)


@register.filter
def bar_text(bar: Mapping[str, Any]) -> str:
    """Return when a breach group was open: "Open from 3 Nov to 5 Nov"."""
    opened = timezone.localtime(_moment(bar["group"]["start"]))
    cleared = _moment(bar["group"]["end"])
    if cleared is None:
        return f"Open since {opened:%-d %b}"
    return f"Open from {opened:%-d %b} to {timezone.localtime(cleared):%-d %b}"


@register.filter
def input_moment(at: datetime) -> str:
    """Return a moment as the value of a field, in the reader's time zone."""
    return f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"
