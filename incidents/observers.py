"""Choose the observers of a post-incident review, without a database.

They take turns by the rules of meetings (people/rotation.py), in a rotation of their own: of people who are
in none of the teams involved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from people.rotation import OBSERVING, Roster, Slot, Turn, assign


@dataclass(frozen=True, slots=True)
class ChosenObserver:
    """A person (id) who observes, their function (id), and why them."""

    person: int
    function: int | None
    why: str


def choose(
    roster: Roster,
    held: Sequence[Turn],
    on: date,
    *,
    due_on: date,
    number: int,
    present: Sequence[int] = (),
) -> list[ChosenObserver]:
    """Return up to `number` observers for a review that opens on a day, of different functions if possible.

    roster: the people in none of the teams involved. held: all observations so far, oldest first. due_on: of
    the review. Somebody with an absence before that is chosen only if nobody else is left. present: the ids
    of those who observe it already.
    """
    turns = list(held)
    chosen: list[ChosenObserver] = []
    for _ in range(number):
        busy = (*present, *(one.person for one in chosen))
        for available in (_away_from(on, due_on, roster), roster):
            assignment = assign(available, turns, [Slot(on, busy=busy)], task=OBSERVING)[0]
            if assignment.person is not None and assignment.person not in busy:
                break
        else:
            break
        chosen.append(ChosenObserver(assignment.person, assignment.function, assignment.why))
        turns.append(Turn(on, assignment.person, assignment.function, None))
    return chosen


def _away_from(on: date, due_on: date, roster: Roster) -> Roster:
    """Return the roster in which absences that begin before the review is due begin on a day."""
    away = {
        person: [(min(first, on) if first <= due_on else first, last) for first, last in spans if last >= on]
        + [(first, last) for first, last in spans if last < on]
        for person, spans in roster.away.items()
    }
    return replace(roster, away=away)
