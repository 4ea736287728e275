"""The rules of a ladder, without a database: limits in working time, the next step, which ladder applies.

An escalation climbs when the limit of its rung is over, and no earlier. It goes to the first rung above that
has people on it, one such rung at a time. A rung that keeps office hours is not notified outside them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from people import working
from people.working import Hours


def opening(moment: datetime, hours: Hours | None) -> datetime:
    """Return the moment itself within working hours, else the next time they begin."""
    return working.after(moment, 0, hours)


def days_after(moment: datetime, days: int, hours: Hours | None) -> datetime:
    """Return the same time of day, `days` working days later; outside hours counted from the next opening."""
    if hours is None:
        return moment + timedelta(days=days)
    here = opening(moment, hours).astimezone(hours.zone)
    day = working.working_day_from(here.date(), days, hours)
    return datetime.combine(day, here.time(), hours.zone).astimezone(UTC)


class Timed(Protocol):
    """A row of a rung (risklog.models.Rung)."""

    position: int
    within_minutes: int
    is_round_the_clock: bool


@dataclass(frozen=True, slots=True)
class RungRule:
    """The data of a rung that the rules need. position: 1 is the first."""

    position: int
    within_minutes: int
    is_round_the_clock: bool = False

    @classmethod
    def of(cls, rung: "Timed") -> "RungRule":
        return cls(rung.position, rung.within_minutes, rung.is_round_the_clock)


@dataclass(frozen=True, slots=True)
class Climbs:
    """It climbs to `position`, past the empty rungs `skipped`. next_at: the next climb, None at the top."""

    position: int
    skipped: tuple[int, ...]
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waits:
    """It waits until working hours: the rung above keeps office hours."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Stays:
    """It stays: nobody is on a rung above; `skipped` are the empty rungs there."""

    skipped: tuple[int, ...] = ()


def limit(rungs: Sequence[RungRule], position: int, now: datetime, hours: Hours | None) -> datetime | None:
    """Return when an escalation that reaches rung `position` now climbs on; None at the top.

    That is now plus the limit of the rung, never an old date plus the limit.
    """
    here = next((rung for rung in rungs if rung.position == position), None)
    above = next((rung for rung in rungs if rung.position > position), None)
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


def lapses(rungs: Sequence[RungRule], position: int, now: datetime, hours: Hours | None) -> datetime:
    """Return when an acknowledgement on rung `position` lapses: after the time of that rung, also at the top.

    Before the first rung was notified it is the time of the first rung.
    """
    here = next((rung for rung in rungs if rung.position == position), rungs[0])
    if here.is_round_the_clock:
        return now + timedelta(minutes=here.within_minutes)
    return opening(working.after(now, here.within_minutes, hours), hours)


def next_step(
    rungs: Sequence[RungRule],
    position: int,
    now: datetime,
    hours: Hours | None,
    staffed: Collection[int],
    *,
    at_once: bool = False,
) -> Climbs | Waits | Stays:
    """Return what happens when the limit of rung `position` is over.

    rungs: all of them, lowest first; staffed: positions with people; at_once: also outside working hours.
    """
    skipped = []
    for rung in rungs:
        if rung.position <= position:
            continue
        if rung.position not in staffed:
            skipped.append(rung.position)
            continue
        if not (at_once or rung.is_round_the_clock or opening(now, hours) == now):
            return Waits(opening(now, hours))
        return Climbs(rung.position, tuple(skipped), limit(rungs, rung.position, now, hours))
    return Stays(tuple(skipped))


class Offered(Protocol):
    """A ladder to choose from. Its fields say what it applies to; "" or None if it applies to all."""

    id: int
    severity: str
    category_id: int | None
    team_id: int | None


def most_specific(
    ladders: Sequence[Offered], *, severity: str, category_id: int | None, team_id: int | None
) -> Offered | None:
    """Return the most specific ladder that applies; among equals the oldest.

    If none applies, it returns the least specific one, so that every escalation has a ladder. It returns None
    only if there are no ladders.
    """
    fitting = [
        ladder
        for ladder in ladders
        if ladder.severity in {"", severity}
        and ladder.category_id in {None, category_id}
        and ladder.team_id in {None, team_id}
    ]
    if fitting:
        return min(fitting, key=lambda ladder: (-_specificity(ladder), ladder.id))
    return min(ladders, key=lambda ladder: (_specificity(ladder), ladder.id), default=None)


def _specificity(ladder: Offered) -> int:
    """Return how many of severity, category and team the ladder is restricted to."""
    return sum(map(bool, (ladder.severity, ladder.category_id, ladder.team_id)))
