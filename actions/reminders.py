"""When an action's date must act: pure reckoning over somebody's working hours."""

from datetime import date, datetime
from typing import Literal

from people.working import Hours, working_day_from

When = Literal["before", "after", "overdue"]


def moments(due_on: date, hours: Hours, *, at: datetime) -> list[tuple[When, datetime]]:
    """The moments still to come for a due date, seen from `at`.

    A reminder at the start of the working day before and of the one after; overdue at the end of the working
    day after. A reminder that would lie in the past is left out; a date already missed is overdue at the
    end of the next working day, never at once.
    """
    before, _ = hours.span(working_day_from(due_on, -1, hours))
    after, _ = hours.span(working_day_from(due_on, 1, hours))
    missed = max(due_on, at.astimezone(hours.zone).date()) if after <= at else due_on
    _, overdue = hours.span(working_day_from(missed, 1, hours))
    found: list[tuple[When, datetime]] = [("before", before), ("after", after), ("overdue", overdue)]
    return [(when, moment) for when, moment in found if moment > at]
