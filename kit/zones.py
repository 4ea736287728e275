"""Names of time zones, moments with their zone, and the moments that every zone can show."""

import zoneinfo
from datetime import UTC, datetime
from functools import cache

from django.utils import timezone

# What a computer calls its own zone, and a zone without a place: neither is the same everywhere.
_NO_PLACES = {"localtime", "posixrules", "Factory"}
_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
OUT_OF_RANGE = "Use a moment between the years 2 and 9998."


@cache
def names() -> tuple[str, ...]:
    """Return the names of all time zones, sorted. Kept: zoneinfo reads hundreds of files each time."""
    return tuple(sorted(zoneinfo.available_timezones() - _NO_PLACES))


def is_showable(moment: datetime) -> bool:
    """Return False for a moment that has no date in some zone: Python has the years 1 to 9999.

    moment: also a local one without a zone, as a form has it whose zone is another field.
    """
    return _EARLIEST <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < _LATEST


def absolute(at: datetime) -> str:
    """Return `Tue 24 Nov 2026, 15:24 CET`. A time zone without an abbreviation is named in full."""
    zone = at.tzname() or ""
    if not zone[:1].isalpha():
        zone = getattr(at.tzinfo, "key", "") or f"UTC{zone}"
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} {zone}"


def for_reader(at: datetime) -> str:
    """Return a moment with its zone for a message: that of the reader of a page, UTC for the API."""
    return absolute(timezone.localtime(at))
