"""The live metric of a risk or a breach as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from pages import charts
from people.models import User
from risklog.models import Risk
from risklog.queries.live import Limit, LiveMetric, live_metric
from signals.models import Breach
from signals.states import BreachLevel
from signals.templatetags.signal_parts import chart_limits


@dataclass(frozen=True, slots=True)
class LiveChart:
    """A chart as HTML, and the thresholds in force that it shows."""

    drawing: SafeString
    limits: Sequence[Limit]


def evidence(user: User, about: Risk | Breach, *, at: datetime) -> LiveChart | None:
    """Return the chart of a risk's or breach's metric. None without a visible metric with recent points."""
    series = about.series
    if series is None or not series.subject.is_visible_to(user):
        return None
    live = live_metric(user, series, at=at)
    if not live.points:
        return None
    drawing = charts.line_chart(
        key="evidence",
        title=series.subject_title,
        lines=[charts.ChartLine(series.metric, live.points, area=True)],
        thresholds=_thresholds(live),
        spans=_spans(live),
        start=live.start,
        end=live.end,
        unit=series.unit,
    )
    return LiveChart(drawing, live.limits)


def _thresholds(live: LiveMetric) -> list[charts.ChartLimit]:
    limits = [limit for version in live.limits for limit in chart_limits(version)]
    return [limit for limit in limits if limit.kind != "clear"]


def _spans(live: LiveMetric) -> list[charts.Span]:
    names = {BreachLevel.WARNING: "warning", BreachLevel.CRITICAL: "critical"}
    return [
        charts.Span(
            max(breach.opened_at, live.start),
            breach.cleared_at,
            names[BreachLevel(breach.level)],
            f"Breach {breach.reference}",
        )
        for breach in live.crossings
    ]
