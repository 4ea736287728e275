"""The period that a request of the API names."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from kit import clock
from signals.dashboards import ChartPeriod, period_of

DEFAULT = "-45d"


def period_in(given: Mapping[str, Any]) -> ChartPeriod:
    """Return the period of `from` and `until`, in UTC unless they name an offset. Raises Refused."""
    return period_of(given.get("from") or DEFAULT, given.get("until") or "", at=clock.now(), zone=UTC)
