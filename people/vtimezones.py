"""Write a time zone as a VTIMEZONE (RFC 5545), from the rules that zoneinfo has. Pure.

Readers without a time zone database, such as Outlook, get the local time from it. A zone whose rules stay the
same is written with yearly rules, which all readers understand. Any other zone lists each of its changes.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import YEARLY, rrule, weekday
from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

_DAY = timedelta(days=1)
_FIRST_YEAR = date(1970, 1, 1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """A change of the offset. wall: the local time at which it happens, by the offset before it."""

    wall: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def which_weekday(self) -> set[str]:
        """The ways to say its day within the month, such as {"-1SU", "4SU"}."""
        day, weekday = self.wall.day, _WEEKDAYS[self.wall.weekday()]
        is_last = day + 7 > monthrange(self.wall.year, self.wall.month)[1]
        return {f"{(day - 1) // 7 + 1}{weekday}"} | ({f"-1{weekday}"} if is_last else set())


@lru_cache(maxsize=256)
def vtimezone(zone: ZoneInfo, first_year: int, last_year: int) -> Timezone:
    """Return the zone as it is from the first day of one year to the last day of another."""
    begin = datetime(first_year - 1, 1, 1, tzinfo=UTC)
    changes = _changes(zone, begin, datetime(last_year + 1, 1, 2, tzinfo=UTC))
    found = Timezone()
    found.add("TZID", zone.key)
    yearly = _yearly(changes, first_year, last_year)
    if yearly:
        for change, day in yearly:
            found.add_component(_observance(change, day))
        return found
    local = begin.astimezone(zone)
    offset = local.utcoffset() or timedelta(0)
    found.add_component(
        _observance(OffsetChange(begin.replace(tzinfo=None), offset, offset, local.tzname() or ""))
    )
    for change in changes:
        found.add_component(_observance(change))
    return found


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> list[OffsetChange]:
    """Return all changes of the offset between two moments."""
    changes = []
    at = begin
    while at < end:
        if _offset(at, zone) != _offset(at + _DAY, zone):
            changes.append(_change_within(at, zone))
        at += _DAY
    return changes


def _change_within(day: datetime, zone: ZoneInfo) -> OffsetChange:
    """Return the change that happens in the 24 hours after `day`, found to the second by halving."""
    before, after = _offset(day, zone), _offset(day + _DAY, zone)
    low, high = 0, int(_DAY.total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(day + timedelta(seconds=middle), zone) == before:
            low = middle
        else:
            high = middle
    moment = day + timedelta(seconds=high)
    name = moment.astimezone(zone).tzname() or ""
    return OffsetChange((moment + before).replace(tzinfo=None), before, after, name)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _yearly(
    changes: Sequence[OffsetChange], first_year: int, last_year: int
) -> list[tuple[OffsetChange, str]]:
    """Return the first of each two yearly changes with its weekday; [] if the changes are not regular."""
    groups: dict[tuple, list[OffsetChange]] = {}
    for change in changes:
        key = (change.before, change.after, change.wall.month, change.wall.time())
        groups.setdefault(key, []).append(change)
    years = list(range(first_year - 1, last_year + 2))
    found = []
    for group in groups.values():
        if [change.wall.year for change in group][: len(years) - 1] != years[:-1]:
            return []
        days = set.intersection(*(change.which_weekday for change in group))
        if not days:
            return []
        found.append((group[0], min(days)))
    return found if len(found) == 2 else []


def _in_first_year(wall: datetime, day: str) -> datetime:
    """Return when a yearly change was in 1970. Some readers compare zones by years long past."""
    begin = datetime.combine(_FIRST_YEAR, wall.time())
    which = weekday(_WEEKDAYS.index(day[-2:]), int(day[:-2]))
    return rrule(YEARLY, dtstart=begin, count=1, bymonth=wall.month, byweekday=which)[0]


def _observance(change: OffsetChange, day: str = "") -> TimezoneStandard | TimezoneDaylight:
    """Return the time after a change. day: its weekday in the month, if it happens every year."""
    found = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    found.add("DTSTART", _in_first_year(change.wall, day) if day else change.wall)
    if day:
        found.add("RRULE", vRecur({"FREQ": "YEARLY", "BYMONTH": change.wall.month, "BYDAY": day}))
    found.add("TZOFFSETFROM", change.before)
    found.add("TZOFFSETTO", change.after)
    if change.name:
        found.add("TZNAME", change.name)
    return found
