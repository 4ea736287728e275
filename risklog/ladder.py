"""The rules of a ladder, without a database: working hours, limits, the next step, which ladder it is.

A climb happens when its limit is over and no earlier; it goes to the first rung above with somebody on it,
one such rung a time; a rung that keeps office hours is not called outside them; above the top is nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_A_DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The organisation's working time: days as weekday() counts them, hours by its own clock."""

    zone: ZoneInfo = _UTC
    days: frozenset[int] = frozenset(range(5))
    starts: time = time(9)
    ends: time = time(17)

    @property
    def is_always_open(self) -> bool:
        """Without days or hours there is nothing to wait for."""
        return not self.days or self.ends <= self.starts

    def opening(self, moment: datetime) -> datetime:
        """The moment itself within working hours, else the next time they begin."""
        if self.is_always_open:
            return moment
        day = moment.astimezone(self.zone).date()
        while True:
            starts, ends = self._hours(day)
            if day.weekday() in self.days and moment < ends:
                return max(moment, starts)
            day += _A_DAY

    def is_working(self, moment: datetime) -> bool:
        return self.opening(moment) == moment

    def after(self, moment: datetime, minutes: int) -> datetime:
        """`minutes` of working time later."""
        left = timedelta(minutes=minutes)
        if self.is_always_open:
            return moment + left
        moment = self.opening(moment)
        while (rest := self._hours(moment.astimezone(self.zone).date())[1] - moment) < left:
            left -= rest
            moment = self.opening(moment + rest)
        return moment + left

    def days_after(self, moment: datetime, days: int) -> datetime:
        """The same time of day, `days` working days later; counted from the next opening outside hours."""
        here = self.opening(moment).astimezone(self.zone)
        day, left = here.date(), days
        while left:
            day += _A_DAY
            left -= self.is_always_open or day.weekday() in self.days
        return datetime.combine(day, here.time(), self.zone).astimezone(_UTC)

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        """Working hours of one day in UTC: subtracting them counts true minutes, summer time or not."""
        starts, ends = (
            datetime.combine(day, at, self.zone).astimezone(_UTC) for at in (self.starts, self.ends)
        )
        return starts, ends


@dataclass(frozen=True, slots=True)
class Step:
    """A rung as the rules know it. position: 1 is the first."""

    position: int
    within_minutes: int
    is_round_the_clock: bool = False


@dataclass(frozen=True, slots=True)
class Climbs:
    """To `position`, past the empty rungs `skipped`; the next climb comes at `next_at` (None: the top)."""

    position: int
    skipped: tuple[int, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waits:
    """The rung above keeps office hours, and it is outside them now."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Stays:
    """Nobody stands above; `skipped` are the empty rungs up there."""

    skipped: tuple[int, ...] = ()


def limit(steps: Sequence[Step], position: int, now: datetime, calendar: Calendar) -> datetime | None:
    """When what reached rung `position` now climbs on: now + its limit, never an old date + its limit.

    None at the top.
    """
    here = next((step for step in steps if step.position == position), None)
    above = next((step for step in steps if step.position > position), None)
    if above is None:
        return None
    if here is None:
        return now
    ends = (
        now + timedelta(minutes=here.within_minutes)
        if here.is_round_the_clock
        else calendar.after(now, here.within_minutes)
    )
    return ends if above.is_round_the_clock else calendar.opening(ends)


def lapses(steps: Sequence[Step], position: int, now: datetime, calendar: Calendar) -> datetime:
    """When an acknowledgement on rung `position` lapses: after the time of that rung, at the top as well.

    Before the first rung was called it is that rung's time.
    """
    here = next((step for step in steps if step.position == position), steps[0])
    if here.is_round_the_clock:
        return now + timedelta(minutes=here.within_minutes)
    return calendar.opening(calendar.after(now, here.within_minutes))


def next_step(
    steps: Sequence[Step],
    position: int,
    now: datetime,
    calendar: Calendar,
    staffed: Collection[int],
    *,
    at_once: bool = False,
) -> Climbs | Waits | Stays:
    """What happens when the limit of rung `position` is over.

    steps: all rungs, lowest first; staffed: positions with somebody on them; at_once: also outside hours.
    """
    skipped = []
    for step in steps:
        if step.position <= position:
            continue
        if step.position not in staffed:
            skipped.append(step.position)
            continue
        if not (at_once or step.is_round_the_clock or calendar.is_working(now)):
            return Waits(calendar.opening(now))
        return Climbs(step.position, tuple(skipped), limit(steps, step.position, now, calendar))
    return Stays(tuple(skipped))


class Offered(Protocol):
    """A ladder to choose from: what it is for, "" or None where it is for all."""

    id: int
    severity: str
    category_id: int | None
    team_id: int | None


def most_particular(
    ladders: Sequence[Offered], *, severity: str, category_id: int | None, team_id: int | None
) -> Offered | None:
    """The ladder that fits and says most about what it is for; among equals the oldest.

    When none fits, the least particular of all: nothing goes without a ladder. None only when there is none.
    """
    fitting = [
        one
        for one in ladders
        if one.severity in {"", severity}
        and one.category_id in {None, category_id}
        and one.team_id in {None, team_id}
    ]
    if fitting:
        return min(fitting, key=lambda one: (-_particulars(one), one.id))
    return min(ladders, key=lambda one: (_particulars(one), one.id), default=None)


def _particulars(one: Offered) -> int:
    return sum(map(bool, (one.severity, one.category_id, one.team_id)))
