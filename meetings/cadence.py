"""When a series meets: an RFC 5545 rule is read in local time and then converted to moments. Pure.

A weekly meeting at ten is at ten before and after a change to summer time. A wall time that a change of the
clock skips is read with the offset before the gap. A wall time that occurs twice means the first. RFC 5545
and zoneinfo do the same.
"""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND", "DTSTART", "RDATE", "EXDATE")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,4}")
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
# The largest absolute value of each part; the first group counts from the end too, so it may be negative.
_SIGNED = {"BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366}
_UNSIGNED = {"BYMONTH": 12, "INTERVAL": 366, "COUNT": 9999}
_ONLY_YEARLY = ("BYYEARDAY", "BYWEEKNO")
# The calendar repeats, with its weekdays, after this many years and days.
_CYCLE_YEARS, _CYCLE = 400, timedelta(days=146_097)
_LAST = datetime.combine(date.max, time.max)

# The rule of a meeting that does not repeat.
ONCE = "FREQ=DAILY;COUNT=1"

_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_PERIODS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_EVERY = {"1": "Every", "2": "Every second", "3": "Every third", "4": "Every fourth"}
_WHICH = {"1": "First", "2": "Second", "3": "Third", "4": "Fourth", "-1": "Last"}


class BadRule(ValueError):
    """The rule is invalid for a meeting. The message names the fix."""


def check(rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time, at: datetime) -> None:
    """Raise BadRule if the rule cannot be read, or if it gives no meeting after the aware moment `at`."""
    recurrence = parse(rule, zone=zone, first_on=first_on, starts_at=starts_at)
    since = _wall(at, zone)
    moved, shift = _near_the_last_year(recurrence, since)
    if moved.after(since + shift, inc=True) is None:
        raise BadRule(
            "This rule gives no upcoming meeting. Check the days it names, COUNT and UNTIL, or use"
            " a rule such as FREQ=WEEKLY;BYDAY=WE."
        )


def occurrences(
    rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time, since: datetime, until: datetime
) -> list[datetime]:
    """Return the local wall times (naive) of a series whose moments are in [since, until], ascending.

    since, until: aware moments. Raises BadRule.
    """
    recurrence = parse(rule, zone=zone, first_on=first_on, starts_at=starts_at)
    first, last = _wall(since, zone), _wall(until, zone)
    moved, shift = _near_the_last_year(recurrence, last)
    walls = [wall - shift for wall in moved.between(first + shift, last + shift, inc=True)]
    return [wall for wall in walls if since <= moment(wall, zone) <= until]


def for_calendars(
    rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time, since: datetime
) -> tuple[datetime, str] | None:
    """Return the first wall time from `since` on, and the rule as calendar programs read it from there.

    A calendar counts COUNT from the first start it gets, and needs UNTIL in UTC: both become UNTIL in UTC.
    None if the rule gives no meeting from `since` on. Raises BadRule.
    """
    recurrence = parse(rule, zone=zone, first_on=first_on, starts_at=starts_at)
    moved, shift = _near_the_last_year(recurrence, _wall(since, zone))
    first = moved.after(_wall(since, zone) + shift, inc=True)
    if first is None:
        return None
    parts = _parts(rule)
    if "COUNT" in parts:
        parts = {name: value for name, value in parts.items() if name != "COUNT"}
        last: datetime | None = max(recurrence)
    else:
        last = recurrence._until  # type: ignore[attr-defined]  # as in _near_the_last_year()
    parts.pop("UNTIL", None)
    if last and last.year < _LAST.year:  # the last year has no moments in UTC everywhere
        parts["UNTIL"] = f"{moment(last, zone):%Y%m%dT%H%M%SZ}"
    return first - shift, ";".join(f"{name}={value}" for name, value in parts.items())


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) at which the clocks of a zone show a wall time."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(ZoneInfo("UTC"))


def parse(rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time) -> rrule:
    """Read the rule, starting at the first meeting's wall time, without evaluating it. Raises BadRule."""
    parts = _parts(rule)
    _check_parts(parts)
    start = datetime.combine(first_on, starts_at)
    try:
        if "UNTIL" in parts:
            parts["UNTIL"] = _local_until(parts["UNTIL"], zone)
        recurrence = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise BadRule(f"This rule is invalid ({error}). Use a rule such as FREQ=WEEKLY;BYDAY=WE.") from None
    if not isinstance(recurrence, rrule):
        raise BadRule("Use a single rule, such as FREQ=WEEKLY;BYDAY=WE.")
    return recurrence


def _parts(rule: str) -> dict[str, str]:
    """Return the parts of a rule by name. Raises BadRule for a part without a value, or given twice."""
    parts: dict[str, str] = {}
    for part in rule.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise BadRule("Write a rule as NAME=VALUE parts with ; between them: FREQ=WEEKLY;BYDAY=WE.")
        if name in parts:
            raise BadRule(f"Give {name} once.")
        parts[name] = value
    return parts


