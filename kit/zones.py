"""Names of time zones, and moments with their zone."""

import zoneinfo
from datetime import datetime
from functools import cache

from django.utils import timezone


@cache
def names() -> tuple[str, ...]:
    """Return the names of all time zones, sorted. Kept: zoneinfo reads hundreds of files each time."""
    return tuple(sorted(zoneinfo.available_timezones()))


def absolute(at: datetime) -> str:
    """Return `Tue 24 Nov 2026, 15:24 CET`. A time zone without an abbreviation is named in full."""
    zone = at.tzname() or ""
    if not zone[:1].isalpha():
        zone = getattr(at.tzinfo, "key", "") or f"UTC{zone}"
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} {zone}"


def for_reader(at: datetime) -> str:
    """Return a moment with its zone for a message: that of the reader of a page, UTC for the API."""
    return absolute(timezone.localtime(at))
