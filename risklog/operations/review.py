"""Reviews: people of at least two functions are asked to look at a subject together, by a time.

One open review a subject: a second trigger is noted on it. What is missing (a function, an owner team …) is
said on the review and never stops it.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalogue.models import Model
from history import operations as history
from history.models import Due, Event, Subject
from history.operations import Scope, author
from history.queries import changed_fields
from history.wiring import handler
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from people import working
from people.working import Hours
from risklog import events
from risklog import ladder as rules
from risklog.models import Review
from risklog.operations import escalation, reviewer, sight
from risklog.queries import presence
from risklog.queries import review as review_queries
from risklog.queries import rung as rung_queries
from risklog.states import Outcome, ReviewState, Severity
from signals.models import Breach, BreachGroup
from signals.states import Level

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
    """Open a review about a subject, or note on the open one why it was called for again."""
    hours = presence.hours()
    for _ in range(_TRIES):
        standing = reviewer.lock(about=about, state=ReviewState.OPEN)
        if standing:
            standing = _annotate(standing, why=why, severity=severity, by=by, at=at, cause=cause)
            sight.show_to_author(standing.subject, by=by, at=at)
            return standing
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
    """Open a review by hand. Its title and its model follow from what it is about."""
    return open_for(
        about=about,
        title=f"Review of {about.reference}: {about.title}",
        kind=kind,
        model=rung_queries.model_of(about),
        severity=severity,
        why=why,
        by=by,
        at=at,
    )


def _open(review: Review, hours: Hours, *, by: Actor, at: datetime, cause: Event | None) -> Review:
    about = review.about
    reviewers, review.missing = reviewer.propose(review, hours, at=at)
    history.record(
        review,
        events.ReviewOpened(
            why=review.why,
            asked=[reviewer.user_id for reviewer in reviewers],
            severity=str(review.severity),
        ),
        by=by,
        at=at,
        rows=reviewers,
        cause=cause,
        placed=Scope(parent=about, grants=[*(reviewer.grant_of(one) for one in reviewers), *author(by)]),
    )
    reviewer.show(review, reviewers, [about], at=at)
    _plan(review, hours, at)
    return review


def _annotate(
    review: Review, *, why: str, severity: str, by: Actor, at: datetime, cause: Event | None
) -> Review:
    """Note a further trigger. A critical one makes the answer due sooner."""
    values: dict[str, Any] = {"triggers": review.triggers + 1}
    hours = presence.hours()
    if severity == Severity.CRITICAL and review.severity != Severity.CRITICAL:
        values |= {"severity": severity, "due_at": min(review.due_at, _due(severity, at, hours))}
    presses = "due_at" in values
    history.change(
        review,
        values,
        by=by,
        at=at,
        payload=(events.ReviewPressed if presses else events.ReviewAnnotated)(
            why=why.strip(), waiting=_waiting(review, at)
        ),
        cause=cause,
    )
    if presses:
        history.drop_dues(review.subject_id, REMINDER, UNANSWERED)  # also of a due time that stays
        _plan(review, hours, at)
    return review


def _due(severity: str, at: datetime, hours: Hours) -> datetime:
    return rules.days_after(at, _DAYS[Severity(severity)], hours)


def _plan(review: Review, hours: Hours, at: datetime) -> None:
    """Dates are named by what they are due for: one of an earlier due time finds itself out of date.

    The version stands beside it, for what is opened again may be due at the very moment it was due before.
    """
    occurrence = f"{review.due_at.isoformat()} v{review.version}"
    moments = _moments(review, hours, at)
    history.put_dues((kind, review.subject_id, occurrence, moment) for kind, moment in moments.items())


def _moments(review: Review, hours: Hours, at: datetime) -> dict[str, datetime]:
    """When those asked at `at` are reminded, and when their silence is noted: by the kind of the date."""
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
    """What it came to, and why."""
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
def withdraw(review: Review, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Call it off: it was opened by mistake, or is part of another."""
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
    )
    history.drop_dues(review.subject_id, REMINDER, UNANSWERED)
    return review


@transaction.atomic
def reopen(review: Review, *, reason: str, by: Actor, at: datetime, seen: int | None = None) -> Review:
    """Look again at what was settled too early; refused while another review of the subject is open."""
    if not reason.strip():
        raise Refused("Enter the reason for reopening.", field="reason")
    review = reviewer.lock_any(review, seen)
    hours = presence.hours()
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


# ------------------------------------------------------------------ dates


@transaction.atomic
def remind(due: Due, *, at: datetime) -> None:
    """Tell those who have not answered that it is due soon; too late for that, its being late is told."""
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
    """It is due and not everybody answered: noted, then up the ladder. Two events, one transaction."""
    review = _of_due(due)
    if not review:
        return
    waiting = _waiting(review, at)
    if not waiting and review.reviewers.filter(answered_at__isnull=False).exists():
        return  # all who are there have spoken: settling it is on the agenda
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
    review = reviewer.lock(subject_id=due.subject_id, state=ReviewState.OPEN)
    return review if review and review.due_at.isoformat() == due.occurrence.split()[0] else None


def _waiting(review: Review, at: datetime) -> list[int]:
    """The ids of those who have not answered and still can."""
    return [one.user_id for one in review_queries.awaited(review, at=at)]


@handler("risklog.review.replan")
@transaction.atomic
def on_time_changed(event: Event, *, at: datetime) -> None:
    """The organisation's zone, days or hours changed: answers to come are due by the new ones."""
    if not changed_fields(event) & {"time_zone", "working_days", "day_starts_at", "day_ends_at"}:
        return
    hours, verb = presence.hours(), "risklog.review_replanned"
    open_ = Review.objects.filter(state=ReviewState.OPEN, due_at__gt=at).order_by("pk")
    for pk in open_.values_list("pk", flat=True):
        review = reviewer.lock(pk=pk, state=ReviewState.OPEN)
        if review is None:
            continue
        values = {"due_at": max(_due(review.severity, _asked_at(review), hours), at)}
        if history.change(review, values, by=SYSTEM, at=at, verb=verb, cause=event):
            _plan_again(review, hours)


