"""Names of time zones."""

import zoneinfo
from functools import cache


@cache
def names() -> tuple[str, ...]:
    """Return the names of all time zones, sorted. Kept: zoneinfo reads hundreds of files each time."""
    return tuple(sorted(zoneinfo.available_timezones()))
