"""Say that a learning was used, and where; and withdraw that."""

from datetime import datetime

from django.db import transaction

from history import operations as history
from history.models import Subject
from kit.actor import Actor
from kit.refusals import Refused
from learnings.models import Learning, LearningUse
from learnings.states import LearningState


@transaction.atomic
def add(
    learning: Learning, *, by: Actor, at: datetime, about: Subject | None = None, note: str = ""
) -> LearningUse:
    """Record that the person who acts used a published learning.

    about: where. Raises Refused(field="about") if the person said so before, field="state" for a draft.
    """
    # The lock makes a second press at the same time wait for the first.
    learning = Learning.objects.select_for_update(of=("self",)).select_related("subject").get(pk=learning.pk)
    if learning.state != LearningState.PUBLISHED:
        raise Refused("Only a published learning can be used. Publish it first.", field="state")
    if about is not None and about.pk == learning.subject_id:
        raise Refused("Name where you used it, not the learning itself.", field="about")
    earlier = LearningUse.objects.filter(learning=learning, user=by.person, about=about)
    if earlier.filter(withdrawn_at__isnull=True).exists():
        raise Refused("You have recorded this use already. Name another place, or leave it.", field="about")
    use = LearningUse(learning=learning, user=by.person, about=about, note=note.strip(), used_at=at)
    history.record(learning, "learnings.learning_used", by=by, at=at, rows=[use])
    return use


def withdraw(use: LearningUse, *, by: Actor, at: datetime, seen: int | None = None) -> LearningUse:
    """Withdraw a use, so that it counts no more. Raises Refused if it is withdrawn, ChangedMeanwhile."""
    if use.withdrawn_at is not None:
        raise Refused("This use is withdrawn already.", field="state")
    history.change(use, {"withdrawn_at": at}, by=by, at=at, seen=seen, verb="learnings.use_withdrawn")
    return use
