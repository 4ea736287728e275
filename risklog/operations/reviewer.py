"""Whom a review asks, and what is missing for it: reads for the operations that open and widen a review."""

from collections.abc import Sequence
from datetime import datetime

from history.models import Subject
from kit.refusals import Refused
from people.models import Function, User
from people.states import Role
from risklog import routing
from risklog.models import Review, Reviewer
from risklog.queries import presence
from risklog.queries import review as review_queries
from risklog.routing import Proposal
from signals.models import Breach, BreachGroup


def propose(review: Review, at: datetime) -> tuple[list[Reviewer], list[dict[str, str]]]:
    """The people to ask, as rows not yet saved, and what is missing."""
    candidates = review_queries.candidates(review.about, review.model, at=at)
    proposals, unstaffed = routing.propose(review.kind, candidates)
    return _rows(review, proposals, at), _missing(review, proposals, unstaffed)


def present(user: User, at: datetime) -> tuple[User | None, User]:
    """(the absent person, who is asked instead), or (None, the person)."""
    if not user.is_active or user.role == Role.VIEWER:
        raise Refused("This person cannot answer reviews. Choose somebody else.", field="user")
    away = presence.away_on(presence.day_of(at))
    if user.pk not in away:
        return None, user
    everyone = presence.active_by_id([one for one in (user.pk, away[user.pk]) if one])
    found = presence.present([user.pk], everyone, away)
    if not found.people:
        raise Refused(
            "This person is away and has no stand-in who is there. Choose somebody else.", field="user"
        )
    return user, found.people[0]


def _rows(review: Review, proposals: Sequence[Proposal], at: datetime) -> list[Reviewer]:
    people = presence.active_by_id(one.id for one in proposals)
    functions = {one.slug: one for one in Function.objects.filter(slug__in=[p.function for p in proposals])}
    return [
        Reviewer(
            review=review,
            user=people[one.id],
            function=functions[one.function],
            stands_in_for_id=one.stands_in_for,
            why=_why_asked(one, functions[one.function]),
            asked_at=at,
        )
        for one in proposals
    ]


def _why_asked(one: Proposal, function: Function) -> str:
    words = f"For {function.name.lower()}"
    if one.stands_in_for:
        return f"{words}, in place of a colleague who is away"
    return (
        f"{words}, from the owner team" if one.is_of_owner_team else f"{words}, with the fewest open reviews"
    )


def _missing(review: Review, proposals: Sequence[Proposal], unstaffed: Sequence[str]) -> list[dict[str, str]]:
    """What is not to be had, each as {"code", "text"} with what a link to the mend needs."""
    found: list[dict[str, str]] = []
    if review.model is None:
        found.append({"code": "no_model", "text": "No registered model is known for it."})
    elif review.model.owner_team_id is None:
        found.append(
            {"code": "no_owner_team", "text": "Its model has no owner team.", "model": review.model.slug}
        )
    if review.about.kind == BreachGroup.KIND and not _has_own_threshold(review.about):
        found.append(
            {"code": "no_threshold", "text": "Judged by the rule of its source; no threshold is agreed here."}
        )
    for slug in unstaffed:
        words = slug.replace("-", " ")
        found.append({"code": "no_function", "text": f"Nobody of {words} is there to ask.", "function": slug})
    if not proposals:
        found.append({"code": "nobody", "text": "Nobody could be asked at all."})
    elif len({one.function for one in proposals}) < routing.AT_LEAST:
        found.append({"code": "one_function", "text": "Only one function looks at it."})
    return found


def _has_own_threshold(about: Subject) -> bool:
    return Breach.objects.filter(group_id=about.object_id, threshold_version__isnull=False).exists()
