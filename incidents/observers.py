"""Choose the observers of a post-incident review, without a database.

They take turns by the rules of meetings (people/rotation.py), in a rotation of their own: of people who are
in none of the teams involved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from people.rotation import OBSERVING, Roster, Slot, Turn, assign


@dataclass(frozen=True, slots=True)
class ChosenObserver:
    """A person (id) who observes, their function (id), and why them."""

    person: int
    function: int | None
    why: str


def choose(
    roster: Roster, held: Sequence[Turn], on: date, *, number: int, present: Sequence[int] = ()
) -> list[ChosenObserver]:
    """Return up to `number` observers for a review that opens on a day, of different functions if possible.

    roster: the people in none of the teams involved. held: all observations so far, oldest first. present:
    the ids of those who observe it already.
    """
    turns = list(held)
    chosen: list[ChosenObserver] = []
    for _ in range(number):
        busy = (*present, *(one.person for one in chosen))
        assignment = assign(roster, turns, [Slot(on, busy=busy)], task=OBSERVING)[0]
        if assignment.person is None or assignment.person in busy:
            break
        chosen.append(ChosenObserver(assignment.person, assignment.function, assignment.why))
        turns.append(Turn(on, assignment.person, assignment.function, None))
    return chosen
