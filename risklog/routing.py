"""Whom a review asks, without a database: people of two functions, with few open reviews, and not away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signals.states import SignalKind

# Signal kind -> slugs of the functions that review it together. The room people creates these functions.
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
    """A person who could review. load: the number of open reviews they have not answered.

    function: a slug. stand_in: the id of the person who stands in while this one is away.
    """

    id: int
    function: str
    load: int = 0
    is_of_owner_team: bool = False
    may_see: bool = True
    is_away: bool = False
    stand_in: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A person to ask for a function. stands_in_for: the id of the absent person they replace."""

    id: int
    function: str
    is_of_owner_team: bool = False
    stands_in_for: int | None = None


def propose(kind: str, candidates: Iterable[ReviewerCandidate]) -> tuple[list[Proposal], list[str]]:
    """Return whom to ask, one person a function, and the functions of the kind that have nobody to ask.

    A member of the owner team is preferred for one function, so that one reviewer knows the model and another
    sees it fresh. Another function replaces a missing one, so that two functions review if there are two.
    """
    people = list(candidates)
    chosen: list[Proposal] = []
    missing = []
    for function in FUNCTIONS[kind]:
        proposal = _best_of(function, people, chosen)
        if proposal:
            chosen.append(proposal)
        else:
            missing.append(function)
    others = sorted({person.function for person in people if person.function} - set(FUNCTIONS[kind]))
    while len(chosen) < AT_LEAST:
        offers = [offer for function in others if (offer := _best_of(function, people, chosen))]
        if not offers:
            break
        load = {person.id: person.load for person in people}
        best = min(offers, key=lambda offer: (load.get(offer.id, 0), offer.function))
        chosen.append(best)
        others.remove(best.function)
    return chosen, missing


def _best_of(
    function: str, people: Sequence[ReviewerCandidate], chosen: Sequence[Proposal]
) -> Proposal | None:
    """Return the best person of a function who is not chosen yet, or a stand-in, or None."""
    taken = {proposal.id for proposal in chosen}
    prefers_owner_team = not any(proposal.is_of_owner_team for proposal in chosen)
    members = [person for person in people if person.function == function]
    available = [person for person in members if not person.is_away and person.id not in taken]
    if available:
        best = min(
            available,
            key=lambda person: (
                not person.may_see,
                prefers_owner_team and not person.is_of_owner_team,
                person.load,
                person.id,
            ),
        )
        return Proposal(best.id, function, best.is_of_owner_team)
    by_id = {person.id: person for person in people if not person.is_away and person.id not in taken}
    stand_ins = [
        (person.load, person.id, person.stand_in)
        for person in members
        if person.is_away and person.stand_in in by_id
    ]
    if stand_ins:
        _, absent, stand_in = min(stand_ins)
        return Proposal(stand_in, function, by_id[stand_in].is_of_owner_team, absent)
    return None
