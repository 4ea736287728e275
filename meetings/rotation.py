"""Whose turn it is, and why. Pure: history in, turns out.

The focus goes round by meetings held. Of the functions, one that led none of this focus's last meetings
comes, in the order of the series; so over any full cycle every function meets every focus. Of a function's
people the one who led longest ago comes: whatever happened before, over any stretch in which all are there
they differ by at most one turn. Who is away is passed over and keeps their place in the queue: they owe no
turn missed and gain none. A newcomer stands behind everyone who led before they came. A swap counts for
whoever leads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """since: the day from which they could have had a turn."""

    id: int
    name: str
    function: int | None
    since: date


@dataclass(frozen=True, slots=True)
class Turn:
    """One meeting's turn: held, or planned before the one in question."""

    on: date
    person: int | None
    function: int | None
    focus: int | None
    is_held: bool = True


@dataclass(frozen=True, slots=True)
class Slot:
    """A meeting to come. pinned: who took this turn over, None where the rota decides."""

    on: date
    pinned: int | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """functions: ids in the order of the turn. cycle: focuses in order. away: person -> ranges of days."""

    functions: Sequence[int]
    people: Sequence[Person]
    cycle: Sequence[int]
    names: Mapping[int, str] = field(default_factory=dict)
    away: Mapping[int, Sequence[tuple[date, date]]] = field(default_factory=dict)

    def is_there(self, person: Person, on: date) -> bool:
        return person.since <= on and not any(
            first <= on <= last for first, last in self.away.get(person.id, ())
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    focus: int | None
    function: int | None
    person: int | None
    stand_in: int | None
    why: str


def assign(
    rota: Rota, held: Sequence[Turn], slots: Sequence[Slot], *, first_focus: int = 0
) -> list[Assignment]:
    """A focus, a facilitator and a stand-in for each slot, as if each was held in turn.

    held: past turns, oldest first. first_focus: where in the cycle the first slot stands.
    """
    turns, found = list(held), []
    for position, slot in enumerate(slots):
        focus = rota.cycle[(first_focus + position) % len(rota.cycle)] if rota.cycle else None
        chosen = _one(rota, turns, slot, focus)
        turns.append(Turn(slot.on, chosen.person, chosen.function, focus, is_held=False))
        found.append(chosen)
    return found


def balance(turns: Sequence[Turn], people: Sequence[Person]) -> dict[int, int]:
    """Turns of each person."""
    led = Counter(turn.person for turn in turns)
    return {person.id: led[person.id] for person in people}


def spread(turns: Sequence[Turn], people: Sequence[Person]) -> int:
    """By how many turns people of one function differ, at most."""
    led = balance(turns, people)
    by_function: dict[int | None, list[int]] = {}
    for person in people:
        by_function.setdefault(person.function, []).append(led[person.id])
    return max((max(counts) - min(counts) for counts in by_function.values()), default=0)


def _one(rota: Rota, turns: Sequence[Turn], slot: Slot, focus: int | None) -> Assignment:
    there = [person for person in rota.people if rota.is_there(person, slot.on)]
    pinned = next((person for person in there if person.id == slot.pinned), None)
    if pinned:
        stand_in = _stand_in(there, pinned, turns)
        return Assignment(
            focus, pinned.function, pinned.id, stand_in, f"{pinned.name} took over this meeting"
        )
    function = _function(rota, there, turns, focus)
    queue = _queue([person for person in there if person.function == function], turns)
    if not queue:
        return Assignment(focus, None, None, None, "No participant is available on that day")
    first = queue[0]
    return Assignment(
        focus, function, first.id, _stand_in(there, first, turns), _why(rota, turns, slot, first)
    )


def _function(rota: Rota, there: Sequence[Person], turns: Sequence[Turn], focus: int | None) -> int | None:
    """The next function round the order that led none of this focus's latest meetings."""
    staffed = {person.function for person in rota.people}
    order = [function for function in rota.functions if function in staffed]
    present = {person.function for person in there}
    last = turns[-1].function if turns else None
    start = order.index(last) + 1 if last in order else 0
    ring = [function for function in order[start:] + order[:start] if function in present]
    if not ring:
        return next((person.function for person in _queue(there, turns)), None)
    of_focus = [turn.function for turn in turns if turn.focus == focus]
    lately = of_focus[-(len(order) - 1) :] if len(order) > 1 else []
    fresh = [function for function in ring if function not in lately]
    if fresh:
        return fresh[0]
    return min(ring, key=lambda function: len(of_focus) - of_focus[::-1].index(function))


def _queue(people: Sequence[Person], turns: Sequence[Turn]) -> list[Person]:
    """Who led longest ago stands first; who never did stands where they came."""
    last = {turn.person: (turn.on, 1, number) for number, turn in enumerate(turns)}
    return sorted(people, key=lambda person: (last.get(person.id, (person.since, 0, 0)), person.id))


def _stand_in(there: Sequence[Person], chosen: Person, turns: Sequence[Turn]) -> int | None:
    """The next of the same function, else of anybody."""
    others = _queue([person for person in there if person.id != chosen.id], turns)
    same = [person for person in others if person.function == chosen.function]
    return next((person.id for person in (*same, *others)), None)


def _why(rota: Rota, turns: Sequence[Turn], slot: Slot, chosen: Person) -> str:
    words = []
    if chosen.function is not None and chosen.function in rota.names:
        words.append(f"Next in rotation: {rota.names[chosen.function]}")
    everyone = _queue(
        [person for person in rota.people if person.function == chosen.function and person.since <= slot.on],
        turns,
    )
    if passed := [person.name for person in everyone[: everyone.index(chosen)]]:
        words.append(f"{' and '.join(passed)} {'is' if len(passed) == 1 else 'are'} away")
    last = next((turn for turn in reversed(turns) if turn.person == chosen.id), None)
    if last is None:
        words.append(f"{chosen.name} has not led yet")
    elif last.is_held:
        words.append(f"{chosen.name} last led on {_day(last.on, slot.on)}")
    else:
        words.append(f"{chosen.name}'s previous turn is on {_day(last.on, slot.on)}")
    return "; ".join(words)[:300]


def _day(on: date, seen_from: date) -> str:
    return f"{on:%-d %b}" if on.year == seen_from.year else f"{on:%-d %b %Y}"
