"""The page of patterns: what recurs in the breaches that the reader may see."""

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from kit.rights import may, view_needs
from pages.answers import respond
from pages.listing import Filtering, reader_of, selection_of
from pages.panels import panels_of
from people.permissions import SignedInRequest
from signals.filters.pattern import PATTERNS
from signals.patterns import LEVEL
from signals.queries import pattern as queries
from signals.queries.pattern import Search
from signals.states import PATTERN_PERIODS


@require_safe
@view_needs("signals.view")
def pattern_list(request: SignedInRequest) -> HttpResponse:
    """Show the patterns of a period with their evidence, and how much was tried."""
    selection = selection_of(request, PATTERNS)
    found = queries.asked(selection, reader_of(request))
    context = {
        "listing": Filtering(request.user, PATTERNS, selection),
        "search": found,
        "rows": _with_panels(request, found),
        "periods": [(days, selection.query(days=str(days)), days == found.days) for days in PATTERN_PERIODS],
        "level": LEVEL,
        "is_narrowed": bool(set(selection.values) - {"days"}),
    }
    return respond(request, "signals/pattern_list.html", "list", context)


def _with_panels(request: SignedInRequest, found: Search) -> list[dict[str, Any]]:
    """Return each pattern with the HTML of the panels of upper rooms: each is queried once for all."""
    rows: list[dict[str, Any]] = [{"pattern": pattern, "panels": []} for pattern in found.patterns]
    for panel in panels_of("signals.patterns", "row"):
        if not rows or not may(request.user, panel.permission):
            continue
        cells = panel.query(request.user, found).cells
        for row in rows:
            pattern = row["pattern"]
            context = {"panel": cells.get(pattern.key), "pattern": pattern, "search": found}
            row["panels"].append(render_to_string(panel.template, context, request))
    return rows
