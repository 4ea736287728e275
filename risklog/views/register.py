"""The risk list: narrowed, sorted and paged by its address, with the heat map beside it."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from kit import clock
from kit.rights import may, view_needs
from pages.answers import is_fragment, respond
from pages.requests import page_of
from risklog import scoring
from risklog.models import Category, Risk
from risklog.queries import risk as queries
from risklog.states import RiskState
from signals.queries.spark import sparks

COUNT_CAP = 1000
SORTS = (
    ("-severity", "Highest level"),
    ("-updated", "Recently updated"),
    ("updated", "Least recently updated"),
    ("-opened", "Newest"),
    ("opened", "Oldest"),
    ("severity", "Lowest level"),
)
TABS = (
    ("All live", ""),
    ("Mine", "owner=me"),
    ("Critical & high", "level=5&level=4"),
    ("No owner", "owner=none"),
    ("Accepted", "state=accepted"),
    ("Closed", "state=closed"),
)
_PARTS = {"model": ("Model", "cpu"), "team": ("Team", "users-group"), "owner": ("Owner", "user")}


@view_needs("risklog.risk_view")
@require_safe
def risk_list(request: HttpRequest) -> HttpResponse:
    filters = queries.filters_of(request.GET)
    sort = request.GET.get("sort", "")
    sort = sort if sort in queries.ORDERS else "-severity"
    at, today = clock.now(), timezone.localdate()
    narrowed = _narrowed(request, filters, today)
    page = page_of(queries.listed(narrowed), queries.ORDERS[sort], request)
    queries.masked(page.rows, request.user, "model_name")
    heat = queries.heat(narrowed, COUNT_CAP)
    counted = _counted(heat.total, heat.is_capped)
    if filters.cell:
        heat = queries.heat(_narrowed(request, filters.without_cell(), today), COUNT_CAP)
    context = {
        "filters": filters,
        "sort": sort,
        "page": page,
        "sparks": sparks((row["series_id"] for row in page.rows if row["series_id"]), at=at),
        "escalated": queries.escalated([row["subject_id"] for row in page.rows]),
        "counted": counted,
        "tabs": _tabs(filters),
        "menus": _menus(filters),
        "chips": _chips(request, filters),
        "pickers": _pickers(request, filters),
        "sorts": [(key, label, key == sort) for key, label in SORTS],
        "is_narrowed": filters != queries.Filters(),
        "may_add": may(request.user, "risklog.risk_add"),
        "heat_url": f"{reverse('risklog:risk_heat')}?{_query(request)}",
        "moved": queries.moved(request.user, since=at - timedelta(days=7)),
        # Counting a large register takes longer than the page: the browser asks for that part by itself.
        "heat": None if heat.is_capped else _heat(request, heat.cells, filters),
    }
    answer = respond(request, "risklog/risk_list.html", "log", context)
    if is_fragment(request):
        answer["HX-Push-Url"] = f"{request.path}?{_query(request)}".rstrip("?")
    return answer


@view_needs("risklog.risk_view")
@require_safe
def risk_heat(request: HttpRequest) -> HttpResponse:
    """The heat map alone, of what the list is narrowed to."""
    filters = queries.filters_of(request.GET)
    rows = _narrowed(request, filters.without_cell(), timezone.localdate())
    context = {"heat": _heat(request, queries.heat(rows).cells, filters), "filters": filters}
    return respond(request, "risklog/risk_heat.html", "heat", context)


@view_needs("risklog.risk_view")
@require_safe
def risk_choices(request: HttpRequest, what: str) -> HttpResponse:
    """What the list can be narrowed to, as links that keep the other filters."""
    if what not in queries.CHOICES:
        raise Http404
    label, symbol = _PARTS[what]
    text = request.GET.get("find", "")
    own = [("me", "Mine"), ("none", "No owner")] if what == "owner" else []
    own = [("me", "My teams"), ("none", "No team")] if what == "team" else own
    found = [*(own if not text else []), *queries.choices(what, request.user, text)]
    context = {
        "what": what,
        "label": label,
        "symbol": symbol,
        "text": text,
        "found": [(name, _list_url(request, **{what: key})) for key, name in found],
        "kept": [
            (name, value) for name in request.GET if name != "find" for value in request.GET.getlist(name)
        ],
        "back": _list_url(request),
    }
    return respond(request, "risklog/risk_choices.html", "found", context)


def _narrowed(request: HttpRequest, filters: queries.Filters, today: date) -> QuerySet[Risk]:
    return queries.narrowed(Risk.objects.visible_to(request.user), filters, user=request.user, today=today)


def _counted(count: int, is_capped: bool) -> str:
    if is_capped:
        return f"More than {count:,} risks"
    return f"{count} risk{'' if count == 1 else 's'}"


def _query(request: HttpRequest, **changes: str | None) -> str:
    """The filters and the order of this address, without what is empty and without a place in the pages."""
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        if name not in {"after", "before", "find"} and name not in changes
        for value in values
        if value and (name, value) != ("sort", "-severity")
    ]
    return urlencode([*kept, *((name, value) for name, value in changes.items() if value)])


def _list_url(request: HttpRequest, **changes: str | None) -> str:
    return f"{reverse('risklog:risk_list')}?{_query(request, **changes)}".rstrip("?")


def _tabs(filters: queries.Filters) -> list[dict[str, Any]]:
    base = reverse("risklog:risk_list")
    return [
        {
            "label": label,
            "url": f"{base}?{query}" if query else base,
            "current": queries.filters_of(QueryDict(query)) == filters,
        }
        for label, query in TABS
    ]


def _menus(filters: queries.Filters) -> dict[str, Any]:
    """The check lists: each option with whether it is chosen."""
    categories = Category.objects.filter(is_retired=False).order_by("name").values_list("slug", "name")
    return {
        "states": [(state, state in filters.states) for state in RiskState.values],
        "levels": [(number, number in filters.levels) for number in reversed(scoring.LEVELS)],
        "categories": [(slug, name, slug in filters.categories) for slug, name in categories],
    }


def _pickers(request: HttpRequest, filters: queries.Filters) -> list[dict[str, str]]:
    """The filters whose choices are fetched when asked for."""
    query = _query(request)
    return [
        {
            "what": what,
            "label": label,
            "symbol": symbol,
            "url": f"{reverse('risklog:risk_choices', args=[what])}?{query}",
        }
        for what, (label, symbol) in _PARTS.items()
        if not getattr(filters, what)
    ]


def _chips(request: HttpRequest, filters: queries.Filters) -> list[dict[str, str]]:
    """What is narrowed to beside the check lists, each with the address without it and its hidden field."""
    special = {
        ("owner", "me"): "Mine",
        ("owner", "none"): "No owner",
        ("team", "me"): "My teams",
        ("team", "none"): "No team",
    }
    chips = []
    for what, (label, _) in _PARTS.items():
        if key := getattr(filters, what):
            name = (
                special.get((what, key)) or f"{label}: {queries.named(what, key, request.user) or 'unknown'}"
            )
            chips.append((what, key, name))
    if filters.tag:
        chips.append(("tag", filters.tag, f"Tag: {filters.tag}"))
    if filters.cell:
        likelihood, impact = filters.cell
        words = f"{scoring.LIKELIHOODS[likelihood]}, {scoring.IMPACTS[impact].lower()} impact"
        chips.append(("cell", f"{likelihood}x{impact}", words))
    if filters.is_ending:
        chips.append(("ending", "1", f"Acceptance ends within {queries.ENDING_DAYS} days"))
    return [
        {"name": name, "value": value, "label": label, "url": _list_url(request, **{name: None})}
        for name, value, label in chips
    ]


def _heat(
    request: HttpRequest, counts: dict[tuple[int, int], int], filters: queries.Filters
) -> dict[str, Any]:
    """The matrix as kit/_heat.html draws it, likely on top; and how many risks each level has."""
    per_level = dict.fromkeys(reversed(scoring.LEVELS), 0)
    base, rows = _list_url(request, cell=None), []
    joint = "&" if "?" in base else "?"
    for likelihood in reversed(scoring.LIKELIHOODS):
        cells = []
        for impact in scoring.IMPACTS:
            level, count = scoring.level(likelihood * impact), counts.get((likelihood, impact), 0)
            per_level[level] += count
            is_current = filters.cell == (likelihood, impact)
            cells.append(
                {
                    "impact": scoring.IMPACTS[impact].lower(),
                    "level": level,
                    "count": count,
                    "url": base if is_current else f"{base}{joint}cell={likelihood}x{impact}",
                    "current": is_current,
                }
            )
        rows.append({"number": likelihood, "name": scoring.LIKELIHOODS[likelihood], "cells": cells})
    return {
        "rows": rows,
        "columns": [{"number": number, "name": name} for number, name in scoring.IMPACTS.items()],
        "levels": [
            (
                number,
                f"{scoring.LEVELS[number]} {count}",
                count,
                _list_url(request, level=str(number), cell=None),
            )
            for number, count in per_level.items()
        ],
    }
