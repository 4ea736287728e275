"""The rules of a ladder, without a database: limits in working time, the next step, which ladder it is.

A climb happens when its limit is over and no earlier; it goes to the first rung above with somebody on it,
one such rung a time; a rung that keeps office hours is not called outside them; above the top is nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from people import working
from people.working import Hours


def opening(moment: datetime, hours: Hours | None) -> datetime:
    """The moment itself within working hours, else the next time they begin."""
    return working.after(moment, 0, hours)


def days_after(moment: datetime, days: int, hours: Hours | None) -> datetime:
    """The same time of day, `days` working days later; counted from the next opening outside hours."""
    if hours is None:
        return moment + timedelta(days=days)
    here = opening(moment, hours).astimezone(hours.zone)
    day = working.working_day_from(here.date(), days, hours)
    return datetime.combine(day, here.time(), hours.zone).astimezone(UTC)


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


def limit(steps: Sequence[Step], position: int, now: datetime, hours: Hours | None) -> datetime | None:
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
        else working.after(now, here.within_minutes, hours)
    )
    return ends if above.is_round_the_clock else opening(ends, hours)


def lapses(steps: Sequence[Step], position: int, now: datetime, hours: Hours | None) -> datetime:
    """When an acknowledgement on rung `position` lapses: after the time of that rung, at the top as well.

    Before the first rung was called it is that rung's time.
    """
    here = next((step for step in steps if step.position == position), steps[0])
    if here.is_round_the_clock:
        return now + timedelta(minutes=here.within_minutes)
    return opening(working.after(now, here.within_minutes, hours), hours)


def next_step(
    steps: Sequence[Step],
    position: int,
    now: datetime,
    hours: Hours | None,
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
        if not (at_once or step.is_round_the_clock or opening(now, hours) == now):
            return Waits(opening(now, hours))
        return Climbs(step.position, tuple(skipped), limit(steps, step.position, now, hours))
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
