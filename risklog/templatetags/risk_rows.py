"""The rows of the risk list as one string: a template for each row costs more than the query of all rows."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, TypeAlias
from urllib.parse import quote

from django import template
from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from lists.export_files import joined
from pages.templatetags import ui
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.queries.risk import cell_of
from risklog.queries.risk_columns import Heading
from risklog.queries.risk_export import RISK_EXPORT
from risklog.scoring import Matrix
from risklog.states import RiskState
from signals.queries.spark import Spark

register = template.Library()
Row: TypeAlias = Mapping[str, Any]
_LONGEST = 160  # characters of a text in a cell

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
def score_level(likelihood: int, impact: int) -> SafeString:
    """Return the level badge of a likelihood and an impact, each 1 to 5."""
    return level_badge(present_matrix().level(likelihood, impact))


@register.simple_tag
def risk_level(risk: Risk, solid: bool = False, basis: bool = True) -> SafeString:
    """Return the badge of the level that counts now, and with `basis` whether it is residual or inherent."""
    matrix = present_matrix()
    number = matrix.level(*risk.cell)
    badge = ui.level(number, label=matrix.levels[number], solid=solid)
    return mark_safe(badge + _basis(risk.is_residual)) if basis else badge


@register.simple_tag
def level_badge(number: int | str) -> SafeString:
    """Return the badge of a level 1 to 5 with its name in the organisation."""
    return ui.level(int(number), label=present_matrix().levels[int(number)])


@lru_cache(maxsize=2)
def _basis(is_residual: bool) -> str:
    return f"<small>{'residual' if is_residual else 'inherent'}</small>"


@lru_cache(maxsize=64)
def _badge(level: int, name: str, glyph: str = "") -> str:
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
    return f'<span class="level level-{level}"><svg aria-hidden="true">{drawing}</svg>{escape(name)}</span>'


@lru_cache(maxsize=1024)
def _avatar(name: str | None) -> str:
    """Return ui.avatar() of a name. The title is also its accessible name."""
    face = str(ui.avatar(SimpleNamespace(name=name) if name else None))
    return re.sub(r' aria-label="[^"]*"', "", face)


@register.simple_tag
def risk_rows(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Heading],
    sparks: Mapping[int, Spark],
    escalated: Container[int],
    *,
    has_boxes: bool = False,
    editable: Container[int] = (),
    query: str = "",
) -> SafeString:
    """Return the <tr> of each row of risk_columns.listed(), with every text escaped.

    columns: of risk_columns. sparks: series id -> sparkline. escalated: ids of the subjects with an open
    escalation. has_boxes: each row begins with a checkbox of the form of the bulk change. editable: ids of
    the risks that the reader may change; their cells are links to editors. query: of the list, which the page
    of a risk goes on in.
    """
    origin = escape(f"?list={quote(query)}")
    cells = [table_cell(one) for one in columns]
    table = _Table(origin, sparks, escalated, editable, cells, present_matrix())
    return mark_safe("".join(table.row(row, has_boxes) for row in rows))


@dataclass(slots=True)
class _Table:
    """What the rows of one page share. Their addresses are relative to that of the list.

    origin: what an address needs to keep the list. drawn: the levels and states that were drawn before.
    """

    origin: str
    sparks: Mapping[int, Spark]
    escalated: Container[int]
    editable: Container[int]
    cells: Sequence[tuple[str, "Draw"]]
    matrix: Matrix
    drawn: set[int | str] = field(default_factory=set)

    def row(self, row: Row, has_box: bool) -> str:
        """Return the <tr> of a risk. HTML needs no end tags of rows and cells, and a page has hundreds."""
        cells = "".join(f"{start}{draw(self, row)}" for start, draw in self.cells)
        return f'<tr id="{row["reference"]}" data-row>{_box(row) if has_box else ""}{cells}'

    def edited(self, name: str, content: str, row: Row) -> str:
        """Return the content of a cell, as a link to its editor where the reader may change it."""
        if row["id"] not in self.editable:
            return content
        return f'<a href="{row["reference"]}/set/{name}/">{content}</a>'

    def level(self, row: Row) -> str:
        level = self.matrix.level(*cell_of(row))
        glyph = f"glyph-{level}" if _first_of(level, self.drawn) else ""
        badge = _badge(level, self.matrix.levels[level], glyph)
        return self.edited("level", badge, row) + _basis(row["residual_likelihood"] is not None)

    def title(self, row: Row) -> str:
        reference = row["reference"]
        parts = [
            f"<span>{escape(row['model_name'])}</span>" if row["model_name"] else "",
            _category(row),
            "<span>Restricted</span>" if row["is_restricted"] else "",
            "<span>Duplicate</span>" if row["is_duplicate"] else "",
        ]
        details = "".join(parts)
        return (
            f'<a class="row-link" href="{reference}/{self.origin}">{escape(row["title"])}</a>'
            f'<span class="row-details"><a href="{reference}/peek/">{reference}</a>{details}'
            "</span>"
        )

    def state(self, row: Row) -> str:
        if row["subject_id"] in self.escalated:
            return self.edited("state", _escalated_badge(), row)
        badge = _state_badge(row["state"], is_first=_first_of(row["state"], self.drawn))
        return self.edited("state", badge, row)

    def owner(self, row: Row) -> str:
        return self.edited("owner", _avatar(row["owner_name"]), row)

    def review_on(self, row: Row) -> str:
        return self.edited("review", str(ui.due(row["review_on"])), row)

    def spark(self, row: Row) -> str:
        spark = self.sparks.get(row["series_id"])
        return _line(spark) if spark else ""

    def updated_at(self, row: Row) -> str:
        return str(ui.moment(row["updated_at"]))

    def category(self, row: Row) -> str:
        return _category(row)


Draw = Callable[[_Table, Row], str]
_DRAWN: dict[str, Draw] = {
    "level": _Table.level,
    "title": _Table.title,
    "state": _Table.state,
    "owner": _Table.owner,
    "review_on": _Table.review_on,
    "spark": _Table.spark,
    "updated_at": _Table.updated_at,
    "category": _Table.category,
}


@lru_cache(maxsize=64)
def table_cell(column: Heading) -> tuple[str, Draw]:
    """Return the start tag of the cells of a column, and what draws their content."""
    css = "column-title" if column.name == "title" else column.css
    start = f'<td class="{css}">' if css else "<td>"
    return start, _DRAWN.get(column.name) or _text_of(column.name)


def _text_of(name: str) -> Draw:
    """Return what draws a value as its text in the export, cut where it is long."""
    read = next(one for one in RISK_EXPORT.columns if one.name == name).reads()

    def draw(table: _Table, row: Row) -> str:
        value = read(row)
        if isinstance(value, datetime):
            return str(ui.moment(value))
        if isinstance(value, date):
            return str(ui.day(value))
        text = joined(value) if isinstance(value, list | tuple) else value
        return escape(Truncator("" if text is None else str(text)).chars(_LONGEST))

    return draw


def _category(row: Row) -> str:
    """Return the category as a link to its meaning."""
    return f'<a href="categories/{escape(row["category_slug"])}/">{escape(row["category_name"])}</a>'


def _first_of(what: int | str, drawn: set[int | str]) -> bool:
    """Return whether nothing of this kind was drawn before, and note it."""
    is_first = what not in drawn
    drawn.add(what)
    return is_first


@lru_cache(maxsize=16)
def _state_badge(state: str, *, is_first: bool) -> str:
    """Return the badge of risk_state(). The first of a state draws its icon, and the others refer to it."""
    symbol, css = STATES[RiskState(state)]
    use = (
        f'id="icon-{state}" href="{static("icons/sprite.svg")}#{symbol}"'
        if is_first
        else f'href="#icon-{state}"'
    )
    name, label = f"status {css}".strip(), RiskState(state).label
    return f'<span class="{name}"><svg class="icon" aria-hidden="true"><use {use}/></svg>{label}</span>'


def _box(row: Mapping[str, Any]) -> str:
    return (
        '<td class="column-checkbox"><input type="checkbox" name="sel" form="bulk"'
        f' value="{row["id"]}" aria-label="Select {row["reference"]}">'
    )


@lru_cache(maxsize=1)
def _escalated_badge() -> str:
    return f'<span class="status status-bad">{ui.icon("stairs-up")}Escalated</span>'


def _line(spark: Spark, width: int = 72, height: int = 22) -> str:
    """Return the same SVG as kit/_spark.html in whole pixels, without a template: fifty per page."""
    known = [(day, value) for day, value in enumerate(spark.values) if value is not None]
    low = min(value for _, value in known)
    reach = max(value for _, value in known) - low
    across, down = (width - 6) / max(len(spark.values) - 1, 1), (height - 6) / (reach or 1)
    middle = height // 2
    places = [
        (round(2 + across * day), round(height - 3 - down * (value - low)) if reach else middle)
        for day, value in known
    ]
    (first_x, first_y), (x, y) = places[0], places[-1]
    # Steps are shorter than places: "5-1" instead of "L32 11".
    steps = "l".join(f"{b[0] - a[0]} {b[1] - a[1]}".replace(" -", "-") for a, b in pairwise(places))
    path = f"M{first_x} {first_y}" + (f"l{steps}" if steps else "")
    tone = f" sparkline-{spark.tone}" if spark.tone else ""
    return (
        # Without a viewBox: its style has the same width and height, and fifty rows would repeat it.
        f'<svg class="sparkline{tone}"'
        f' role="img" aria-label="{escape(spark.description)}"><path d="{path}"/>'
        f'<circle cx="{x}" cy="{y}"/></svg>'
    )
