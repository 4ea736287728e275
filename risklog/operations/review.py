"""Opening, closing and reopening reviews, and their reminders. reviewer.py has the people they ask.

A review asks people of at least two functions to review a subject by a due time. A subject has at most one
open review: a further trigger is noted on it. The review states what is missing (a function, an owner team …)
and opens anyway.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalogue.models import Model
from history import operations as history
from history.models import Due, Event, Subject
from history.operations import Placement, author
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people import working
from people.states import WORKING_TIME_FIELDS
from people.working import Hours
from risklog import ladder as rules
from risklog.events import review as events
from risklog.models import Review
from risklog.operations import escalation, reviewer, sight
from risklog.queries import availability
from risklog.queries import review as review_queries
from risklog.queries.concerned import model_of
from risklog.states import Outcome, ReviewState, Severity

REMINDER, UNANSWERED = "risklog.review_reminder", "risklog.review_unanswered"
# Working days until an answer is due, and working hours before that for the reminder.
_DAYS = {Severity.CRITICAL: 1, Severity.WARNING: 3}
_REMINDED_AFTER = {Severity.CRITICAL: 4 * 60, Severity.WARNING: 16 * 60}
_TRIES = 3


# ------------------------------------------------------------------ opening


@history.in_one_transaction
def open_for(
    *,
    about: Subject,
    title: str,
    kind: str,
    model: Model | None = None,
    severity: str = Severity.WARNING,
    why: str,
    by: Actor,
    at: datetime,
    cause: Event | None = None,
) -> Review:
    """Open a review of a subject, or note a further trigger on the one that is open.

    kind: a SignalKind; it decides which functions review. why: the reason. Raises ChangedMeanwhile.
    """
    hours = availability.hours()
    for _ in range(_TRIES):
        review = reviewer.lock_open_about(about.pk)
        if review:
            review = annotate(review, why=why, severity=severity, by=by, at=at, cause=cause)
            sight.show_to_author(review.subject, by=by, at=at)
            return review
        review = Review(
            about=about,
            title=title[:300],
            why=why.strip(),
            model=model,
            kind=kind,
            severity=severity,
            opened_at=at,
            due_at=_due(severity, at, hours),
        )
        try:
            with transaction.atomic():
                return _open(review, hours, by=by, at=at, cause=cause)
        except IntegrityError as error:
            if "risklog_one_open_review" not in str(error):
                raise
    raise ChangedMeanwhile("Someone else is opening this review. Reload and try again.", present=about)


def request(*, about: Subject, kind: str, severity: str, why: str, by: Actor, at: datetime) -> Review:
    """Open a review by hand. The subject gives it its title and its model."""
    return open_for(
        about=about,
        title=f"Review of {about.reference}: {about.title}",
        kind=kind,
        model=model_of(about),
        severity=severity,
        why=why,
        by=by,
        at=at,
    )


def _open(review: Review, hours: Hours, *, by: Actor, at: datetime, cause: Event | None) -> Review:
    """Record a new review with the reviewers that routing proposes, and put its Dues."""
    about = review.about
    reviewers, review.missing = reviewer.propose(review, hours, at=at)
    history.record(
        review,
        events.ReviewOpened(
            why=review.why,
            asked=[row.user_id for row in reviewers],
            severity=str(review.severity),
        ),
        by=by,
        at=at,
        rows=reviewers,
        cause=cause,
        placed=Placement(parent=about, grants=[*(reviewer.grant_of(row) for row in reviewers), *author(by)]),
    )
    reviewer.show(review, reviewers, [about], at=at)
    _plan(review, hours, at)
    return review


def annotate(
    review: Review, *, why: str, severity: str, by: Actor, at: datetime, cause: Event | None
) -> Review:
    """Note a further trigger. A critical one makes the answer due sooner."""
    values: dict[str, Any] = {"triggers": review.triggers + 1}
    hours = availability.hours()
    if severity == Severity.CRITICAL and review.severity != Severity.CRITICAL:
        values |= {"severity": severity, "due_at": min(review.due_at, _due(severity, at, hours))}
    becomes_critical = "due_at" in values
    history.change(
        review,
        values,
        by=by,
        at=at,
        payload=(events.ReviewPressed if becomes_critical else events.ReviewAnnotated)(
            why=why.strip(), waiting=_waiting(review, at)
        ),
        cause=cause,
    )
    if becomes_critical:
        history.drop_dues(review.subject_id, REMINDER, UNANSWERED)  # also if the due time stays the same
        _plan(review, hours, at)
    return review


def _due(severity: str, at: datetime, hours: Hours) -> datetime:
    """Return when answers to a review that is opened `at` are due."""
    return rules.days_after(at, _DAYS[Severity(severity)], hours)


def _plan(review: Review, hours: Hours, at: datetime) -> None:
    """Put the Dues of a review for its due time, which is in their occurrence: an outdated Due does nothing.

    The occurrence also has the version, because a reopened review can be due at the same moment as before.
    """
    occurrence = f"{review.due_at.isoformat()} v{review.version}"
    moments = _moments(review, hours, at)
    history.put_dues((kind, review.subject_id, occurrence, moment) for kind, moment in moments.items())


def _moments(review: Review, hours: Hours, at: datetime) -> dict[str, datetime]:
    """Return when reviewers asked `at` are reminded, and when missing answers are noted, by Due kind."""
    reminder = working.after(at, _REMINDED_AFTER[Severity(review.severity)], hours)
    return {REMINDER: min(reminder, review.due_at), UNANSWERED: review.due_at}


# ------------------------------------------------------------------ closing


@transaction.atomic
def settle(
    review: Review,
    *,
    outcome: str,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Review:
    """Close a review with its outcome and the reason. Raises Refused, IllegalMove, ChangedMeanwhile."""
    if outcome not in Outcome.values:
        raise Refused(f"Use one of {', '.join(Outcome.values)}.", field="outcome")
    if not reason.strip():
        raise Refused("Enter the reason for the outcome.", field="reason")
    review = reviewer.lock_any(review, seen)
    history.move(
        review,
        ReviewState.SETTLED,
        by=by,
        at=at,
        values={"outcome": outcome, "outcome_reason": reason.strip(), "settled_at": at},
        payload=events.ReviewSettled(outcome=outcome, label=Outcome(outcome).label, reason=reason.strip()),
        cause=cause,
    )
    history.drop_dues(review.subject_id, REMINDER, UNANSWERED)
    return review


@transaction.atomic
def withdraw(
    review: Review,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    seen: int | None = None,
    cause: Event | None = None,
) -> Review:
    """Withdraw a review that was opened by mistake or is part of another one. Raises Refused."""
    if not reason.strip():
        raise Refused("Enter the reason for withdrawing.", field="reason")
    review = reviewer.lock_any(review, seen)
    history.move(
        review,
        ReviewState.WITHDRAWN,
        by=by,
        at=at,
        values={"outcome_reason": reason.strip(), "settled_at": at},
        payload=events.ReviewWithdrawn(reason=reason.strip()),
        cause=cause,
    )
    history.drop_dues(review.subject_id, REMINDER, UNANSWERED)
    return review


@transaction.atomic
def reopen(review: Review, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Reopen a closed review. Raises Refused while another review of the subject is open."""
    if not reason.strip():
        raise Refused("Enter the reason for reopening.", field="reason")
    review = reviewer.lock_any(review, seen)
    hours = availability.hours()
    values = {"settled_at": None, "outcome": "", "due_at": _due(review.severity, at, hours)}
    try:
        with transaction.atomic():
            reopened = events.ReviewReopened(reason=reason.strip())
            history.move(review, ReviewState.OPEN, by=by, at=at, values=values, payload=reopened)
    except IntegrityError:
        raise Refused(
            "Another review of this item is already open. Continue there.", field="reason"
        ) from None
    _plan(review, hours, at)
    return review


