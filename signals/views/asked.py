"""Parameters that several pages read from a request."""

from people.permissions import SignedInRequest
from signals.queries.chart import PERIODS


def period_of(request: SignedInRequest) -> int:
    """Return the number of days that a chart shows: `?period=`, or the default."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])
