"""The reviewers of a review: who is proposed and what is missing, adding more, answers, and the lead."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from catalogue.models import Model
from history import operations as history
from history.models import Event, Subject
from history.operations import GrantReason, NewGrant
from kit.actor import SYSTEM, Actor
from kit.prepared import Argument, Prepared
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people import queries as people
from people.models import Function, User
from people.states import Role
from people.working import Hours
from risklog import routing
from risklog.events import review as events
from risklog.models import Review, Reviewer
from risklog.operations import sight
from risklog.queries import availability
from risklog.queries import review as review_queries
from risklog.routing import Proposal
from risklog.states import Outcome, ReviewState
from signals.models import Breach, BreachGroup

STAND_IN = "Stand-in for an absent colleague"
OF_FACTS = frozenset({"no_model", "no_owner_team", "no_threshold"})


def propose(review: Review, hours: Hours, *, at: datetime) -> tuple[list[Reviewer], list[dict[str, str]]]:
    """Return the proposed reviewers as unsaved rows, and what is missing as {"code", "text", …}.

    hours: the working hours of the organisation.
    """
    candidates = review_queries.candidates(review.about, review.model, day=hours.day_of(at))
    proposals, unstaffed = routing.propose(review.kind, candidates)
    missing = [*missing_facts(review.about, review.model), *_missing_people(proposals, unstaffed)]
    return _rows(review, proposals, at), missing


def with_stand_in(user: User, at: datetime) -> tuple[User | None, User]:
    """Return (absent person, stand-in) for a person who is away, else (None, person).

    Raises Refused if neither can answer reviews.
    """
    if not user.is_active or user.role == Role.VIEWER:
        raise Refused("This person cannot answer reviews. Choose another person.", field="user")
    away = availability.away_on(availability.day_of(at))
    if user.pk not in away:
        return None, user
    everyone = availability.active_by_id([pk for pk in (user.pk, away[user.pk]) if pk])
    available = availability.among([user.pk], everyone, away)
    if not available.people or available.people[0].role == Role.VIEWER:
        raise Refused(
            "This person is away and no stand-in is available. Choose another person.", field="user"
        )
    return user, available.people[0]


def _rows(review: Review, proposals: Sequence[Proposal], at: datetime) -> list[Reviewer]:
    active = availability.active_by_id(proposal.id for proposal in proposals)
    slugs = [proposal.function for proposal in proposals]
    functions = {function.slug: function for function in Function.objects.filter(slug__in=slugs)}
    return [
        Reviewer(
            review=review,
            user=active[proposal.id],
            function=functions[proposal.function],
            stands_in_for_id=proposal.stands_in_for,
            why=_why_asked(proposal, functions[proposal.function]),
            asked_at=at,
        )
        for proposal in proposals
    ]


def _why_asked(proposal: Proposal, function: Function) -> str:
    for_function = f"For {function.name.lower()}"
    if proposal.stands_in_for:
        return f"{for_function}, stand-in for an absent colleague"
    if proposal.is_of_owner_team:
        return f"{for_function}, from the owner team"
    return f"{for_function}, with the fewest open reviews"


def missing_facts(about: Subject, model: Model | None) -> list[dict[str, Any]]:
    """Return what is unknown about the model and the threshold: {"code", "text"} and what the fix needs."""
    missing: list[dict[str, Any]] = []
    worst = _worst_breach(about) if about.kind == BreachGroup.KIND else None
    if model is None:
        name = worst.group.model_name if worst else ""
        missing.append(
            {"code": "no_model", "text": "No registered model is known for this item.", "name": name}
        )
    elif model.owner_team_id is None:
        missing.append({"code": "no_owner_team", "text": "Its model has no owner team.", "model": model.slug})
    if worst and not worst.has_limit:  # type: ignore[attr-defined]  # _worst_breach() annotates it
        missing.append(_no_limit(worst))
    return missing


def _worst_breach(about: Subject) -> Breach | None:
    """Return the worst breach of a group, with `has_limit`: True if any breach of it has a known limit."""
    return _WORST_BREACH.first(about=about.pk)


def _worst_breaches() -> QuerySet[Breach]:
    limits = Q(threshold_version__warning__isnull=False) | Q(threshold_version__critical__isnull=False)
    limited = Breach.objects.filter(limits, group=OuterRef("group"))
    rows = Breach.objects.filter(group__subject=Argument("about")).annotate(has_limit=Exists(limited))
    return rows.select_related("group", "threshold").order_by("-level", "id")[:1]


_WORST_BREACH = Prepared(_worst_breaches)


def _no_limit(worst: Breach) -> dict[str, Any]:
    text = "The rule of its source has no limit, and no threshold is agreed in Riskhub."
    return {
        "code": "no_threshold",
        "text": text,
        "series": worst.series_id,
        "source": worst.threshold.source_id,
    }


def _missing_people(proposals: Sequence[Proposal], unstaffed: Sequence[str]) -> list[dict[str, Any]]:
    """Return which functions and people are missing. unstaffed: slugs of functions without a reviewer."""
    missing: list[dict[str, Any]] = []
    for slug in unstaffed:
        text = f"No one from {slug.replace('-', ' ')} is available."
        missing.append({"code": "no_function", "text": text, "function": slug})
    if not proposals:
        missing.append({"code": "nobody", "text": "No reviewers are available."})
    elif len({proposal.function for proposal in proposals}) < routing.AT_LEAST:
        missing.append({"code": "one_function", "text": "All reviewers are from one function."})
    return missing


# ------------------------------------------------------------------ what reviewers may see


def reason_of(reviewer: Reviewer) -> GrantReason:
    """Return the reason of the grant by which a reviewer sees the review."""
    return GrantReason.STAND_IN if reviewer.stands_in_for_id else GrantReason.ASKED


def grant_of(reviewer: Reviewer) -> NewGrant:
    """Return the grant by which a reviewer sees the review from its creation on."""
    return NewGrant(reviewer.user.subject_id, reason_of(reviewer))


def show(review: Review, reviewers: Sequence[Reviewer], subjects: Sequence[Subject], *, at: datetime) -> None:
    """Let the reviewers see these subjects: the review and its subject."""
    for reason in sorted({reason_of(row) for row in reviewers}):
        asked = [row.user for row in reviewers if reason_of(row) == reason]
        sight.show_to_reviewers(review, asked, subjects, at=at, reason=reason)


# ------------------------------------------------------------------ asking and answering


@transaction.atomic
def ask(review: Review, user: User, *, by: Actor, at: datetime, why: str = "") -> Review:
    """Add a reviewer, or the stand-in of a person who is away. The row records whom they stand in for.

    why: shown beside the reviewer, at most 200 characters. Raises Refused, also for a person to whom the
    actor may not show what the review is about (sight.check_asking), and IllegalMove.
    """
    review = lock_open(review)
    sight.check_asking(review.about, user, by=by)
    absent, user = with_stand_in(user, at)
    if review.reviewers.filter(user=user, replaced_by__isnull=True).exists():
        raise Refused(f"{user.name} is already a reviewer.", field="user")
    why = why.strip()[:200] or (STAND_IN if absent else "Added manually")
    asked, row = request_of(review, user, at=at, why=why, stands_in_for=absent)
    payload = events.ReviewAsked(asked=[user.pk])
    history.change(review, {}, payload=payload, by=by, at=at, rows=[row], raises_version=True)
    show(review, [asked], [review.subject, review.about], at=at)
    return review


def request_of(
    review: Review, user: User, *, at: datetime, **values: Any
) -> tuple[Reviewer, Reviewer | tuple[Reviewer, dict[str, Any]]]:
    """Return (the reviewer, the row for history) of a person who is asked now.

    A person who was asked before and replaced is asked again in the same row. values: fields of Reviewer.
    The reviewer is not saved: history compares the row with what is stored.
    """
    values = {"asked_at": at, "function": user.function, **values}
    former = review.reviewers.select_related("user").filter(user=user).first()
    if former is None:
        new = Reviewer(review=review, user=user, **values)
        return new, new
    values = {"stands_in_for": None, **values, "replaced_by": None}
    asked = copy(former)
    for name, value in values.items():
        setattr(asked, name, value)
    return asked, (former, values)


def ask_stand_ins(review: Review, *, at: datetime, cause: Event | None = None) -> list[Reviewer]:
    """Ask the stand-ins of reviewers who are away and have not answered. Nobody is asked twice.

    Returns the new reviewers. The review is locked.
    """
    day = availability.day_of(at)
    reviewers = list(review.reviewers.select_related("user", "function"))
    waiting = [row for row in reviewers if not (row.answered_at or row.replaced_by_id) and row.user.is_active]
    stand_ins = people.stand_ins([row.user for row in waiting], day)
    away, asked = availability.away_on(day), {row.user_id for row in reviewers}
    rows = []
    for row in waiting:
        stand_in = stand_ins[row.user_id]
        if row.user_id not in away or stand_in is None:
            continue
        if stand_in.role == Role.VIEWER or stand_in.pk in asked:
            continue
        asked.add(stand_in.pk)
        rows.append(
            Reviewer(
                review=review,
                user=stand_in,
                function=row.function,
                stands_in_for=row.user,
                why=STAND_IN,
                asked_at=at,
            )
        )
    if rows:
        payload = events.ReviewAsked(asked=[row.user_id for row in rows])
        history.change(
            review, {}, payload=payload, by=SYSTEM, at=at, rows=rows, cause=cause, raises_version=True
        )
        show(review, rows, [review.subject, review.about], at=at)
    return rows


@transaction.atomic
def answer(review: Review, *, verdict: str, note: str = "", by: Actor, at: datetime) -> Review:
    """Record or change the verdict of the acting reviewer.

    note: the evidence, which every verdict but "confirmed" needs. Raises Refused for an unknown verdict or an
    actor who is not a reviewer, IllegalMove for a closed review.
    """
    if verdict not in Outcome.values:
        raise Refused(f"Use one of {', '.join(Outcome.values)}.", field="verdict")
    if verdict != Outcome.CONFIRMED and not note.strip():
        raise Refused("Enter the evidence for this verdict.", field="note")
    review = lock_open(review)
    current = review.reviewers.filter(replaced_by__isnull=True)
    reviewer = current.filter(user=by.person).first() if by.person else None
    if reviewer is None:
        raise Refused("Only reviewers can answer. Take the lead first.", field="verdict")
    values = {"verdict": verdict, "note": note.strip(), "answered_at": at}
    waiting = any(row.pk != reviewer.pk for row in review_queries.awaited(review, at=at))
    payload = events.ReviewAnswered(
        verdict=verdict, label=Outcome(verdict).label, note=note.strip(), is_complete=not waiting
    )
    rows = [(reviewer, values)]
    history.change(review, {}, payload=payload, by=by, at=at, rows=rows, raises_version=True)
    return review


@transaction.atomic
def claim(review: Review, *, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Take the lead of a review. An actor who is not a reviewer becomes one.

    Raises Refused while another person has the lead.
    """
    review = lock_open(review, seen)
    if review.claimed_by_id == by.person.pk:
        return review
    if review.claimed_by:
        raise Refused(
            f"{review.claimed_by.name} is already the lead and can give up the lead first.",
            field="claimed_by",
        )
    rows, shown = [], []
    if not review.reviewers.filter(user=by.person, replaced_by__isnull=True).exists():
        asked, row = request_of(review, by.person, at=at, why="Took the lead")
        rows, shown = [row], [asked]
    history.change(review, {"claimed_by": by.person}, by=by, at=at, verb="risklog.review_claimed", rows=rows)
    show(review, shown, [review.subject, review.about], at=at)
    return review


