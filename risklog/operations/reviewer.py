"""The people a review asks: who is proposed and what is missing, further ones, what they say, who leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from catalogue.models import Model
from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason, NewGrant
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people import queries as people
from people.models import Function, User
from people.states import Role
from people.working import Hours
from risklog import events, routing
from risklog.models import Review, Reviewer
from risklog.operations import sight
from risklog.queries import presence
from risklog.queries import review as review_queries
from risklog.routing import Proposal
from risklog.states import Outcome, ReviewState
from signals.models import Breach, BreachGroup

OF_FACTS = frozenset({"no_model", "no_owner_team", "no_threshold"})


def propose(review: Review, hours: Hours, *, at: datetime) -> tuple[list[Reviewer], list[dict[str, str]]]:
    """The people to ask, as rows not yet saved, and what is missing. hours: the organisation's."""
    candidates = review_queries.candidates(review.about, review.model, day=hours.day_of(at))
    proposals, unstaffed = routing.propose(review.kind, candidates)
    of_people = _missing_people(proposals, unstaffed)
    return _rows(review, proposals, at), [*missing_facts(review.about, review.model), *of_people]


def present(user: User, at: datetime) -> tuple[User | None, User]:
    """(the absent person, who is asked instead), or (None, the person)."""
    if not user.is_active or user.role == Role.VIEWER:
        raise Refused("This person cannot answer reviews. Choose another person.", field="user")
    away = presence.away_on(presence.day_of(at))
    if user.pk not in away:
        return None, user
    everyone = presence.active_by_id([one for one in (user.pk, away[user.pk]) if one])
    found = presence.present([user.pk], everyone, away)
    if not found.people or found.people[0].role == Role.VIEWER:
        raise Refused(
            "This person is away and no stand-in is available. Choose another person.", field="user"
        )
    return user, found.people[0]


