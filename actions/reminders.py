"""When an action's date must act: pure reckoning over working days and a time zone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from people.states import WORKING_DAYS

When = Literal["before", "after", "overdue"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days and hours somebody works in. No days at all counts as Monday to Friday."""

    zone: ZoneInfo
    days: Collection[int] = WORKING_DAYS
    starts: time = time(9)
    ends: time = time(17)

    def works_on(self, day: date) -> bool:
        return day.weekday() in (self.days or WORKING_DAYS)

    def day_before(self, day: date) -> date:
        """The last working day before this one."""
        return self._walk(day, -1)

    def day_after(self, day: date) -> date:
        """The first working day after this one."""
        return self._walk(day, 1)

    def _walk(self, day: date, step: int) -> date:
        day += timedelta(days=step)
        while not self.works_on(day):
            day += timedelta(days=step)
        return day

    def at(self, day: date, hour: time) -> datetime:
        """A local hour as a moment; one that summer time skips is read with the offset before."""
        return datetime.combine(day, hour, tzinfo=self.zone)


def moments(due_on: date, calendar: Calendar, *, at: datetime) -> list[tuple[When, datetime]]:
    """The moments still to come for a due date, seen from `at`.

    A reminder at the start of the working day before and of the one after; overdue at the end of the working
    day after. A reminder that would lie in the past is left out; a date already missed is overdue at the
    end of the next working day, never at once.
    """
    before = calendar.at(calendar.day_before(due_on), calendar.starts)
    after = calendar.at(calendar.day_after(due_on), calendar.starts)
    missed = max(due_on, at.astimezone(calendar.zone).date()) if after <= at else due_on
    overdue = calendar.at(calendar.day_after(missed), calendar.ends)
    found: list[tuple[When, datetime]] = [("before", before), ("after", after), ("overdue", overdue)]
    return [(when, moment) for when, moment in found if moment > at]
