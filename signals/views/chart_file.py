"""The chart of a series as a file."""

from typing import Any

from django.views.decorators.http import require_safe

from kit.rights import view_needs
from people.permissions import SignedInRequest
from signals.chart_files import answer
from signals.views.asked import span_of
from signals.views.series import load_series


@require_safe
@view_needs("signals.view")
def series_file(request: SignedInRequest, pk: int, form: str) -> Any:
    """Send the chart of a series in the period of the query: SVG, PNG, or all its points as CSV."""
    period, _ = span_of(request)
    return answer(request.user, load_series(request, pk), period, form)
