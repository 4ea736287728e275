"""Parameters that several pages read from a request."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalogue.models import Version
from kit import clock
from kit.refusals import Refused
from people.permissions import SignedInRequest
from signals import dashboards
from signals.dashboards import ChartPeriod
from signals.queries.chart import PERIODS


def period_of(request: SignedInRequest) -> int:
    """Return the number of days that a chart shows: `?period=`, or the default."""
    return next((days for days in PERIODS if str(days) == request.GET.get("period")), PERIODS[1])


def span_of(request: SignedInRequest, versions: Sequence[Version] = ()) -> tuple[ChartPeriod, dict[str, str]]:
    """Return the period that a dashboard shows, and the errors of ?from= and ?until= by field.

    Without ?from= it is the last ?period= days. ?compare=before draws the period before, too,
    and ?compare=7 the time from when the version with the number 7 of `versions` was made.
    """
    at, errors = clock.now(), {}
    compared = _compared(request.GET.get("compare", ""), versions)
    days = period_of(request)
    if request.GET.get("from"):
        try:
            found = dashboards.period_of(
                request.GET["from"],
                request.GET.get("until", ""),
                at=at,
                zone=timezone.get_current_timezone(),
            )
            return ChartPeriod(found.start, found.end, **compared), {}
        except Refused as refusal:
            errors = {refusal.field or "from": refusal.message}
    return ChartPeriod(at - timedelta(days=days), at, days, **compared), errors


def _compared(text: str, versions: Sequence[Version]) -> dict[str, Any]:
    """Return the fields of a ChartPeriod that say what it is compared with."""
    version = next((row for row in versions if str(row.pk) == text), None)
    if version is None:
        return {"is_compared": text == "before"}
    name = f"from version {version.name} on"
    return {"is_compared": True, "compared_from": version.made_at, "compared_name": name}
