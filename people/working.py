"""Working time: minutes that count only on working days, within working hours, in one zone. Pure."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hours:
    """The working hours of an organisation.

    days: as datetime.weekday(). starts, ends: in its time zone. days_off: the dates on which nobody works.
    """

    zone: ZoneInfo
    days: frozenset[int]
    starts: time
    ends: time
    days_off: Container[date] = frozenset()

    def day_of(self, at: datetime) -> date:
        """Return the calendar day in the zone of the organisation."""
        return at.astimezone(self.zone).date()

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.days and day not in self.days_off

    def span(self, day: date) -> tuple[datetime, datetime]:
        """Return start and end of a working day in UTC; their distance is right also when clocks change."""
        local = (datetime.combine(day, moment, self.zone) for moment in (self.starts, self.ends))
        begins, ends = (moment.astimezone(UTC) for moment in local)
        return begins, max(begins, ends)


def after(at: datetime, minutes: int, hours: Hours | None) -> datetime:
    """Return the moment, in UTC, at which `minutes` of working time have passed since `at`.

    hours: the working hours; None counts all minutes. Time outside working hours does not count. If the
    minutes end exactly at the end of a day, the result is that moment and not the next morning.
    """
    at = at.astimezone(UTC)
    left = timedelta(minutes=minutes)
    if hours is None or not hours.days or hours.starts >= hours.ends:
        return at + left
    day = hours.day_of(at)
    while True:
        if hours.is_working_day(day):
            begins, ends = hours.span(day)
            begins = max(begins, at)
            if begins < ends and begins + left <= ends:
                return begins + left
            left -= max(ends - begins, timedelta(0))
        day += timedelta(days=1)


def is_open(at: datetime, hours: Hours) -> bool:
    """Return whether a moment is within working hours."""
    day = hours.day_of(at)
    if not hours.is_working_day(day):
        return False
    begins, ends = hours.span(day)
    return begins <= at < ends


def working_day_from(day: date, days: int, hours: Hours) -> date:
    """Return the day `days` working days after (negative: before) a day; 0: that or the next one."""
    step = timedelta(days=-1 if days < 0 else 1)
    if not hours.days:
        return day + step * abs(days)
    if days == 0:
        while not hours.is_working_day(day):
            day += step
        return day
    for _ in range(abs(days)):
        day += step
        while not hours.is_working_day(day):
            day += step
    return day
