"""Tags and filters for pages that show signals: charts, limits as text, labels with their links."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from pages import charts
from pages.templatetags.ui import duration_text
from signals import rule_text
from signals.queries.backtest import BackTest, Side
from signals.queries.chart import MAX_BREACHES, Chart, lines_of, with_gaps
from signals.queries.picture import mark_kind
from signals.states import BreachLevel
from signals.thresholds import Rule

register = template.Library()
register.filter("figure", charts.figure)

_UNITS = {timedelta(hours=1): "hour", timedelta(days=1): "day", timedelta(days=7): "week"}
_SPAN_KINDS = {BreachLevel.CRITICAL: "critical", BreachLevel.WARNING: "warning"}


@register.simple_tag
def series_chart(chart: Chart, key: str = "signal") -> SafeString:
    """Draw the chart of a series: limits as bands, breaches as spans, agreements and deployments as marks."""
    return charts.line_chart(
        key=key,
        title=chart.series.subject_title,
        lines=[charts.ChartLine(chart.series.metric, chart.points, area=True)],
        thresholds=[limit for version in chart.limits for limit in chart_limits(version)],
        spans=[
            charts.Span(
                breach.opened_at,
                breach.cleared_at,
                _SPAN_KINDS[breach.level],
                f"{breach.reference}: {breach.level.label.lower()}",
            )
            for breach in chart.breaches
        ]
        + [charts.Span(mute.start, mute.end, "mute", mute.label) for mute in chart.mutes],
        marks=[
            charts.Mark(
                version.agreed_at,
                f"Threshold version {version.number} agreed",
                reverse("signals:threshold_detail", args=[version.threshold_id]),
            )
            for version in chart.agreed
            if version.agreed_at
        ]
        + [
            charts.Mark(
                deployment.at,
                deployment.label,
                reverse("catalogue:deployment_detail", args=[deployment.id]),
                mark_kind(deployment),
            )
            for deployment in chart.deployments
        ],
        start=chart.start,
        end=chart.end,
        unit=chart.series.unit,
    )


@register.simple_tag
def backtest_chart(test: BackTest, side: Side, key: str) -> SafeString:
    """Draw the points of a back-test with the limits of one rule and the breaches it would have opened."""
    return charts.line_chart(
        key=key,
        title=test.series.subject_title,
        lines=[charts.ChartLine(test.series.metric, with_gaps(test.line), area=True)],
        thresholds=chart_limits(side.rule),
        spans=[
            charts.Span(
                crossing.span.opened_at,
                crossing.span.cleared_at,
                _SPAN_KINDS[BreachLevel(crossing.span.level)],
                crossing.verdict.label if crossing.verdict else "Not reviewed",
            )
            for crossing in side.crossings[:MAX_BREACHES]
        ],
        marks=[],
        start=test.start,
        end=test.end,
        unit=test.series.unit,
    )


def chart_limits(version: Any) -> list[charts.ChartLimit]:
    """Return the limits to draw, the worst one last so that its band is on top."""
    return [chart_limit(*line) for line in lines_of(version)]


def chart_limit(kind: str, value: float, side: str) -> charts.ChartLimit:
    """Return one limit with its label: "Warning 0.2", "Clears at 0.18"."""
    label = "Clears at" if kind == "clear" else kind.capitalize()
    return charts.ChartLimit(value, kind, f"{label} {charts.figure(value)}", side)


@register.filter
def limits(version: Any) -> str:
    """Return the rule of a version: "critical above 0.25, warning above 0.2, clears at 0.18 or below"."""
    return rule_text.rule_text(version, charts.figure) or "no known limits"


@register.filter
def version_name(version: Any) -> str:
    """Return the link text of a version in force: its number, or that its source evaluates the rule."""
    return "Evaluated by its source" if version.is_external else f"Threshold version {version.number}"


@register.filter
def crossed(breach: Any) -> str:
    """Return the limit that a breach crossed, as in its version; "" if no version or limit is known."""
    version = breach.threshold_version
    if version is None:
        return ""
    levels = (breach.level, BreachLevel.WARNING, BreachLevel.CRITICAL)
    texts = (rule_text.limit_text(version, level, charts.figure) for level in levels)
    return next(filter(None, texts), "")


@register.filter
def measured(breach: Any, value: float | None) -> str:
    """Return a measure of a breach in words: "0.31 ms", "a rise of 35 %"; "" without one."""
    return "" if value is None else rule_text.breach_measure(breach, value, charts.figure)


@register.filter
def rule_query(version: Any) -> str:
    """Return the rule of a version as a query that a back-test reads."""
    names = [field.name for field in fields(Rule)]
    given = {name: value for name in names if (value := getattr(version, name)) not in (None, "")}
    return urlencode({**given, "threshold": version.threshold_id})


@register.filter
def measured_by(rule: Rule, value: float) -> str:
    """Return a measure of a rule in words: "0.31", "6 h without data"."""
    return rule_text.measured_text(rule, value, charts.figure)


@register.filter
def period(length: timedelta | None) -> str:
    """Return a length of time: "3 h", "15 min"."""
    return duration_text(length.total_seconds()) if length is not None else ""


@register.filter
def each(interval: timedelta) -> str:
    """Return a period as it reads after "every": "day", "hour", "6 h"."""
    return _UNITS.get(interval) or duration_text(interval.total_seconds())


@register.filter
def web_link(text: Any) -> str:
    """Return the text if it is a web address (http, https) that a page may link to; else ""."""
    address = str(text or "").strip()
    return address if address.lower().startswith(("http://", "https://")) and " " not in address else ""


@register.filter
def pairs(mapping: Any) -> list[tuple[str, str]]:
    """Return labels as (name, value), sorted by name; [] if it is not a mapping."""
    return (
        sorted((str(name), str(value)) for name, value in mapping.items())
        if isinstance(mapping, Mapping)
        else []
    )


@register.filter
def noted_limits(note: Mapping[str, Any]) -> str:
    """Return the rule that an event tells of, as limits() does. Older events have no kind."""
    names = [field.name for field in fields(Rule)]
    return limits(Rule(**{name: note[name] for name in names if note.get(name) is not None}))
