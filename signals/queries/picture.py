"""Pictures: what a panel of a dashboard shows, as JSON. A page draws them, and a snapshot keeps them.

A picture is {"kind", "title", "start", "end", …}. Moments are ISO texts. A part has `subject`, the id of the
subject that a reader must see to see the part.

    figures   figures: [{subject, series, name, unit, value, change, values, tone, limit, has_rule}]
    series    unit; lines: [{subject, series, name, points: [[moment, value or None]], is_earlier, earlier}];
              limits: [{subject, value, kind, side}]; spans: [{subject, start, end, kind, label}];
              marks: [{subject, at, label, link, kind}]
    grid      days: [dates]; rows: [{subject, series, name, unit, values, levels}], one value a day
    breaches  groups: [{subject, reference, title, level, start, end}]
    risks     risks: [{subject, reference, title, level, level_name, state, link}]
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from django.urls import reverse

from history.models import Subject
from kit.sight import Visitor
from signals.dashboards import ChartPeriod
from signals.models import BreachGroup, Series
from signals.queries.chart import Chart, ChartDeployment, ChartVersion, lines_of
from signals.queries.spark import Spark
from signals.states import BreachLevel, PanelKind

Picture = dict[str, Any]
Line = Sequence[tuple[datetime, float | None]]
SPAN_KINDS = {BreachLevel.CRITICAL: "critical", BreachLevel.WARNING: "warning"}
A_WEEK = 7  # values, one a day
# The parts of a picture that have a subject.
_PARTS = ("figures", "lines", "limits", "spans", "marks", "rows", "groups", "risks")


def _picture(kind: PanelKind, title: str, period: ChartPeriod, **parts: Any) -> Picture:
    """Return a picture with its parts."""
    shown = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    return {"kind": str(kind), "title": title, **shown, **parts}


def of_charts(
    title: str,
    charts: Sequence[Chart],
    period: ChartPeriod,
    *,
    earlier: Mapping[int, Line] | None = None,
    marks: Sequence[Mapping[str, Any]] = (),
) -> Picture:
    """Return the picture of one or several series, with limits if all series that have limits have the same.

    earlier: series id -> its points in the compared period, None if they are not compared.
    """
    lines = [_line(chart.series, chart.points) for chart in charts]
    for chart in charts if earlier is not None else ():
        shift = period.start - period.before.start
        shifted = [(at + shift, value) for at, value in (earlier or {}).get(chart.series.pk, ())]
        lines.append(_line(chart.series, shifted, earlier=period.compared_name))
    return _picture(
        PanelKind.SERIES,
        title,
        period,
        unit=charts[0].series.unit if charts else "",
        lines=lines,
        limits=_shared_limits(charts),
        spans=[span for chart in charts for span in _spans(chart)],
        marks=[*_agreements(charts), *_deployments(charts), *marks],
    )


def _line(series: Series, points: Line, *, earlier: str = "") -> dict[str, Any]:
    return {
        "subject": series.subject_id,
        "series": series.pk,
        "name": series.subject_title,
        "points": [[at.isoformat(), value] for at, value in points],
        "is_earlier": bool(earlier),
        "earlier": earlier,
    }


def _shared_limits(charts: Sequence[Chart]) -> list[dict[str, Any]]:
    """Return the limits of the charts, nothing if they differ: a band looks like that of every series."""
    limited = [limits for chart in charts if (limits := _limits(chart))]
    levels = [[(limit["value"], limit["kind"], limit["side"]) for limit in limits] for limits in limited]
    return limited[0] if limited and all(level == levels[0] for level in levels) else []


def _limits(chart: Chart) -> list[dict[str, Any]]:
    """Return the limits that are in the unit of the series, the worst one of each version last."""
    return [
        {"subject": chart.series.subject_id, "value": value, "kind": kind, "side": side}
        for version in chart.limits
        for kind, value, side in lines_of(version)
    ]


def _spans(chart: Chart) -> list[dict[str, Any]]:
    return [
        {
            "subject": chart.series.subject_id,
            "start": breach.opened_at.isoformat(),
            "end": breach.cleared_at.isoformat() if breach.cleared_at else None,
            "kind": SPAN_KINDS[breach.level],
            "label": f"{breach.reference}: {breach.level.label.lower()}",
        }
        for breach in chart.breaches
    ]


def _agreements(charts: Sequence[Chart]) -> list[dict[str, Any]]:
    """Return the agreed versions as marks. In a picture of several series each names its series."""
    return [
        {
            "subject": chart.series.subject_id,
            "at": version.agreed_at.isoformat(),
            "label": _agreement(version, chart.series.subject_title if len(charts) > 1 else ""),
            "link": reverse("signals:threshold_detail", args=[version.threshold_id]),
            "kind": "note",
        }
        for chart in charts
        for version in chart.agreed
        if version.agreed_at
    ]


def _agreement(version: ChartVersion, series: str) -> str:
    of_series = f" of {series}" if series else ""
    return f"Threshold version {version.number}{of_series} agreed"


def _deployments(charts: Sequence[Chart]) -> list[dict[str, Any]]:
    """Return the deployments of the models of the charts as marks, each once."""
    deployments = {row.id: row for chart in charts for row in chart.deployments}
    return [
        {
            "subject": deployment.subject,
            "at": deployment.at.isoformat(),
            "label": deployment.label,
            "link": reverse("catalogue:deployment_detail", args=[deployment.id]),
            "kind": mark_kind(deployment),
        }
        for deployment in deployments.values()
    ]


def mark_kind(deployment: ChartDeployment) -> str:
    """Return how a chart marks a deployment: "critical" if it was rolled back."""
    return "critical" if deployment.is_rolled_back else "note"


def of_figures(
    title: str, series: Iterable[Series], sparks: Mapping[int, Spark], period: ChartPeriod
) -> Picture:
    """Return the picture of the latest values. sparks: series id -> its days up to the end of the period."""
    figures = [_figure(row, sparks.get(row.pk)) for row in series]
    return _picture(PanelKind.FIGURES, title, period, figures=figures)


def _figure(series: Series, spark: Spark | None) -> dict[str, Any]:
    values = spark.values if spark else []
    known = [value for value in values if value is not None]
    latest = next((value for value in reversed(values[-A_WEEK:]) if value is not None), None)
    before = next((value for value in reversed(values[:-A_WEEK]) if value is not None), None)
    return {
        "subject": series.subject_id,
        "series": series.pk,
        "name": series.subject_title,
        "unit": series.unit,
        "value": known[-1] if known else None,
        "change": _difference(latest, before) if latest is not None and before is not None else None,
        "values": values,
        "tone": spark.tone if spark else "",
        "limit": spark.limit if spark else None,
        "has_rule": bool(spark and spark.has_rule),
    }


def _difference(value: float, before: float) -> float | None:
    """Return the difference, None if it overflows: JSON has no infinity."""
    difference = value - before
    return difference if isfinite(difference) else None


def of_grid(
    title: str, series: Iterable[Series], sparks: Mapping[int, Spark], period: ChartPeriod
) -> Picture:
    """Return the picture of a grid. sparks: series id -> its days up to the end of the period."""
    known = [(row, sparks[row.pk]) for row in series if row.pk in sparks]
    length = len(known[0][1].values) if known else 0
    last = period.end - timedelta(microseconds=1)
    return _picture(
        PanelKind.GRID,
        title,
        period,
        days=[(last - timedelta(days=back)).date().isoformat() for back in reversed(range(length))],
        rows=[
            {
                "subject": row.subject_id,
                "series": row.pk,
                "name": " · ".join(filter(None, (row.feature, row.slice))) or row.metric,
                "unit": row.unit,
                "values": spark.values,
                "levels": list(spark.levels),
            }
            for row, spark in known
        ],
    )


def of_breaches(title: str, groups: Iterable[BreachGroup], period: ChartPeriod) -> Picture:
    """Return the picture of breach groups in time."""
    shown = [
        {
            "subject": group.subject_id,
            "reference": group.reference,
            "title": group.title,
            "level": group.level,
            "start": group.opened_at.isoformat(),
            "end": group.cleared_at.isoformat() if group.cleared_at else None,
        }
        for group in groups
    ]
    return _picture(PanelKind.BREACHES, title, period, groups=shown)


def of_risks(title: str, risks: Iterable[Mapping[str, Any]], period: ChartPeriod) -> Picture:
    """Return the picture of live risks, as signals.queries.risk_reader returns them."""
    shown = [{name: value for name, value in risk.items() if name != "model"} for risk in risks]
    return _picture(PanelKind.RISKS, title, period, risks=shown)


def visible_parts(user: Visitor, pictures: Sequence[Picture]) -> list[Picture]:
    """Return stored pictures without the parts that the reader may not see now. One query."""
    ids = {part["subject"] for picture in pictures for part in _parts(picture) if part.get("subject")}
    seen = set(Subject.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    return [_without_hidden(picture, seen) for picture in pictures]


def _parts(picture: Picture) -> Iterable[Mapping[str, Any]]:
    return (part for name in _PARTS for part in picture.get(name, ()))


def _without_hidden(picture: Picture, seen: set[int]) -> Picture:
    parts = {
        name: [part for part in picture[name] if not part.get("subject") or part["subject"] in seen]
        for name in _PARTS
        if name in picture
    }
    shown = picture | parts
    if picture["kind"] == PanelKind.SERIES and not shown["lines"]:
        # A title that a person wrote, the unit and the marks of decisions are about lines that are hidden.
        shown |= {"title": "", "unit": "", "marks": []}
    return shown
