"""The risk list: its address has the filters, order and page. The heat map is beside it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import may, view_needs
from lists.specification import Reader, Selection
from pages.answers import is_fragment, respond
from pages.exporting import FORMATS, send_export
from pages.listing import Chip, Listing, listing, reader_of, selection_of
from people.models import User
from people.permissions import SignedInRequest
from risklog import scoring
from risklog.filters.risk import RISK_LIST, RISKS, live_risks
from risklog.models import Risk
from risklog.models.matrix import present_matrix
from risklog.queries import risk as queries
from risklog.queries import risk_columns
from risklog.queries.risk_export import RISK_EXPORT
from risklog.scoring import Cell, Matrix
from saved import queries as saved
from signals.queries.spark import sparks

COUNT_CAP = 1000
# The check lists: filter -> icon.
MENUS = {"state": "circle-dot", "level": "alert-triangle", "category": "category"}
# The filters whose values are fetched when asked for: filter -> icon.
PICKERS = {"model": "cpu", "team": "users-group", "owner": "user"}
# The orders that the page offers; the others are for tools.
ORDERS = ("-severity", "-updated_at", "updated_at", "-opened_at", "opened_at", "severity")
_CHOICES = replace(RISKS, further=("find",))


@require_safe
@view_needs("risklog.risk_view")
def risk_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list. Closed risks are on it only if the address has a state or a reference."""
    selection, reader, at = selection_of(request, RISKS), reader_of(request), clock.now()
    columns = risk_columns.shown(selection)
    rows = risk_columns.listed(live_risks(selection, reader), columns)
    shown = listing(request, RISKS, rows, selection=selection)
    risk_columns.hidden(shown.page.rows, request.user)
    heat = queries.heat(_filtered(selection, reader), COUNT_CAP)
    counted = _counted(heat.total, heat.is_capped)
    if "cell" in selection.values:
        heat = queries.heat(_filtered(selection.without("cell"), reader), COUNT_CAP)
    context = {
        "listing": shown,
        "page": shown.page,
        "columns": risk_columns.headings(columns),
        "columns_url": f"{reverse('risklog:risk_columns')}?{selection.query()}",
        "sparks": sparks(_series_of(shown.page.rows, columns), at=at),
        "escalated": queries.escalated([row["subject_id"] for row in shown.page.rows]),
        "counted": counted,
        "tabs": (tabs := saved.tabs(RISK_LIST, request.user, selection)),
        "save_url": "" if any(tab.is_same for tab in tabs) else saved.new_address(RISK_LIST, selection),
        "counts_url": reverse("saved:view_counts", args=[RISK_LIST.name]),
        "menus": _menus(shown),
        "chips": [_chip(chip, shown) for chip in shown.chips if chip.name not in {*MENUS, "q"}],
        "kept": [(name, text) for name, text in selection.texts.items() if name not in {"q", "order"}],
        "pickers": _pickers(selection),
        "orders": [option for option in shown.orders if option.value in ORDERS],
        "may_add": may(request.user, "risklog.risk_add"),
        "may_change": may(request.user, "risklog.risk_change"),
        "editable": _editable(shown.page.rows, request.user),
        "query": selection.query(),
        "exports": _exports(selection),
        "heat_url": f"{reverse('risklog:risk_heat')}?{selection.query()}",
        "moved": queries.moved(request.user, since=at - timedelta(days=7)),
        # Counting a large register takes longer than the page, so the browser loads that part separately.
        "heat": None if heat.is_capped else _heat(heat.cells, selection),
    }
    answer = respond(request, "risklog/risk_list.html", "log", context)
    if is_fragment(request):
        answer["HX-Push-Url"] = _list_url(selection)
    return answer


@require_safe
@view_needs("risklog.risk_view")
def risk_export(request: SignedInRequest) -> StreamingHttpResponse:
    """Send all risks of the filtered list, in its order, as a file: ?format=csv, xlsx or json."""
    return send_export(request, RISK_EXPORT, live_risks)


@require_safe
@view_needs("risklog.risk_view")
def risk_choose_columns(request: SignedInRequest) -> HttpResponse:
    """Show the columns that the list can have as check boxes, which keep its filters and its order."""
    selection = selection_of(request, RISKS)
    chosen = risk_columns.shown(selection)
    context = {
        "boxes": [(name, label, name in chosen) for name, label in RISKS.columns.items()],
        "kept": [(name, text) for name, text in selection.texts.items() if name != "columns"],
        "default": _list_url(selection, columns=None),
        "back": _list_url(selection),
    }
    return respond(request, "risklog/risk_columns.html", "columns", context)


@require_safe
@view_needs("risklog.risk_view")
def risk_heat(request: SignedInRequest) -> HttpResponse:
    """Show the heat map of the filtered list."""
    selection = selection_of(request, RISKS)
    rows = _filtered(selection.without("cell"), reader_of(request))
    context = {"heat": _heat(queries.heat(rows).cells, selection)}
    return respond(request, "risklog/risk_heat.html", "heat", context)