def _plan_again(review: Review, hours: Hours) -> None:
    """Move the dates that have not acted yet to the present due time."""
    occurrence = f"{review.due_at.isoformat()} v{review.version}"
    moments = _moments(review, hours, _asked_at(review))
    history.replan_dues([review.subject_id], *moments, to=lambda due: (occurrence, moments[due.kind]))


def _asked_at(review: Review) -> datetime:
    """The moment from which the time to answer runs: opened, reopened or become critical."""
    verbs = ("risklog.review_opened", "risklog.review_reopened", "risklog.review_pressed")
    found = Event.objects.filter(subject=review.subject_id, verb__in=verbs).order_by("-id").first()
    return found.at if found else review.opened_at


# ------------------------------------------------------------------ what happens elsewhere


@handler("risklog.review.open_for_breach_group")
@history.in_one_transaction
def on_breach_group_opened(event: Event, *, at: datetime) -> None:
    """A breach opens its review; of one that is open already, it becomes a note.

    What was over before we heard of it, as history sent later is, calls nobody.
    """
    group = _group_of(event)
    if group and group.cleared_at and group.cleared_at <= event.at:
        return
    if group:
        open_for(
            about=group.subject,
            title=_title(group),
            kind=group.kind,
            model=group.model,
            severity=_severity(group),
            why=_words_of(group, again=event.verb.endswith("reopened")),
            by=SYSTEM,
            at=at,
            cause=event,
        )


@handler("risklog.review.open_for_reopened_breach_group")
def on_breach_group_reopened(event: Event, *, at: datetime) -> None:
    """It came back: noted on the open review, else looked at anew."""
    on_breach_group_opened(event, at=at)


@handler("risklog.review.note_joined_breach")
@transaction.atomic
def on_breach_joined(event: Event, *, at: datetime) -> None:
    """A sibling joined its group: noted on the open review, which grows more urgent if the group did."""
    _heard_again(event, "Another breach was added.", at=at)


@handler("risklog.review.make_critical")
@transaction.atomic
def on_breach_worsened(event: Event, *, at: datetime) -> None:
    """It became critical: so does its open review. What is no more urgent than before is not noted."""
    _heard_again(event, "Level raised to critical.", at=at, only_when_it_presses=True)


def _heard_again(event: Event, why: str, *, at: datetime, only_when_it_presses: bool = False) -> None:
    group = _group_of(event)
    review = reviewer.lock(about_id=event.subject_id, state=ReviewState.OPEN)
    if group is None:
        return
    if review is None:
        _look_again(group, event, at=at)
        return
    presses = group.level == Level.CRITICAL and review.severity != Severity.CRITICAL
    if presses or not only_when_it_presses:
        _annotate(review, why=why, severity=_severity(group), by=SYSTEM, at=at, cause=event)


def _look_again(group: BreachGroup, event: Event, *, at: datetime) -> None:
    """What was settled as a warning and became critical since is looked at anew."""
    last = Review.objects.filter(about=group.subject).order_by("-id").first()
    if (
        last is None
        or group.level != Level.CRITICAL
        or last.severity == Severity.CRITICAL
        or (last.settled_at and last.settled_at >= event.at)
    ):
        return
    on_breach_group_opened(event, at=at)


def _severity(group: BreachGroup) -> str:
    return Severity.CRITICAL if group.level == Level.CRITICAL else Severity.WARNING


@handler("risklog.review.note_cleared_breach_group")
@transaction.atomic
def on_breach_group_cleared(event: Event, *, at: datetime) -> None:
    """Cleared is no answer: the review stays open, and says so."""
    review = reviewer.lock(about_id=event.subject_id, state=ReviewState.OPEN)
    if review:
        history.record(
            review,
            events.ReviewAnnotated(
                why="The breach cleared on its own. The review stays open until it has an outcome."
            ),
            by=SYSTEM,
            at=at,
            cause=event,
        )


@handler("risklog.review.set_model")
@transaction.atomic
def on_breach_claimed(event: Event, *, at: datetime) -> None:
    """Its model is registered now: its open review says so."""
    group = _group_of(event)
    if group is None or group.model is None:
        return
    review = reviewer.lock(about_id=event.subject_id, state=ReviewState.OPEN)
    if review is None or review.model is not None:
        return
    of_people = [one for one in review.missing if one["code"] not in reviewer.OF_FACTS]
    missing = [*reviewer.missing_facts(review.about, group.model), *of_people]
    history.change(
        review,
        {"model": group.model, "missing": missing, "title": _title(group)},
        by=SYSTEM,
        at=at,
        payload=events.ReviewAnnotated(why=f"Model registered: {group.model.name}."),
        cause=event,
    )
    history.retitle(review)


def _group_of(event: Event) -> BreachGroup | None:
    rows = BreachGroup.objects.select_related("subject", "model__owner_team__lead")
    return rows.filter(subject_id=event.subject_id).first()


def _title(group: BreachGroup) -> str:
    """Return the title of a group's review: "Review of B-7: PSI too high on Churn"."""
    return f"Review of {group.reference}: {group.title}"[:300]


def _words_of(group: BreachGroup, *, again: bool) -> str:
    worst = Breach.objects.filter(group=group).order_by("-level", "id").first()
    said = worst.summary if worst and worst.summary else f"{group.title} crossed its threshold."
    return f"Reopened: {said}" if again else said
