"""What the pages with a chart read from a request."""

from django.http import HttpRequest

from signals.queries.chart import PERIODS


def period_of(request: HttpRequest) -> int:
    """The days a chart reaches back."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])
