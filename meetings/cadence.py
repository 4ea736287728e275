"""When a series meets: an RFC 5545 rule read in local time, turned into moments afterwards. Pure.

A weekly meeting at ten is at ten on both sides of summer time. A wall time that a change of the clock skips
is read with the offset before the gap, one that comes twice means the first: as RFC 5545 says and zoneinfo
does.
"""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_UNTIL = re.compile(r"UNTIL=(\d{8})(?:T(\d{6})(Z?))?")
_REFUSED_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND", "DTSTART", "RDATE", "EXDATE")

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
    """The text is no rule a meeting can follow; the message says the mend."""


def occurrences(
    rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time, since: datetime, until: datetime
) -> list[datetime]:
    """Local wall times (naive) of a series whose moments lie in [since, until], ascending.

    since, until: aware moments. Raises BadRule.
    """
    found = parse(rule, zone=zone, first_on=first_on, starts_at=starts_at).between(
        _wall(since, zone), _wall(until, zone), inc=True
    )
    return [wall for wall in found if since <= moment(wall, zone) <= until]


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks of a zone show a wall time."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(ZoneInfo("UTC"))


def parse(rule: str, *, zone: ZoneInfo, first_on: date, starts_at: time) -> rrule:
    """The rule, starting at the first meeting's wall time. Raises BadRule."""
    text = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    if parts.get("FREQ") not in _FREQUENCIES:
        raise BadRule("Start with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, such as FREQ=WEEKLY;BYDAY=WE.")
    if unwanted := [name for name in _REFUSED_PARTS if name in text]:
        raise BadRule(f"Remove {unwanted[0]}: use the fields for start time and first meeting.")
    text = _UNTIL.sub(lambda match: _local_until(match, zone), text)
    try:
        found = rrulestr(text, dtstart=datetime.combine(first_on, starts_at))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadRule(f"This rule is invalid ({error}). Use a rule such as FREQ=WEEKLY;BYDAY=WE.") from None
    if not isinstance(found, rrule):
        raise BadRule("Use a single rule, such as FREQ=WEEKLY;BYDAY=WE.")
    return found


def words(rule: str) -> str:
    """A rule as a person would say it; the rule itself where that takes more than a few words."""
    text = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    days = [day for day in parts.pop("BYDAY", "").split(",") if day]
    every = parts.pop("INTERVAL", "1")
    of = parts.pop("FREQ", "")
    if parts or every not in _EVERY:
        return rule
    if of == "DAILY" and days == list(_DAYS)[:5]:
        return "Every working day"
    if of in _PERIODS and not days:
        return f"{_EVERY[every]} {_PERIODS[of]}"
    if of == "WEEKLY" and all(day in _DAYS for day in days):
        return f"{_EVERY[every]} week on {' and '.join(_DAYS[day] for day in days)}"
    if (
        of == "MONTHLY"
        and every == "1"
        and len(days) == 1
        and days[0][:-2] in _WHICH
        and days[0][-2:] in _DAYS
    ):
        return f"{_WHICH[days[0][:-2]]} {_DAYS[days[0][-2:]]} of the month"
    return rule


def key(wall: datetime) -> str:
    """What names an occurrence of a series: its wall time, 16 characters."""
    return f"{wall:%Y-%m-%dT%H:%M}"


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _local_until(match: re.Match[str], zone: ZoneInfo) -> str:
    """UNTIL as a wall time: a day means its end, a moment in UTC is brought into the zone."""
    day, clock, utc = match.groups()
    if clock and utc:
        at = datetime.strptime(f"{day}{clock}+0000", "%Y%m%d%H%M%S%z")
        return f"UNTIL={_wall(at, zone):%Y%m%dT%H%M%S}"
    return f"UNTIL={day}T{clock or '235959'}"
