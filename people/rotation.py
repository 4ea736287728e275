"""Compute whose turn it is, and why. Pure: it reads past turns and returns assignments.

Meetings choose facilitators, scribes and observers by it, post-incident reviews choose observers.

- The focus rotates by meetings held.
- The next function is one that led none of the latest meetings of this focus, in the order of the series.
  Over a full cycle every function therefore meets every focus.
- Within a function, the person who led longest ago is next. While all of them are available, their numbers
  of turns differ by at most one, whatever happened before.
- A person who is away is skipped and keeps their place in the queue: they owe no turn and gain none.
- A newcomer is behind everyone who led before they joined.
- A turn that is taken over counts for the person who leads.
- Scribes take turns by the same rules, in a rotation of their own. Who leads a meeting or stands in is busy.
- Observers take turns by the same rules, in a rotation of people who are no participants.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """A participant. function: an id. since: the first day on which they could have had a turn."""

    id: int
    name: str
    function: int | None
    since: date


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of a meeting that was held or is planned earlier. person, function, focus: ids."""

    on: date
    person: int | None
    function: int | None
    focus: int | None
    is_held: bool = True


@dataclass(frozen=True, slots=True)
class Slot:
    """A planned meeting. pinned: id of the person who took the turn over, None if the rotation decides.

    busy: ids of people who have another task in the meeting, busiest first. Without anybody else, the last of
    them has both tasks.
    """

    on: date
    pinned: int | None = None
    busy: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What people take turns at, in words for the reasons: "has not led yet", "last led on", "took over"."""

    never: str
    last: str
    taken: str


LEADING = Task("has not led yet", "last led on", "took over this meeting")
WRITING = Task("has not been the scribe yet", "was last the scribe on", "took over as scribe")
OBSERVING = Task("has not observed yet", "last observed on", "took over as observer")


@dataclass(frozen=True, slots=True)
class Roster:
    """Who can lead. functions, cycle: ids of functions and focuses, in order. names: of functions, by id.

    away: person id -> absences as (first day, last day).
    """

    functions: Sequence[int]
    people: Sequence[Person]
    cycle: Sequence[int]
    names: Mapping[int, str] = field(default_factory=dict)
    away: Mapping[int, Sequence[tuple[date, date]]] = field(default_factory=dict)

    def is_available(self, person: Person, on: date) -> bool:
        """Return True if the person has joined and is not away on this day."""
        return person.since <= on and not any(
            first <= on <= last for first, last in self.away.get(person.id, ())
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """Ids of focus, function, facilitator and stand-in of one meeting, and the reason (300 characters)."""

    focus: int | None
    function: int | None
    person: int | None
    stand_in: int | None
    why: str


def assign(
    roster: Roster,
    held: Sequence[Turn],
    slots: Sequence[Slot],
    *,
    first_focus: int = 0,
    task: Task = LEADING,
) -> list[Assignment]:
    """Return an assignment for each slot. Each assumes that the slots before it are held as assigned.

    held: past turns at this task, oldest first. slots: by start. first_focus: index in the cycle of the first
    slot.
    """
    turns, assignments = list(held), []
    for position, slot in enumerate(slots):
        focus = roster.cycle[(first_focus + position) % len(roster.cycle)] if roster.cycle else None
        chosen = _assign_slot(roster, turns, slot, focus, task)
        turns.append(Turn(slot.on, chosen.person, chosen.function, focus, is_held=False))
        assignments.append(chosen)
    return assignments


def balance(turns: Sequence[Turn], people: Sequence[Person]) -> dict[int, int]:
    """Return the number of turns of each person, by id."""
    led = Counter(turn.person for turn in turns)
    return {person.id: led[person.id] for person in people}


def spread(turns: Sequence[Turn], people: Sequence[Person]) -> int:
    """Return the greatest difference between the turns of two people of one function."""
    led = balance(turns, people)
    by_function: dict[int | None, list[int]] = {}
    for person in people:
        by_function.setdefault(person.function, []).append(led[person.id])
    return max((max(counts) - min(counts) for counts in by_function.values()), default=0)


def _free(roster: Roster, slot: Slot) -> list[Person]:
    """Return the available people without another task; if all have one, those who are the least busy."""
    available = [person for person in roster.people if roster.is_available(person, slot.on)]
    for number in range(len(slot.busy), -1, -1):
        free = [person for person in available if person.id not in slot.busy[:number]]
        if free:
            return free
    return []


def _assign_slot(
    roster: Roster, turns: Sequence[Turn], slot: Slot, focus: int | None, task: Task
) -> Assignment:
    available = _free(roster, slot)
    pinned = next((person for person in available if person.id == slot.pinned), None)
    if pinned:
        stand_in = _stand_in(available, pinned, turns)
        return Assignment(focus, pinned.function, pinned.id, stand_in, f"{pinned.name} {task.taken}")
    function = _function(roster, available, turns, focus)
    queue = _queue([person for person in available if person.function == function], turns)
    if not queue:
        return Assignment(focus, None, None, None, "No participant is available on that day")
    first = queue[0]
    return Assignment(
        focus,
        function,
        first.id,
        _stand_in(available, first, turns),
        _reason(roster, turns, slot, first, task),
    )


def _function(
    roster: Roster, available: Sequence[Person], turns: Sequence[Turn], focus: int | None
) -> int | None:
    """Return the next function in the rotation that led none of the latest meetings of this focus."""
    staffed = {person.function for person in roster.people}
    order = [function for function in roster.functions if function in staffed]
    present = {person.function for person in available}
    last = turns[-1].function if turns else None
    start = order.index(last) + 1 if last in order else 0
    ring = [function for function in order[start:] + order[:start] if function in present]
    if not ring:
        return next((person.function for person in _queue(available, turns)), None)
    of_focus = [turn.function for turn in turns if turn.focus == focus]
    lately = of_focus[-(len(order) - 1) :] if len(order) > 1 else []
    fresh = [function for function in ring if function not in lately]
    if fresh:
        return fresh[0]
    return min(ring, key=lambda function: len(of_focus) - of_focus[::-1].index(function))


def _queue(people: Sequence[Person], turns: Sequence[Turn]) -> list[Person]:
    """Return the people, longest since their last turn first. Without a turn, the day they joined counts."""
    last = {turn.person: (turn.on, 1, number) for number, turn in enumerate(turns)}
    return sorted(people, key=lambda person: (last.get(person.id, (person.since, 0, 0)), person.id))


def _stand_in(available: Sequence[Person], chosen: Person, turns: Sequence[Turn]) -> int | None:
    """Return the id of the next person of the same function, otherwise of any function; None without one."""
    others = _queue([person for person in available if person.id != chosen.id], turns)
    same = [person for person in others if person.function == chosen.function]
    return next((person.id for person in (*same, *others)), None)


def _reason(roster: Roster, turns: Sequence[Turn], slot: Slot, chosen: Person, task: Task) -> str:
    parts = []
    if chosen.function is not None and chosen.function in roster.names:
        parts.append(f"Next in rotation: {roster.names[chosen.function]}")
    everyone = _queue(
        [
            person
            for person in roster.people
            if person.function == chosen.function and person.since <= slot.on
        ],
        turns,
    )
    passed = everyone[: everyone.index(chosen)]
    for state, names in (
        ("away", [person.name for person in passed if not roster.is_available(person, slot.on)]),
        ("busy", [person.name for person in passed if roster.is_available(person, slot.on)]),
    ):
        if names:
            parts.append(f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} {state}")
    last = next((turn for turn in reversed(turns) if turn.person == chosen.id), None)
    if last is None:
        parts.append(f"{chosen.name} {task.never}")
    elif last.is_held:
        parts.append(f"{chosen.name} {task.last} {_day(last.on, slot.on)}")
    else:
        parts.append(f"{chosen.name}'s previous turn is on {_day(last.on, slot.on)}")
    return "; ".join(parts)[:300]


def _day(on: date, seen_from: date) -> str:
    return f"{on:%-d %b}" if on.year == seen_from.year else f"{on:%-d %b %Y}"
