"""When the reminders of an action are due, by the owner's working hours. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from kit.refusals import Refused
from people.working import Hours, working_day_from

_FIRST, _LAST = date(1970, 1, 1), date(2999, 12, 31)
When = Literal["before", "after", "overdue"]


def moments(due_on: date, hours: Hours, *, at: datetime) -> list[tuple[When, datetime]]:
    """Return the reminders and the overdue time of a due date that are after `at`.

    There is a reminder at the start of the working day before and of the working day after the due date. The
    action is overdue at the end of the working day after; if the due date has passed already, at the end of
    the next working day. Raises Refused(field="due_on") for a year before 1970 or after 2999.
    """
    check_date(due_on)
    before, _ = hours.span(working_day_from(due_on, -1, hours))
    after, _ = hours.span(working_day_from(due_on, 1, hours))
    reference_day = max(due_on, at.astimezone(hours.zone).date()) if after <= at else due_on
    _, overdue = hours.span(working_day_from(reference_day, 1, hours))
    times: list[tuple[When, datetime]] = [("before", before), ("after", after), ("overdue", overdue)]
    return [(when, moment) for when, moment in times if moment > at]


def check_date(due_on: date) -> None:
    """Raise Refused(field="due_on") for a year before 1970 or after 2999."""
    if not _FIRST <= due_on <= _LAST:
        raise Refused(f"The year {due_on.year} is not allowed. Use 1970 to 2999.", field="due_on")


def replanned(when: str, due_on: date, hours: Hours, *, at: datetime) -> datetime:
    """Return the new time of a pending reminder after the working hours changed at `at`.

    when: "before", "after" or "overdue". A reminder that is in the past by the new hours is due at `at`; an
    overdue time in the past becomes the end of the next working day.
    """
    long_before = datetime.combine(due_on - timedelta(days=60), time(), UTC)
    moment = dict(moments(due_on, hours, at=long_before))[when]  # type: ignore[index]  # stored as one of When
    if moment > at:
        return moment
    return dict(moments(due_on, hours, at=at))["overdue"] if when == "overdue" else at