@require_safe
@view_needs("risklog.risk_view")
def risk_choices(request: SignedInRequest, what: str) -> HttpResponse:
    """Show the values of a filter as links that keep the other filters. ?find= searches by name."""
    if what not in queries.CHOICES:
        raise Http404
    selection, text = selection_of(request, _CHOICES), request.GET.get("find", "")
    fixed = () if text else RISKS.filters[what].special_values
    context = {
        "what": what,
        "label": RISKS.filters[what].label,
        "symbol": PICKERS[what],
        "text": text,
        "choices": [
            (name, _list_url(selection, **{what: value}))
            for value, name in (*fixed, *queries.choices(what, request.user, text))
        ],
        "kept": list(selection.texts.items()),
        "back": _list_url(selection),
    }
    return respond(request, "risklog/risk_choices.html", "choices", context)


def _filtered(selection: Selection, reader: Reader) -> QuerySet[Risk]:
    return RISKS.apply(live_risks(selection, reader), selection, reader)


def _series_of(rows: list[dict[str, Any]], columns: Sequence[str]) -> list[int]:
    """Return the metrics of the rows, [] if the list does not draw them."""
    return [row["series_id"] for row in rows if row["series_id"]] if "spark" in columns else []


def _editable(rows: list[dict[str, Any]], user: User) -> set[int]:
    """Return the ids of the risks on the page that this reader may change. At most one query."""
    if not rows or not may(user, "risklog.risk_change"):
        return set()
    _ = user.team_ids  # so that the number of queries is the same for every page
    return {row["id"] for row in rows if may(user, "risklog.risk_change", SimpleNamespace(**row))}


def _counted(count: int, is_capped: bool) -> str:
    if is_capped:
        return f"More than {count:,} risks"
    return f"{count} risk{'' if count == 1 else 's'}"


def _list_url(selection: Selection, **changes: str | None) -> str:
    return f"{reverse('risklog:risk_list')}?{selection.query(**changes)}".rstrip("?")


def _exports(selection: Selection) -> list[tuple[str, str]]:
    """Return the formats of the export of this list, with their addresses: as shown, then all columns."""
    base = reverse("risklog:risk_export")
    exported = {column.name for column in RISK_EXPORT.columns}
    columns = ",".join(name for name in risk_columns.shown(selection) if name in exported)
    return [
        (f"{label}, {text}", f"{base}?{selection.query(format=form, order=selection.order, columns=names)}")
        for text, names in (("as shown", columns), ("all columns", None))
        for form, label in FORMATS
    ]


def _menus(shown: Listing) -> list[dict[str, Any]]:
    """Return the check lists, each option with the link that adds or removes it."""
    menus = []
    for name, symbol in MENUS.items():
        options = shown.options(name)
        chosen = sum(option.is_chosen for option in options)
        label = RISKS.filters[name].label
        menus.append({"name": name, "label": label, "symbol": symbol, "options": options, "chosen": chosen})
    return menus


def _pickers(selection: Selection) -> list[dict[str, str]]:
    """Return the filters whose values are fetched when asked for, unless they are set."""
    query = selection.query()
    return [
        {
            "what": what,
            "label": RISKS.filters[what].label,
            "symbol": symbol,
            "url": f"{reverse('risklog:risk_choices', args=[what])}?{query}",
        }
        for what, symbol in PICKERS.items()
        if what not in selection.values
    ]


def _chip(chip: Chip, shown: Listing) -> Chip:
    """Return a chip with names instead of the keys in the address. At most one query."""
    values = shown.selection.values[chip.name]
    if chip.name == "cell":
        likelihood, impact = values[0]
        matrix = present_matrix()
        return replace(
            chip, label=f"{matrix.likelihoods[likelihood]}, {matrix.impacts[impact].lower()} impact"
        )
    names = RISKS.names_of(chip.name, shown.selection, shown.user)
    if names is None:
        return chip
    labels = ", ".join(name or "unknown" for name in names.values())
    return replace(chip, label=f"{RISKS.filters[chip.name].label}: {labels}")


def _heat(counts: dict[tuple[int, int], int], selection: Selection) -> dict[str, Any]:
    """Return the matrix for kit/_heat.html, highest likelihood first, and the number of risks per level."""
    matrix = present_matrix()
    per_level = dict.fromkeys(reversed(scoring.STEPS), 0)
    for cell, count in counts.items():
        per_level[matrix.level(*cell)] += count
    return {
        "rows": [
            {
                "number": likelihood,
                "name": matrix.likelihoods[likelihood],
                "cells": [
                    _heat_cell(matrix, (likelihood, impact), counts, selection) for impact in scoring.STEPS
                ],
            }
            for likelihood in reversed(scoring.STEPS)
        ],
        "columns": [{"number": number, "name": name} for number, name in matrix.impacts.items()],
        "levels": [
            (
                number,
                f"{matrix.levels[number]} {count}",
                count,
                _list_url(selection, level=str(number), cell=None),
            )
            for number, count in per_level.items()
        ],
    }


def _heat_cell(matrix: Matrix, cell: Cell, counts: dict[Cell, int], selection: Selection) -> dict[str, Any]:
    likelihood, impact = cell
    is_current = cell in selection.values.get("cell", ())
    level = matrix.level(*cell)
    return {
        "impact": matrix.impacts[impact].lower(),
        "level": level,
        "level_name": matrix.levels[level],
        "count": counts.get(cell, 0),
        "url": _list_url(selection, cell=None if is_current else f"{likelihood}x{impact}"),
        "current": is_current,
    }
