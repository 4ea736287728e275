"""Parameters that several pages read from a request."""

from datetime import timedelta

from django.utils import timezone

from kit import clock
from kit.refusals import Refused
from people.permissions import SignedInRequest
from signals import dashboards
from signals.dashboards import ChartPeriod
from signals.queries.chart import PERIODS


def period_of(request: SignedInRequest) -> int:
    """Return the number of days that a chart shows: `?period=`, or the default."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])


def span_of(request: SignedInRequest) -> tuple[ChartPeriod, dict[str, str]]:
    """Return the period that a dashboard shows, and the errors of ?from= and ?until= by field.

    Without ?from= it is the last ?period= days. ?compare=before draws the period before, too.
    """
    at, errors = clock.now(), {}
    is_compared = request.GET.get("compare") == "before"
    days = period_of(request)
    if request.GET.get("from"):
        try:
            found = dashboards.period_of(
                request.GET["from"],
                request.GET.get("until", ""),
                at=at,
                zone=timezone.get_current_timezone(),
            )
            return ChartPeriod(found.start, found.end, is_compared=is_compared), {}
        except Refused as refusal:
            errors = {refusal.field or "from": refusal.message}
    return ChartPeriod(at - timedelta(days=days), at, days, is_compared), errors
