"""Whom a review asks, without a database: people of two functions, with few open reviews, and not away."""

from collections.abc import Collection, Iterable, Sequence
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
    tried = set(FUNCTIONS[kind])
    while len(chosen) < AT_LEAST and (best := _best_of_others(tried, people, chosen)):
        chosen.append(best)
        tried.add(best.function)
    return chosen, missing


def substitute(
    function: str, candidates: Iterable[ReviewerCandidate], asked: Sequence[Proposal]
) -> Proposal | None:
    """Return whom to ask in place of a reviewer of a function, None if there is nobody.

    asked: everyone who was asked already. A person of the same function is preferred, then one of a function
    that was not asked.
    """
    people = list(candidates)
    functions = {proposal.function for proposal in asked} | {function}
    return _best_of(function, people, asked) or _best_of_others(functions, people, asked)


def _best_of_others(
    functions: Collection[str], people: Sequence[ReviewerCandidate], chosen: Sequence[Proposal]
) -> Proposal | None:
    """Return the person with the fewest open reviews of a function that is not one of `functions`."""
    others = {person.function for person in people if person.function} - set(functions)
    offers = [offer for function in sorted(others) if (offer := _best_of(function, people, chosen))]
    load = {person.id: person.load for person in people}
    return min(offers, key=lambda offer: (load.get(offer.id, 0), offer.function), default=None)


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
