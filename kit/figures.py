"""The one bound of the figures that people enter, so that lists, charts and mails can show each of them."""

import math

from kit.refusals import Refused

MAX_FIGURE = 1_000_000_000_000


def checked(value: float | None, field: str) -> float | None:
    """Return an entered figure. Raises Refused for one that is too large or not finite."""
    if value is not None and (not math.isfinite(value) or abs(value) > MAX_FIGURE):
        raise Refused(f"Enter a number from {-MAX_FIGURE:,} to {MAX_FIGURE:,}.", field=field)
    return value
