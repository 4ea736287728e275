"""Texts, numbers and moments of foreign bodies: taken when they can be stored, else refused with the fix."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from kit.texts import many_lines, one_line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
_MICRO = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_NUMBERS = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}


class Unusable(ValueError):
    """An item that cannot be stored. `field` names the part at fault, the message says the fix.

    The name may be the sender's own and is answered and kept: what cannot be stored of it becomes “�”.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = _UNSTORABLE.sub("\ufffd", field)
        self.message = message


def text(value: Any, field: str, *, longest: int, is_needed: bool = False, has_lines: bool = False) -> str:
    """Return a text without surrounding blanks and without what no reader can see (kit.texts).

    has_lines: keep the line breaks; otherwise they become spaces. Raises Unusable for the type, a NUL, half a
    surrogate pair, a text that is missing or too long.
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise Unusable(field, "Must be a string.")
    if _UNSTORABLE.search(value):
        what = "a NUL character" if "\x00" in value else "half a surrogate pair"
        raise Unusable(field, f"This has {what}, which cannot be stored. Leave it out.")
    value = (many_lines(value) if has_lines else one_line(value)).strip()
    if is_needed and not value:
        raise Unusable(field, "This field is required.")
    if len(value) > longest:
        raise Unusable(field, f"Longer than {longest} characters.")
    return value


def number(value: Any, field: str = "value") -> float:
    """A finite number. Raises Unusable for NaN, Infinity and what is no number, by name."""
    if isinstance(value, str) and value.strip().lower() in _NOT_NUMBERS:
        raise Unusable(field, f"{value.strip()} cannot be judged. Leave the point out.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(field, "Must be a number.")
    try:
        found = float(value)
    except OverflowError:
        raise Unusable(field, "This number is too large.") from None
    if math.isnan(found):
        raise Unusable(field, "NaN is not allowed. Omit the point.")
    if math.isinf(found):
        raise Unusable(field, "Infinity is not allowed. Omit the point.")
    return found


def number_of_annotation(value: str | None) -> float | None:
    """Return the number that an annotation states, None if it states no finite one; "3.2%" is 3.2."""
    try:
        return number(float((value or "").strip().removesuffix("%")))
    except (Unusable, ValueError):
        return None


def moment(value: Any, field: str, *, at: datetime) -> datetime:
    """A moment in UTC: ISO 8601 with its offset, or seconds since 1970. Raises Unusable, also when absurd."""
    return EPOCH + timedelta(microseconds=micros(value, field, at=at))


def micros(value: Any, field: str, *, at: datetime) -> int:
    """moment() as whole microseconds since 1970: what the set-based statements take."""
    found = _micros(value, field)
    if found < 0:
        raise Unusable(field, "Must not be before 1970.")
    if found > to_micros(at + AHEAD):
        raise Unusable(
            field, "More than a day in the future. Check the clock and the unit: seconds, not milliseconds."
        )
    return found


def _micros(value: Any, field: str) -> int:
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value.strip().upper())  # RFC 3339 has t and z as well
            if parsed.tzinfo is None:
                raise Unusable(field, "Include the offset, for example 2026-11-23T10:00:00Z.")
            return to_micros(parsed)
        except Unusable:
            raise
        except (ValueError, OverflowError):
            raise Unusable(field, "Use ISO 8601 with the offset, for example 2026-11-23T10:00:00Z.") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(field, "Use ISO 8601 with the offset, or seconds since 1970.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unusable(field, "NaN and Infinity are not valid times.")
    if abs(value) > 1e15:
        return 10**18 if value > 0 else -1
    return round(value * 1_000_000)


def to_micros(value: datetime) -> int:
    return (value - EPOCH) // _MICRO


def from_micros(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)
