"""What reviews and escalations do when a person can no longer act: left, viewer, no access, or away.

Who is away is stood in for; what only this person held goes on without them. The handler reads present rows,
so it may run for any event that could matter, late or twice.
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
from risklog.operations import climb, escalation, reviewer
from risklog.queries import presence
from risklog.states import UNRESOLVED, EscalationState, ReviewState


@handler("risklog.availability.go_on_without")
@transaction.atomic
def on_person_unavailable(event: Event, *, at: datetime) -> None:
    """Somebody may no longer be able to act: their reviews and escalations go on without them."""
    data = present_data(event)
    about = data.get("to") or data.get("person") or event.subject_id
    person = User.objects.select_related("subject").filter(subject_id=about).first()
    if person is None:
        return
    waiting = Q(reviewers__user=person, reviewers__answered_at__isnull=True) | Q(claimed_by=person)
    for review_id in Review.objects.filter(waiting, state=ReviewState.OPEN).values_list("pk", flat=True):
        _review_without(review_id, person, event, at=at)
    called = Climb.objects.filter(told__contains=[person.pk]).values("escalation_id")
    held = Q(acknowledged_by=person) | Q(pk__in=called)
    for row in Escalation.objects.filter(held, state__in=UNRESOLVED).order_by("pk"):
        _escalation_without(row, person, event, at=at)


def _review_without(review_id: int, person: User, event: Event, *, at: datetime) -> None:
    review = reviewer.lock(pk=review_id, state=ReviewState.OPEN)
    if review is None:
        return
    if review.claimed_by_id == person.pk and not (person.is_active and person.role != Role.VIEWER):
        released = {"claimed_by": None}
        history.change(review, released, by=SYSTEM, at=at, verb="risklog.review_given_back", cause=event)
    reviewer.ask_stand_ins(review, at=at, cause=event)
    escalation.resolve_if_answered(review.subject_id, at=at, cause=event)


def _escalation_without(row: Escalation, person: User, event: Event, *, at: datetime) -> None:
    found = climb.lock(pk=row.pk)
    if found is None or _can_act(person, found, at):
        return
    if found.state == EscalationState.ACKNOWLEDGED and found.acknowledged_by_id == person.pk:
        other = people.stand_in_of(person, presence.day_of(at)) if person.is_active else None
        if other and other != person:
            note = f"Stand-in for {person.name}, who is away"
            escalation.hand_over(found, other, by=SYSTEM, at=at, note=note)
        else:
            climb.lapse_now(found, at=at, cause=event)
    elif found.state == EscalationState.CLIMBING and found.rung and person.pk in climb.told_on(found):
        told = User.objects.filter(pk__in=climb.told_on(found)).select_related("subject")
        if not any(_can_act(one, found, at) for one in told):
            climb.call_again(found, at=at, cause=event)


def _can_act(person: User, row: Escalation, at: datetime) -> bool:
    """Whether a person is here and may see the escalation. A viewer who was called may act, too."""
    return (
        person.is_active
        and row.subject.is_visible_to(person)
        and not people.is_away(person, presence.day_of(at))
    )
