"""The rows of the risk list as one string: a template for each row costs more than the query of all rows."""

from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from pages.templatetags import ui
from risklog import scoring
from risklog.states import RiskState
from signals.queries.spark import Spark

register = template.Library()

# State -> (icon, class). The label is always beside the icon.
STATES = {
    RiskState.OPEN: ("circle-dot", ""),
    RiskState.ASSESSING: ("zoom-check", "status-busy"),
    RiskState.TREATING: ("circle-dashed", "status-busy"),
    RiskState.MONITORING: ("eye", "status-busy"),
    RiskState.ACCEPTED: ("clipboard-check", "status-good"),
    RiskState.CLOSED: ("circle-check", "status-good"),
}


@register.simple_tag
@lru_cache(maxsize=16)
def risk_state(state: str) -> SafeString:
    """Return the state of a risk as an icon and its label."""
    symbol, css = STATES[RiskState(state)]
    return mark_safe(
        f'<span class="status {css}">{ui.icon(symbol)}{RiskState(state).label}</span>'
        if css
        else f'<span class="status">{ui.icon(symbol)}{RiskState(state).label}</span>'
    )


@register.simple_tag
def risk_level(score: int, solid: bool = False) -> SafeString:
    """Return the level badge of a score 1 to 25."""
    return ui.level(scoring.level(score), solid=solid)


@lru_cache(maxsize=8)
def _badge(level: int, glyph: str = "") -> str:
    """Return the badge of ui.level(). The first of a level draws its glyph, and the others refer to it.

    glyph: the id of the glyph to draw. A drawn glyph has two paths instead of five bars.
    """
    bars = [f"M{k * 3.4:.3g} {8 - 2 * k}h2.4V12h-2.4z" for k in range(5)]
    drawing = f'<use href="#glyph-{level}"/>'
    if glyph:
        drawing = (
            f'<g id="{glyph}"><path class="level-bar" d="{"".join(bars[:level])}"/>'
            f'<path class="level-bar-rest" d="{"".join(bars[level:])}"/></g>'
        )
    return (
        f'<span class="level level-{level}"><svg class="level-glyph"'
        f' viewBox="0 0 16.2 12" aria-hidden="true">{drawing}</svg>{scoring.LEVELS[level]}</span>'
    )


@lru_cache(maxsize=1024)
def _avatar(name: str | None) -> str:
    return str(ui.avatar(SimpleNamespace(name=name) if name else None))


@register.simple_tag
def risk_rows(
    rows: Iterable[Mapping[str, Any]],
    sparks: Mapping[int, Spark],
    escalated: Container[int],
    has_boxes: bool = False,
) -> SafeString:
    """Return the <tr> of each row of queries.risk.listed(), with every text escaped.

    sparks: series id -> sparkline. escalated: ids of the subjects with an open escalation. has_boxes: each
    row begins with a checkbox of the form of the bulk change.
    """
    base, drawn, lines = reverse("risklog:risk_list"), set[int](), []
    for row in rows:
        level = scoring.level(row["severity"])
        badge = _badge(level) if level in drawn else _badge(level, f"glyph-{level}")
        drawn.add(level)
        start = f'<tr id="{row["reference"]}" data-row>{_box(row) if has_boxes else ""}'
        spark, is_escalated = sparks.get(row["series_id"]), row["subject_id"] in escalated
        lines.append(start + _row(row, base, badge, spark, is_escalated))
    return mark_safe("".join(lines))


def _box(row: Mapping[str, Any]) -> str:
    return (
        '<td class="column-checkbox"><input type="checkbox" name="sel" form="bulk"'
        f' value="{row["id"]}" aria-label="Select {row["reference"]}"></td>'
    )


@lru_cache(maxsize=1)
def _escalated_badge() -> str:
    return f'<span class="status status-bad">{ui.icon("stairs-up")}Escalated</span>'


def _row(row: Mapping[str, Any], base: str, badge: str, spark: Spark | None, is_escalated: bool) -> str:
    reference = row["reference"]
    details = f"<span>{reference}</span>"
    if row["model_name"]:
        details += f"<span>{escape(row['model_name'])}</span>"
    details += f"<span>{escape(row['category_name'])}</span>"
    if row["is_restricted"]:
        details += "<span>Restricted</span>"
    if row["is_duplicate"]:
        details += "<span>Duplicate</span>"
    line = _line(spark) if spark else ""
    state = _escalated_badge() if is_escalated else risk_state(row["state"])
    return (
        f"<td>{badge}</td>"
        f'<td class="column-title"><a class="row-link" href="{base}{reference}/">{escape(row["title"])}</a>'
        f'<span class="row-details">{details}</span></td>'
        f'<td class="column-optional">{escape(row["team_name"] or "")}</td><td>{state}</td>'
        f'<td class="column-optional column-roomy">{line}</td>'
        f'<td class="column-optional">{_avatar(row["owner_name"])}</td>'
        f'<td class="column-end">{ui.moment(row["updated_at"])}</td></tr>'
    )


def _line(spark: Spark, width: int = 72, height: int = 22) -> str:
    """Return the same SVG as kit/_spark.html in whole pixels, without a template: fifty per page."""
    known = [(day, value) for day, value in enumerate(spark.values) if value is not None]
    low = min(value for _, value in known)
    reach = max(value for _, value in known) - low
    across, down = (width - 6) / max(len(spark.values) - 1, 1), (height - 6) / (reach or 1)
    middle = height // 2
    places = [
        f"{round(2 + across * day)} {round(height - 3 - down * (value - low)) if reach else middle}"
        for day, value in known
    ]
    x, y = places[-1].split()
    tone = f" sparkline-{spark.tone}" if spark.tone else ""
    return (
        f'<svg class="sparkline{tone}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{escape(spark.description)}"><path d="M{"L".join(places)}"/>'
        f'<circle cx="{x}" cy="{y}" r="2.2"/></svg>'
    )
