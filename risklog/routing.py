"""Whom to ask for a review, without a database: at least two functions, fair by load, nobody who is away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signals.states import SignalKind

# The functions that look together, by signal kind; slugs as people seeds them.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    SignalKind.DATA_QUALITY: ("data-engineering", "data-science"),
    SignalKind.DRIFT: ("data-science", "risk-management"),
    SignalKind.PERFORMANCE: ("data-science", "risk-management"),
    SignalKind.LATENCY: ("platform-operations", "engineering"),
    SignalKind.DEPLOYMENT: ("platform-operations", "engineering"),
}
AT_LEAST = 2


@dataclass(frozen=True, slots=True)
class ReviewerCandidate:
    """Somebody who could be asked. load: open reviews they were asked for and have not answered."""

    id: int
    function: str
    load: int = 0
    is_of_owner_team: bool = False
    may_see: bool = True
    is_away: bool = False
    stand_in: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One person to ask for a function; stands_in_for: the absent person in whose place."""

    id: int
    function: str
    is_of_owner_team: bool = False
    stands_in_for: int | None = None


def propose(kind: str, candidates: Iterable[ReviewerCandidate]) -> tuple[list[Proposal], list[str]]:
    """Whom to ask, one a function, and the functions wanted by the kind that nobody could stand for.

    The owner team is preferred for one of them, so that somebody knows the model and somebody does not.
    A missing function is replaced by any other, so that two functions look wherever there are two.
    """
    people = list(candidates)
    chosen: list[Proposal] = []
    missing = []
    for function in FUNCTIONS[kind]:
        found = _of(function, people, chosen)
        if found:
            chosen.append(found)
        else:
            missing.append(function)
    others = sorted({one.function for one in people if one.function} - set(FUNCTIONS[kind]))
    while len(chosen) < AT_LEAST:
        offers = [found for function in others if (found := _of(function, people, chosen))]
        if not offers:
            break
        load = {one.id: one.load for one in people}
        best = min(offers, key=lambda one: (load.get(one.id, 0), one.function))
        chosen.append(best)
        others.remove(best.function)
    return chosen, missing


def _of(function: str, people: Sequence[ReviewerCandidate], chosen: Sequence[Proposal]) -> Proposal | None:
    taken = {one.id for one in chosen}
    owner_wanted = not any(one.is_of_owner_team for one in chosen)
    theirs = [one for one in people if one.function == function]
    present = [one for one in theirs if not one.is_away and one.id not in taken]
    if present:
        best = min(
            present,
            key=lambda one: (not one.may_see, owner_wanted and not one.is_of_owner_team, one.load, one.id),
        )
        return Proposal(best.id, function, best.is_of_owner_team)
    here = {one.id: one for one in people if not one.is_away and one.id not in taken}
    substitutes = [(one.load, one.id, one.stand_in) for one in theirs if one.is_away and one.stand_in in here]
    if substitutes:
        _, absent, stand_in = min(substitutes)
        return Proposal(stand_in, function, here[stand_in].is_of_owner_team, absent)
    return None
