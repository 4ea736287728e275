"""Vote for the learning of the week, and choose it."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from history import operations as history
from kit.actor import Actor
from kit.refusals import Refused
from learnings.models import Learning, LearningOfWeek, LearningVote
from learnings.queries.week import monday_of, week_of
from learnings.states import LearningState


@transaction.atomic
def vote(learning: Learning, *, by: Actor, at: datetime) -> LearningVote:
    """Give the person's vote of this week to a published learning. An earlier vote of the week moves to it.

    Raises Refused for a draft and for a learning that the person wrote.
    """
    _check_published(learning)
    if learning.author_id == by.person.pk:
        raise Refused("This learning is yours. Vote for one of somebody else.", field="learning")
    found, _ = LearningVote.objects.update_or_create(
        user=by.person, week=week_of(at), defaults={"learning": learning, "voted_at": at}
    )
    return found


@transaction.atomic
def withdraw_vote(learning: Learning, *, by: Actor, at: datetime) -> Learning:
    """Take back the person's vote of this week. Without one it changes nothing."""
    LearningVote.objects.filter(learning=learning, user=by.person, week=week_of(at)).delete()
    return learning


@transaction.atomic
def choose(learning: Learning, *, by: Actor, at: datetime, week: date | None = None) -> LearningOfWeek:
    """Choose the learning of a week, by default of this week. It replaces an earlier choice.

    week: any day of it, this week or the next one. Raises Refused(field="week") for another one and for a
    choice of somebody else at the same moment, Refused(field="state") for a draft.
    """
    _check_published(learning)
    present = week_of(at)
    monday = monday_of(week) if week else present
    if not 0 <= (monday - present).days <= 7:
        raise Refused("Choose for this week or the next one.", field="week")
    earlier = LearningOfWeek.objects.select_for_update().filter(week=monday, replaced_at__isnull=True).first()
    if earlier and earlier.learning_id == learning.pk:
        return earlier
    if earlier:
        history.change(earlier, {"replaced_at": at}, by=by, at=at, verb="learnings.choice_replaced")
    chosen = LearningOfWeek(learning=learning, week=monday, chosen_by=by.person, chosen_at=at)
    try:
        with transaction.atomic():
            history.record(learning, "learnings.learning_chosen", by=by, at=at, rows=[chosen])
    except IntegrityError:  # two at the same moment: the constraint decides
        raise Refused(
            "Somebody has just chosen one for this week. Reload the page first.", field="week"
        ) from None
    return chosen


def _check_published(learning: Learning) -> None:
    if learning.state != LearningState.PUBLISHED:
        raise Refused("Only a published learning can be the learning of the week.", field="state")