# ------------------------------------------------------------------ due times


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind REMINDER: remind the reviewers who have not answered, unless it is overdue."""
    review = _of_due(due)
    waiting = _waiting(review, at) if review else []
    if review and waiting and at < review.due_at:
        history.record(
            review,
            events.ReviewReminded(told=waiting, due_at=review.due_at.isoformat()),
            by=SYSTEM,
            at=at,
        )


@transaction.atomic
def note_unanswered(due: Due, *, at: datetime) -> None:
    """Handle a Due of kind UNANSWERED: record which answers are missing, then escalate the review.

    Writes two events in one transaction.
    """
    review = _of_due(due)
    if not review:
        return
    waiting = _waiting(review, at)
    if not waiting and review.reviewers.filter(answered_at__isnull=False).exists():
        return  # everyone available has answered, and the meeting settles the review
    event = history.record(review, events.ReviewUnanswered(waiting=waiting), by=SYSTEM, at=at)
    escalation.start(
        about=review.subject,
        title=f"Unanswered: {review.title}",
        why=f"{review.reference} is overdue: {len(waiting) or 'no'} "
        + ("of its reviewers did not answer." if waiting else "reviewers were available."),
        severity=review.severity,
        team=review.model.owner_team if review.model else None,
        by=SYSTEM,
        at=at,
        cause=event,
    )


def _of_due(due: Due) -> Review | None:
    """Lock and return the open review of a Due, None if its due time changed since."""
    review = reviewer.lock(subject_id=due.subject_id, state=ReviewState.OPEN)
    return review if review and review.due_at.isoformat() == due.occurrence.split()[0] else None


def _waiting(review: Review, at: datetime) -> list[int]:
    """Return the user ids of the reviewers who have not answered and still can."""
    return [row.user_id for row in review_queries.awaited(review, at=at)]


@handler("risklog.review.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """Compute future due times again when the time zone or the working time of the organisation changes."""
    if not changed_fields(event) & WORKING_TIME_FIELDS:
        return
    hours, verb = availability.hours(), "risklog.review_replanned"
    open_reviews = Review.objects.filter(state=ReviewState.OPEN, due_at__gt=at).order_by("pk")
    for pk in open_reviews.values_list("pk", flat=True):
        review = reviewer.lock(pk=pk, state=ReviewState.OPEN)
        if review is None:
            continue
        values = {"due_at": max(_due(review.severity, _asked_at(review), hours), at)}
        if history.change(review, values, by=SYSTEM, at=at, verb=verb, cause=event):
            _plan_again(review, hours)


def _plan_again(review: Review, hours: Hours) -> None:
    """Move the Dues that are not handled yet to the present due time."""
    occurrence = f"{review.due_at.isoformat()} v{review.version}"
    moments = _moments(review, hours, _asked_at(review))
    history.replan_dues([review.subject_id], *moments, to=lambda due: (occurrence, moments[due.kind]))


def _asked_at(review: Review) -> datetime:
    """Return when the time to answer started: when the review was opened, reopened or became critical."""
    verbs = ("risklog.review_opened", "risklog.review_reopened", "risklog.review_pressed")
    event = Event.objects.filter(subject=review.subject_id, verb__in=verbs).order_by("-id").first()
    return event.at if event else review.opened_at