def _rows(review: Review, proposals: Sequence[Proposal], at: datetime) -> list[Reviewer]:
    active = presence.active_by_id(one.id for one in proposals)
    functions = {one.slug: one for one in Function.objects.filter(slug__in=[p.function for p in proposals])}
    return [
        Reviewer(
            review=review,
            user=active[one.id],
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
        return f"{words}, stand-in for an absent colleague"
    return (
        f"{words}, from the owner team" if one.is_of_owner_team else f"{words}, with the fewest open reviews"
    )


def missing_facts(about: Subject, model: Model | None) -> list[dict[str, Any]]:
    """What is not known of its model and of the rule: each {"code", "text"} with what its mend needs."""
    found: list[dict[str, Any]] = []
    worst = _worst_breach(about) if about.kind == BreachGroup.KIND else None
    if model is None:
        name = worst.group.model_name if worst else ""
        found.append(
            {"code": "no_model", "text": "No registered model is known for this item.", "name": name}
        )
    elif model.owner_team_id is None:
        found.append({"code": "no_owner_team", "text": "Its model has no owner team.", "model": model.slug})
    if worst and not worst.has_limit:  # type: ignore[attr-defined]  # annotated
        found.append(_no_limit(worst))
    return found


def _worst_breach(about: Subject) -> Breach | None:
    """The worst of a group, with `has_limit`: whether any of them was judged by a limit we know."""
    limits = Q(threshold_version__warning__isnull=False) | Q(threshold_version__critical__isnull=False)
    limited = Breach.objects.filter(limits, group=OuterRef("group"))
    rows = Breach.objects.filter(group__subject=about).annotate(has_limit=Exists(limited))
    return rows.select_related("group", "threshold").order_by("-level", "id").first()


def _no_limit(worst: Breach) -> dict[str, Any]:
    text = "The source's own rule raised it without a limit, and no threshold is agreed here."
    return {
        "code": "no_threshold",
        "text": text,
        "series": worst.series_id,
        "source": worst.threshold.source_id,
    }


def _missing_people(proposals: Sequence[Proposal], unstaffed: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for slug in unstaffed:
        words = slug.replace("-", " ")
        found.append({"code": "no_function", "text": f"No one from {words} is available.", "function": slug})
    if not proposals:
        found.append({"code": "nobody", "text": "No reviewers are available."})
    elif len({one.function for one in proposals}) < routing.AT_LEAST:
        found.append({"code": "one_function", "text": "All reviewers are from one function."})
    return found


# ------------------------------------------------------------------ what they may see


def reason_of(reviewer: Reviewer) -> GrantReason:
    return GrantReason.STAND_IN if reviewer.stands_in_for_id else GrantReason.ASKED


def grant_of(reviewer: Reviewer) -> NewGrant:
    """The grant by which somebody who is asked sees the review, from its creation."""
    return NewGrant(reviewer.user.subject_id, reason_of(reviewer))


def show(review: Review, reviewers: Sequence[Reviewer], subjects: Sequence[Subject], *, at: datetime) -> None:
    """Let those who are asked see these subjects: the review, what it is about."""
    for reason in sorted({reason_of(one) for one in reviewers}):
        asked = [one.user for one in reviewers if reason_of(one) == reason]
        sight.show_to_reviewers(review, asked, subjects, at=at, reason=reason)


# ------------------------------------------------------------------ the people asked


@transaction.atomic
def ask(review: Review, user: User, *, by: Actor, at: datetime, why: str = "") -> Review:
    """Ask one more person; in place of somebody who is away their stand-in, which the row says."""
    review = lock_open(review)
    absent, user = present(user, at)
    if review.reviewers.filter(user=user).exists():
        raise Refused(f"{user.name} is already a reviewer.", field="user")
    asked = Reviewer(
        review=review,
        user=user,
        function=user.function,
        stands_in_for=absent,
        why=why.strip()[:200] or ("Stand-in for an absent colleague" if absent else "Added manually"),
        asked_at=at,
    )
    history.record(review, events.ReviewAsked(asked=[user.pk]), by=by, at=at, rows=[asked])
    show(review, [asked], [review.subject, review.about], at=at)
    return review


def ask_stand_ins(review: Review, *, at: datetime, cause: Event | None = None) -> list[Reviewer]:
    """Ask the stand-ins of those who are away and have not answered; nobody is asked twice."""
    day = presence.day_of(at)
    asked = {one.user_id: one for one in review.reviewers.select_related("user", "function")}
    open_ = [one for one in asked.values() if one.answered_at is None and one.user.is_active]
    stand_ins = people.stand_ins([one.user for one in open_], day)
    away, known = presence.away_on(day), set(asked)
    rows = []
    for one in open_:
        other = stand_ins[one.user_id]
        if one.user_id not in away or other is None or other.role == Role.VIEWER or other.pk in known:
            continue
        known.add(other.pk)
        rows.append(
            Reviewer(
                review=review,
                user=other,
                function=one.function,
                stands_in_for=one.user,
                why="Stand-in for an absent colleague",
                asked_at=at,
            )
        )
    if rows:
        payload = events.ReviewAsked(asked=[one.user_id for one in rows])
        history.record(review, payload, by=SYSTEM, at=at, rows=rows, cause=cause)
        show(review, rows, [review.subject, review.about], at=at)
    return rows


@transaction.atomic
def answer(review: Review, *, verdict: str, note: str = "", by: Actor, at: datetime) -> Review:
    """Give, or change, one's verdict."""
    if verdict not in Outcome.values:
        raise Refused(f"Use one of {', '.join(Outcome.values)}.", field="verdict")
    review = lock_open(review)
    mine = review.reviewers.filter(user=by.person).first() if by.person else None
    if mine is None:
        raise Refused("Only reviewers can answer. Take the lead first.", field="verdict")
    said = {"verdict": verdict, "note": note.strip(), "answered_at": at}
    waiting = any(one.pk != mine.pk for one in review_queries.awaited(review, at=at))
    history.record(
        review,
        events.ReviewAnswered(
            verdict=verdict, label=Outcome(verdict).label, note=note.strip(), is_complete=not waiting
        ),
        by=by,
        at=at,
        rows=[(mine, said)],
    )
    return review


@transaction.atomic
def claim(review: Review, *, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Take the lead of it; who was not asked is asked by that."""
    review = lock_open(review, seen)
    if review.claimed_by_id == by.person.pk:
        return review
    if review.claimed_by:
        raise Refused(
            f"{review.claimed_by.name} is already the lead and can give up the lead first.",
            field="claimed_by",
        )
    rows = []
    if not review.reviewers.filter(user=by.person).exists():
        rows.append(
            Reviewer(
                review=review, user=by.person, function=by.person.function, why="Took the lead", asked_at=at
            )
        )
    history.change(review, {"claimed_by": by.person}, by=by, at=at, verb="risklog.review_claimed", rows=rows)
    show(review, rows, [review.subject, review.about], at=at)
    return review


@transaction.atomic
def give_back(review: Review, *, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Leave the lead to somebody else."""
    review = lock_open(review, seen)
    if review.claimed_by_id is None:
        raise Refused("This review has no lead.", field="claimed_by")
    history.change(review, {"claimed_by": None}, by=by, at=at, verb="risklog.review_given_back")
    return review


# ------------------------------------------------------------------ the row


def lock(**which: Any) -> Review | None:
    rows = Review.objects.select_for_update(of=("self",))
    return (
        rows.select_related("subject", "about", "model__owner_team__lead", "claimed_by")
        .filter(**which)
        .first()
    )


def lock_any(review: Review, seen: int | None) -> Review:
    present = lock(pk=review.pk)
    assert present is not None  # rows are never deleted
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile(
            "This review has changed since you opened it. Check its current state, then decide again.",
            present=present,
        )
    return present


def lock_open(review: Review, seen: int | None = None) -> Review:
    present = lock_any(review, seen)
    if present.state != ReviewState.OPEN:
        raise IllegalMove("This review is closed. Reopen it first.", field="state")
    return present
