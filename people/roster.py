"""Duty rosters: whose turn it is, and who is on duty if that person is away. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo


class Plan(Protocol):
    """Who is planned to be on duty when. zone: in which absences begin and end with the day."""

    @property
    def zone(self) -> ZoneInfo: ...

    def planned_at(self, at: datetime) -> tuple[Sequence[int], int] | None:
        """Return people and the place of the one whose turn it is, as for on_duty(); None for nobody."""

    def changes(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the moments between these two at which planned_at() may change."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who take turns, each for some days.

    people: ids, in the order of their turns. starts_on: the first day of the first turn. length_days: how
    long a turn is. hand_over_at: the time of day at which turns begin, in the zone of the organisation.
    """

    people: tuple[int, ...]
    starts_on: date
    length_days: int
    hand_over_at: time
    zone: ZoneInfo

    def start_of(self, number: int) -> datetime:
        """Return when a turn begins, in UTC. number: 0 is the first."""
        day = self.starts_on + timedelta(days=number * self.length_days)
        return datetime.combine(day, self.hand_over_at, self.zone).astimezone(UTC)

    def turn_at(self, at: datetime) -> int | None:
        """Return the number of the turn of a moment, None before the first turn."""
        days = (at.astimezone(self.zone).date() - self.starts_on).days
        number = days // self.length_days
        if number >= 0 and self.start_of(number) > at:
            number -= 1
        return number if number >= 0 else None

    def planned_at(self, at: datetime) -> tuple[Sequence[int], int] | None:
        turn = self.turn_at(at)
        return None if turn is None else (self.people, turn)

    def changes(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the moments at which a turn may begin."""
        day = since.astimezone(self.zone).date() - timedelta(days=1)
        while (moment := datetime.combine(day, self.hand_over_at, self.zone).astimezone(UTC)) < until:
            if moment > since:
                yield moment
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty. person: an id, None if nobody can be. instead_of: whose turn it is, if another's."""

    person: int | None
    instead_of: int | None = None


def on_duty(
    people: Sequence[int], turn: int, active: Collection[int], away: Mapping[int, int | None]
) -> OnDuty:
    """Return who is on duty in a turn: the person whose turn it is, else their stand-in, else the next.

    active: ids of those who can act. away: id -> id of the stand-in, of those who are away on the day.
    """

    def is_here(pk: int | None) -> bool:
        return pk in active and pk not in away

    first = people[turn % len(people)]
    if is_here(first):
        return OnDuty(first)
    stand_in = away.get(first) if first in active else None
    if stand_in is not None and is_here(stand_in):
        return OnDuty(stand_in, first)
    following = (people[(turn + step) % len(people)] for step in range(1, len(people)))
    return OnDuty(next(filter(is_here, following), None), first)


@dataclass(frozen=True, slots=True)
class Shift:
    """A time on duty, without a change of the person. starts_at, ends_at: in UTC."""

    starts_at: datetime
    ends_at: datetime
    who: OnDuty


def shifts(
    plan: Plan,
    since: datetime,
    until: datetime,
    active: Collection[int],
    away_on: Callable[[date], Mapping[int, int | None]],
) -> list[Shift]:
    """Return who is on duty from `since` until `until`, in order. away_on: day -> as for on_duty()."""
    found: list[Shift] = []
    moments = sorted({since, *plan.changes(since, until), *_midnights(plan.zone, since, until), until})
    for begins, ends in pairwise(moments):
        planned = plan.planned_at(begins)
        if planned is None:
            continue
        who = on_duty(*planned, active, away_on(begins.astimezone(plan.zone).date()))
        if found and found[-1].who == who and found[-1].ends_at == begins:
            found[-1] = Shift(found[-1].starts_at, ends, who)
        else:
            found.append(Shift(begins, ends, who))
    return found


def _midnights(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the begin of each day between these moments, because an absence may begin or end there."""
    day = since.astimezone(zone).date()
    while (midnight := datetime.combine(day, time(), zone).astimezone(UTC)) < until:
        if midnight > since:
            yield midnight
        day += timedelta(days=1)
