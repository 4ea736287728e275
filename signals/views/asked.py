"""What the pages with a chart read from a request."""

from people.permissions import SignedInRequest
from signals.queries.chart import PERIODS


def period_of(request: SignedInRequest) -> int:
    """The days a chart reaches back."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])