def _check_parts(parts: dict[str, str]) -> None:
    """Raise BadRule for an unsupported part or value."""
    frequency = parts.get("FREQ")
    if frequency not in _FREQUENCIES:
        raise BadRule("Start with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, such as FREQ=WEEKLY;BYDAY=WE.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("Give COUNT or UNTIL, not both.")
    for name, value in parts.items():
        if name in _TIMES:
            raise BadRule(f"Remove {name}: use the fields for start time and first meeting.")
        if name in _ONLY_YEARLY and frequency != "YEARLY":
            raise BadRule(f"{name} is for FREQ=YEARLY only.")
        if name == "BYMONTHDAY" and frequency == "WEEKLY":
            raise BadRule("BYMONTHDAY is not for FREQ=WEEKLY. Use BYDAY.")
        if name in _SIGNED or name in _UNSIGNED:
            _check_numbers(name, value)
        elif name == "BYDAY":
            _check_days(value, frequency, has_month="BYMONTH" in parts)
        elif name == "WKST" and value not in _DAYS:
            raise BadRule("WKST is a weekday: MO, TU, WE, TH, FR, SA or SU.")
        elif name == "UNTIL" and not _UNTIL.fullmatch(value):
            raise BadRule("UNTIL is a day such as 20271231, or a moment such as 20271231T170000Z.")
        elif name not in ("FREQ", "WKST", "UNTIL"):
            raise BadRule(f"Remove {name[:20]}: rules of meetings do not support it.")


def _check_numbers(name: str, value: str) -> None:
    is_signed = name in _SIGNED
    largest = _SIGNED[name] if is_signed else _UNSIGNED[name]
    numbers = value.split(",") if name.startswith("BY") else [value]
    for number in numbers:
        if not _INTEGER.fullmatch(number) or not 1 <= abs(int(number)) <= largest:
            raise BadRule(f"{name} is a number from 1 to {largest}.")
        if int(number) < 0 and not is_signed:
            raise BadRule(f"{name} is not negative.")


def _check_days(value: str, frequency: str, *, has_month: bool) -> None:
    """Check BYDAY: weekdays, each with an ordinal (2TU, -1FR) only within a month or a year."""
    largest = 53 if frequency == "YEARLY" and not has_month else 5
    for day in value.split(","):
        match = _DAY.fullmatch(day)
        if not match:
            raise BadRule("BYDAY names weekdays: MO, TU, WE, TH, FR, SA, SU, with commas between them.")
        if match[1] is None:
            continue
        if frequency not in ("MONTHLY", "YEARLY"):
            raise BadRule(f"An ordinal such as {day[:5]} is for FREQ=MONTHLY or YEARLY only.")
        if not 1 <= abs(int(match[1])) <= largest:
            raise BadRule(f"The ordinal of a weekday is a number from 1 to {largest}.")


def _near_the_last_year(rule: rrule, latest: datetime) -> tuple[rrule, timedelta]:
    """Return the rule moved by whole cycles of the calendar towards the year 9999, and by how much.

    dateutil looks for the next occurrence up to the year 9999, which takes seconds where there is none. After
    the move that is some hundred years away, so each evaluation ends within a fraction of a second.
    """
    # dateutil has no public way to ask for these two, and its stubs leave them out.
    start: datetime = rule._dtstart  # type: ignore[attr-defined]  # see above
    until: datetime | None = rule._until  # type: ignore[attr-defined]  # see above
    year = max(start.year, latest.year)
    shift = max((_LAST.year - 10 - year) // _CYCLE_YEARS, 0) * _CYCLE
    until = min(until, _LAST - shift) + shift if until else None
    return rule.replace(dtstart=start + shift, until=until), shift


def describe(rule: str) -> str:
    """Return a short English description of a rule; the rule itself if a description would be long."""
    text = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    days = [day for day in parts.pop("BYDAY", "").split(",") if day]
    every = parts.pop("INTERVAL", "1")
    frequency = parts.pop("FREQ", "")
    if parts or every not in _EVERY:
        return "Once" if is_single(rule) else rule
    if frequency == "DAILY" and days == list(_DAYS)[:5]:
        return "Every working day"
    if frequency in _PERIODS and not days:
        return f"{_EVERY[every]} {_PERIODS[frequency]}"
    if frequency == "WEEKLY" and all(day in _DAYS for day in days):
        return f"{_EVERY[every]} week on {' and '.join(_DAYS[day] for day in days)}"
    if (
        frequency == "MONTHLY"
        and every == "1"
        and len(days) == 1
        and days[0][:-2] in _WHICH
        and days[0][-2:] in _DAYS
    ):
        return f"{_WHICH[days[0][:-2]]} {_DAYS[days[0][-2:]]} of the month"
    return rule


def is_single(rule: str) -> bool:
    """Return True if a rule names one meeting only."""
    return "COUNT=1" in rule.strip().upper().removeprefix("RRULE:").split(";")


def key(wall: datetime) -> str:
    """Return the key of an occurrence within its series: its wall time, 16 characters."""
    return f"{wall:%Y-%m-%dT%H:%M}"


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _local_until(text: str, zone: ZoneInfo) -> str:
    """Return UNTIL as a wall time: a day means its end, a moment in UTC is brought into the zone."""
    match = _UNTIL.fullmatch(text)
    assert match, "checked by _check_parts"
    day, clock, utc = match.groups()
    if clock and utc:
        at = datetime.strptime(f"{day}{clock}+0000", "%Y%m%d%H%M%S%z")
        return f"{_wall(at, zone):%Y%m%dT%H%M%S}"
    return f"{day}T{clock or '235959'}"
