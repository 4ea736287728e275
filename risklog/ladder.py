"""The rules of a ladder, without a database: limits in working time, the next step, which ladder applies.

An escalation climbs when the limit of its rung is over, and no earlier. It goes to the first rung above that
has people on it, one such rung at a time. A rung that keeps office hours is not notified outside them. A rung
can have branches, by severity and working hours: the first one that applies and has people is notified.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from people import working
from people.working import Hours
from risklog.states import When


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
    branch: int
    severity: str
    when: str
    within_minutes: int
    is_round_the_clock: bool


@dataclass(frozen=True, slots=True)
class RungRule:
    """The data of one branch of a rung that the rules need.

    position: of the rung; 1 is the first. branch: the first one that applies is taken. severity, when (a
    When): what the branch is for; "" for any.
    """

    position: int
    within_minutes: int
    is_round_the_clock: bool = False
    branch: int = 1
    severity: str = ""
    when: str = ""

    @classmethod
    def of(cls, rung: "Timed") -> "RungRule":
        return cls(
            rung.position,
            rung.within_minutes,
            rung.is_round_the_clock,
            rung.branch,
            rung.severity,
            rung.when,
        )

    @property
    def place(self) -> "Place":
        return self.position, self.branch

    def is_for(self, severity: str) -> bool:
        """Return whether the branch is for escalations of this severity; "" if it is not known."""
        return not (self.severity and severity) or self.severity == severity

    def fits(self, *, is_open: bool) -> bool:
        """Return whether the branch applies at a moment. is_open: whether that is within working hours."""
        return self.when in {"", When.WORKING if is_open else When.OUTSIDE}

    @property
    def keeps_hours(self) -> bool:
        """Return whether the branch is notified in working hours only."""
        return not self.is_round_the_clock and self.when != When.OUTSIDE


# A branch of a rung: position and branch.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Climbs:
    """It climbs to a branch of `position`, past the rungs `skipped`. next_at: None at the top."""

    position: int
    skipped: tuple[int, ...]
    next_at: datetime | None
    branch: int = 1


@dataclass(frozen=True, slots=True)
class Waits:
    """It waits until working hours: the rung above keeps office hours."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Stays:
    """It stays: no rung above has people on a branch that applies; `skipped` are the rungs there."""

    skipped: tuple[int, ...] = ()


def limit(
    rungs: Sequence[RungRule],
    position: int,
    now: datetime,
    hours: Hours | None,
    *,
    branch: int = 1,
    severity: str = "",
) -> datetime | None:
    """Return when an escalation that reaches a branch of rung `position` now climbs on; None at the top.

    That is now plus the limit of the branch, never an old date plus the limit.
    """
    above = next((rungs for place, rungs in _above(rungs, position) if _of(rungs, severity)), None)
    if above is None:
        return None
    here = _branch(rungs, (position, branch))
    if here is None:
        return now
    ends = (
        now + timedelta(minutes=here.within_minutes)
        if here.is_round_the_clock
        else working.after(now, here.within_minutes, hours)
    )
    is_open = opening(ends, hours) == ends
    free = [rung for rung in _of(above, severity) if rung.fits(is_open=is_open) and not rung.keeps_hours]
    return ends if free else opening(ends, hours)


def lapses(
    rungs: Sequence[RungRule], position: int, now: datetime, hours: Hours | None, *, branch: int = 1
) -> datetime:
    """Return when an acknowledgement on rung `position` lapses: after the time of that rung, also at the top.

    Before the first rung was notified it is the time of the first rung.
    """
    here = _branch(rungs, (position, branch)) or rungs[0]
    if here.is_round_the_clock:
        return now + timedelta(minutes=here.within_minutes)
    return opening(working.after(now, here.within_minutes, hours), hours)


# How often the people of one top rung are called by themselves if nobody answers.
MOST_CALLS = 20


def next_call(since: datetime, calls: int, hours: Hours | None) -> datetime | None:
    """Return when the top rung is called again, a working day after `since`; None after MOST_CALLS calls."""
    return days_after(since, 1, hours) if calls < MOST_CALLS else None


def next_step(
    rungs: Sequence[RungRule],
    position: int,
    now: datetime,
    hours: Hours | None,
    staffed: Collection[Place],
    *,
    severity: str = "",
    at_once: bool = False,
) -> Climbs | Waits | Stays:
    """Return what happens when the limit of rung `position` is over.

    rungs: the branches of all rungs, lowest first; staffed: those with people; severity: of the escalation;
    at_once: also outside working hours. A rung is skipped if no branch of it applies and has people.
    """
    skipped: list[int] = []
    for place, branches in _above(rungs, position):
        manned = [rung for rung in _of(branches, severity) if rung.place in staffed]
        taken = _taken(manned, now, hours, at_once=at_once)
        if taken is not None:
            next_at = limit(rungs, place, now, hours, branch=taken.branch, severity=severity)
            return Climbs(place, tuple(skipped), next_at, taken.branch)
        if any(rung.when != When.OUTSIDE for rung in manned):
            return Waits(opening(now, hours))
        skipped.append(place)
    return Stays(tuple(skipped))


def _taken(
    branches: Sequence[RungRule], now: datetime, hours: Hours | None, *, at_once: bool
) -> RungRule | None:
    """Return the first branch that can be notified now; with at_once also one that keeps hours."""
    is_open = opening(now, hours) == now
    fitting = [rung for rung in branches if rung.fits(is_open=is_open)]
    free = [rung for rung in fitting if is_open or not rung.keeps_hours]
    late = [rung for rung in (*fitting, *branches) if rung.when != When.OUTSIDE] if at_once else []
    return next(iter((*free, *late)), None)


def top(rungs: Sequence[RungRule], severity: str) -> int:
    """Return the position of the highest rung for escalations of this severity; 0 without one."""
    return max((rung.position for rung in _of(rungs, severity)), default=0)


def _above(rungs: Sequence[RungRule], position: int) -> list[tuple[int, list[RungRule]]]:
    """Return (position, branches) of each rung above a position, lowest first."""
    found: dict[int, list[RungRule]] = {}
    for rung in sorted(rungs, key=lambda rung: rung.place):
        if rung.position > position:
            found.setdefault(rung.position, []).append(rung)
    return list(found.items())


def _of(rungs: Iterable[RungRule], severity: str) -> list[RungRule]:
    return [rung for rung in rungs if rung.is_for(severity)]


def _branch(rungs: Sequence[RungRule], place: Place) -> RungRule | None:
    return next((rung for rung in rungs if rung.place == place), None)


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
