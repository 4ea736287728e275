"""What happens to reviews, scores and escalations when a person left, is a viewer, lost access, or is away.

A stand-in takes the place of a person who is away. Reviews ask another person in place of one who can no
longer answer. Escalations continue without the person.
The handler reads current rows, so it may run late or twice, and for any event that may change availability.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from history import operations as history
from history.models import Event
from history.queries import present_data
from history.wiring import handler
from kit.actor import SYSTEM
from people import queries as people
from people.models import User
from people.states import Role
from risklog.models import Climb, Escalation, Review
from risklog.operations import climb, escalation, escalation_handlers, replacement, reviewer, scoring
from risklog.queries import availability
from risklog.states import UNRESOLVED, EscalationState, ReviewState


@handler("risklog.availability.go_on_without")
@transaction.atomic
def on_person_unavailable(event: Event, *, at: datetime) -> None:
    """Continue the reviews and escalations of a person who may no longer be able to act."""
    data = present_data(event)
    subject_id = data.get("to") or data.get("person") or event.subject_id
    person = User.objects.select_related("subject").filter(subject_id=subject_id).first()
    if person is None:
        return
    # The order of locks: each review with the escalation about it, then rounds of scoring, then escalations,
    # each in the order of ids. So two of these handlers at the same time do not wait for each other.
    waiting = Q(reviewers__user=person, reviewers__answered_at__isnull=True) | Q(claimed_by=person)
    reviews = Review.objects.filter(waiting, state=ReviewState.OPEN).order_by("pk").distinct()
    for review_id in reviews.values_list("pk", flat=True):
        _review_without(review_id, person, event, at=at)
    scoring.go_on_without(person, event, at=at)
    notified = Climb.objects.filter(notified_ids__contains=[person.pk]).values("escalation_id")
    assigned = Q(acknowledged_by=person) | Q(pk__in=notified)
    escalations = Escalation.objects.filter(assigned, state__in=UNRESOLVED).order_by("pk")
    for escalation_id in escalations.values_list("pk", flat=True):
        _escalation_without(escalation_id, person, event, at=at)


def _review_without(review_id: int, person: User, event: Event, *, at: datetime) -> None:
    """Release the lead of a person who cannot lead any more, and ask stand-ins."""
    review = reviewer.lock(pk=review_id, state=ReviewState.OPEN)
    if review is None:
        return
    if review.claimed_by_id == person.pk and not (person.is_active and person.role != Role.VIEWER):
        released = {"claimed_by": None}
        history.change(review, released, by=SYSTEM, at=at, verb="risklog.review_given_back", cause=event)
    reviewer.ask_stand_ins(review, at=at, cause=event)
    replacement.replace_unavailable(review, at=at, cause=event)
    escalation_handlers.resolve_if_answered(review.subject_id, at=at, cause=event)


def _escalation_without(escalation_id: int, person: User, event: Event, *, at: datetime) -> None:
    """Hand the escalation over to the stand-in, or notify others if nobody who was notified can act."""
    row = climb.lock(pk=escalation_id)
    if row is None or _can_act(person, row, at):
        return
    if row.state == EscalationState.ACKNOWLEDGED and row.acknowledged_by_id == person.pk:
        stand_in = people.stand_in_of(person, availability.day_of(at)) if person.is_active else None
        if stand_in and stand_in != person and stand_in.role != Role.VIEWER:
            note = f"Stand-in for {person.name}, who is away"
            escalation.hand_over(row, stand_in, by=SYSTEM, at=at, note=note)
        else:
            climb.lapse_now(row, at=at, cause=event)
    elif row.state == EscalationState.CLIMBING and row.rung and person.pk in climb.told_on(row)["told"]:
        notified = User.objects.filter(pk__in=climb.told_on(row)["told"]).select_related("subject")
        if not any(_can_act(user, row, at) for user in notified):
            climb.notify_rung_again(row, at=at, cause=event)


def _can_act(person: User, row: Escalation, at: datetime) -> bool:
    """Return True if a person is available and may see and change the escalation."""
    return (
        person.is_active
        and person.role != Role.VIEWER
        and row.subject.is_visible_to(person)
        and not people.is_away(person, availability.day_of(at))
    )
