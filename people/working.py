"""Working time: minutes that count only on working days, within working hours, in one zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hours:
    """When an organisation works: days as datetime.weekday() counts, one span a day, in its zone."""

    zone: ZoneInfo
    days: frozenset[int]
    starts: time
    ends: time

    def day_of(self, at: datetime) -> date:
        """The day it is there."""
        return at.astimezone(self.zone).date()

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.days

    def span(self, day: date) -> tuple[datetime, datetime]:
        """The working hours of a day as moments in UTC; as long as the day really is when clocks change."""
        local = (datetime.combine(day, moment, self.zone) for moment in (self.starts, self.ends))
        begins, ends = (moment.astimezone(UTC) for moment in local)
        return begins, max(begins, ends)


def after(at: datetime, minutes: int, hours: Hours | None) -> datetime:
    """The moment at which `minutes` of working time have passed since `at`, in UTC; None: round the clock.

    Outside working hours the count waits for the next opening. Exactly used up at the end of a day, it is the
    end of that day and not the next morning.
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
    """Whether people are at work at that moment."""
    day = hours.day_of(at)
    if not hours.is_working_day(day):
        return False
    begins, ends = hours.span(day)
    return begins <= at < ends


def working_day_from(day: date, days: int, hours: Hours) -> date:
    """`days` working days after (or, when negative, before) a day; 0: itself or the next working one."""
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
