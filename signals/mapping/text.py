"""Parse texts, numbers and times of payloads. Raise Unusable, with the fix, for what cannot be stored."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from kit.texts import many_lines, one_line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
_MICRO = timedelta(microseconds=1)
# An earlier time comes from a clock that was never set, or is in another unit.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_EARLIEST_MICROS = (EARLIEST - EPOCH) // _MICRO
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_NUMBERS = {"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}


class Unusable(ValueError):
    """An item that cannot be stored. field: the invalid part. message: how to fix it.

    The field's name may come from the sender and is stored with the delivery: characters of it that cannot be
    stored are replaced by “�”.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = storable(field)
        self.message = message

    def without_frames(self) -> "Unusable":
        """Return the error without the frames and the error that it came from, for it is kept.

        A body may have a hundred thousand items that are refused, and the frames would hold all their values.
        """
        self.__context__ = None
        return self.with_traceback(None)


def storable(text: str) -> str:
    """Return a text of the sender in which “�” replaces each character that cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def text(value: Any, field: str, *, longest: int, is_needed: bool = False, has_lines: bool = False) -> str:
    """Return a text without surrounding blanks and without invisible characters (kit.texts).

    has_lines: keep line breaks; otherwise they become spaces. longest: maximum length in characters.
    Raises Unusable for another type, a NUL, half a surrogate pair, a text that is missing or too long.
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise Unusable(field, "Must be a string.")
    if _UNSTORABLE.search(value):
        unstorable = "a NUL character" if "\x00" in value else "half a surrogate pair"
        raise Unusable(field, f"This has {unstorable}, which cannot be stored. Leave it out.")
    value = (many_lines(value) if has_lines else one_line(value)).strip()
    if is_needed and not value:
        raise Unusable(field, "This field is required.")
    if len(value) > longest:
        raise Unusable(field, f"Longer than {longest} characters.")
    return value


def number(value: Any, field: str = "value") -> float:
    """Return a finite number. Raises Unusable for NaN, Infinity and other types."""
    if isinstance(value, str) and value.strip().lower() in _NOT_NUMBERS:
        raise Unusable(field, f"{value.strip()} cannot be judged. Leave the point out.")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(field, "Must be a number.")
    try:
        converted = float(value)
    except OverflowError:
        raise Unusable(field, "This number is too large.") from None
    if math.isnan(converted):
        raise Unusable(field, "NaN is not allowed. Omit the point.")
    if math.isinf(converted):
        raise Unusable(field, "Infinity is not allowed. Omit the point.")
    return converted


def number_of_annotation(value: str | None) -> float | None:
    """Return the number that an annotation states, None if it states no finite one; "3.2%" is 3.2."""
    try:
        return number(float((value or "").strip().removesuffix("%")))
    except (Unusable, ValueError):
        return None


def moment(value: Any, field: str, *, at: datetime) -> datetime:
    """Return a time in UTC from ISO 8601 with an offset or seconds since 1970. Raises as micros()."""
    return EPOCH + timedelta(microseconds=micros(value, field, at=at))


def micros(value: Any, field: str, *, at: datetime) -> int:
    """Return a time as whole microseconds since 1970, as the set-based statements take it.

    value: ISO 8601 with an offset, or seconds since 1970. Raises Unusable if it is neither, before EARLIEST,
    or more than a day after `at`.
    """
    result = _micros(value, field)
    if result < _EARLIEST_MICROS:
        raise Unusable(
            field, "Before the year 2000. Check the clock and the unit: seconds since 1970, not days."
        )
    if result > to_micros(at + AHEAD):
        raise Unusable(
            field, "More than a day in the future. Check the clock and the unit: seconds, not milliseconds."
        )
    return result


def _micros(value: Any, field: str) -> int:
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value.strip().upper())  # RFC 3339 allows a lower-case t and z
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
