"""Who reviews in place of another person: one who hands over their part, or one who can no longer answer."""

from datetime import datetime
from typing import Any

from django.db import transaction

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from people import queries as people
from people.models import Function, User
from people.states import Role
from risklog import routing
from risklog.events import review as events
from risklog.models import Review, Reviewer
from risklog.operations import reviewer, sight
from risklog.queries import availability
from risklog.queries import review as review_queries
from risklog.routing import Proposal


@transaction.atomic
def hand_over(
    review: Review,
    user: User,
    *,
    note: str = "",
    whose: User | None = None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> Review:
    """Pass the lead and the unanswered request of a person on to a colleague, or to the stand-in of that one.

    whose: the person whose part is passed on, also to somebody who is a reviewer already; the acting person
    if None. Without it such a colleague takes over the lead only, and the acting person keeps the request.
    Raises Refused, IllegalMove, ChangedMeanwhile.
    """
    review = reviewer.lock_open(review, seen)
    sight.check_asking(review.about, user, by=by)
    giver = whose or by.person
    absent, user = reviewer.with_stand_in(user, at)
    own = Reviewer.objects.unanswered().filter(review=review, user=giver).first()
    leads = giver is not None and review.claimed_by_id == giver.pk
    if not (own or leads):
        raise Refused("You have neither the lead nor an open request.", field="user")
    if user == giver:
        raise Refused("Choose another person.", field="user")
    is_reviewer = review.reviewers.filter(user=user, replaced_by__isnull=True).exists()
    if is_reviewer and not (leads or whose):
        raise Refused(f"{user.name} is already a reviewer. Choose another person.", field="user")
    rows: list[Any] = []
    shown = []
    if not is_reviewer:
        why = reviewer.STAND_IN if absent else "Took over from a colleague"
        asked, row = reviewer.request_of(review, user, at=at, why=why, stands_in_for=absent)
        rows, shown = [row], [asked]
    replaced = [own] if own and (whose or not is_reviewer) else []
    rows += [(row, {"replaced_by": user}) for row in replaced]
    payload = events.ReviewReassigned(
        asked=[user.pk], replaced=[row.user_id for row in replaced], note=note.strip()
    )
    values = {"claimed_by": user} if leads else {}
    history.change(review, values, by=by, at=at, payload=payload, rows=rows, raises_version=True)
    reviewer.show(review, shown, [review.subject, review.about], at=at)
    return review


def replace_unavailable(review: Review, *, at: datetime, cause: Event | None = None) -> list[Reviewer]:
    """Ask other people in place of reviewers who can no longer answer. Returns the new reviewers.

    A review that is overdue and has an answer asks nobody: the next meeting settles it with what is there.
    The review is locked.
    """
    rows = list(review.reviewers.select_related("user__subject", "function").order_by("id"))
    if review.due_at <= at and any(row.answered_at for row in rows):
        return []
    unable = _unable(review, rows, at)
    if not unable:
        return []
    candidates = review_queries.candidates(review.about, review.model, day=availability.day_of(at))
    asked = [Proposal(row.user_id, row.function.slug if row.function else "") for row in rows]
    new = []
    for row in unable:
        slug = row.function.slug if row.function else ""
        proposal = routing.substitute(slug, candidates, asked)
        if proposal is None:
            continue
        asked.append(proposal)
        new.append((row, _in_place_of(row, proposal, at)))
    if new:
        payload = events.ReviewReassigned(
            asked=[other.user_id for _, other in new], replaced=[row.user_id for row, _ in new]
        )
        changed = [(row, {"replaced_by": other.user}) for row, other in new]
        added = [other for _, other in new]
        rows_of_event: list[Any] = [*added, *changed]
        history.change(
            review,
            {},
            payload=payload,
            by=SYSTEM,
            at=at,
            rows=rows_of_event,
            cause=cause,
            raises_version=True,
        )
        reviewer.show(review, added, [review.subject, review.about], at=at)
    return [other for _, other in new]


def _unable(review: Review, rows: list[Reviewer], at: datetime) -> list[Reviewer]:
    """Return the unanswered reviewers who left, are viewers now, lost access, or are away past the due time.

    A reviewer whose stand-in was asked is not among them.
    """
    covered = {row.stands_in_for_id for row in rows if row.replaced_by_id is None}
    waiting = [row for row in rows if not (row.answered_at or row.replaced_by_id)]
    long_away = people.away_on(availability.day_of(at)).filter(
        until_on__gte=availability.day_of(review.due_at)
    )
    away = set(long_away.values_list("user_id", flat=True))
    return [
        row
        for row in waiting
        if row.user_id not in covered
        and (
            not row.user.is_active
            or row.user.role == Role.VIEWER
            or row.user_id in away
            or not review.subject.is_visible_to(row.user)
        )
    ]


def _in_place_of(row: Reviewer, proposal: Proposal, at: datetime) -> Reviewer:
    user = User.objects.select_related("subject").get(pk=proposal.id)
    return Reviewer(
        review=row.review,
        user=user,
        function=Function.objects.filter(slug=proposal.function).first(),  # a person may have none
        stands_in_for_id=proposal.stands_in_for,
        why=f"In place of {row.user.name}, who cannot answer"[:200],
        asked_at=at,
    )