@transaction.atomic
def give_back(review: Review, *, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Give up the lead of a review. Raises Refused if it has none."""
    review = lock_open(review, seen)
    if review.claimed_by_id is None:
        raise Refused("This review has no lead.", field="claimed_by")
    history.change(review, {"claimed_by": None}, by=by, at=at, verb="risklog.review_given_back")
    return review


# ------------------------------------------------------------------ the row


def lock(**which: Any) -> Review | None:
    """Lock and return the review that matches these lookups, None if there is none."""
    return _locked().filter(**which).first()


def lock_open_about(subject_id: int) -> Review | None:
    """Lock and return the open review of a subject, None if there is none."""
    return _OPEN_REVIEW.first(about=subject_id)


def _locked() -> QuerySet[Review]:
    rows = Review.objects.select_for_update(of=("self",))
    return rows.select_related("subject", "about", "model__owner_team__lead", "claimed_by")


_OPEN_REVIEW = Prepared(lambda: _locked().filter(about=Argument("about"), state=ReviewState.OPEN))


def lock_any(review: Review, seen: int | None) -> Review:
    """Lock the review and return it as stored. Raises ChangedMeanwhile if `seen` is another version."""
    present = lock(pk=review.pk)
    assert present is not None  # rows are never deleted
    if seen is not None and present.version != seen:
        raise ChangedMeanwhile(
            "This review has changed since you opened it. Check its current state, then decide again.",
            present=present,
        )
    return present


def lock_open(review: Review, seen: int | None = None) -> Review:
    """Lock an open review as lock_any() does. Raises IllegalMove if it is closed."""
    present = lock_any(review, seen)
    if present.state != ReviewState.OPEN:
        raise IllegalMove("This review is closed. Reopen it first.", field="state")
    return present
