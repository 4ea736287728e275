"""Mark learnings as read: personal marks, without events and mails."""

from datetime import datetime

from django.db import transaction

from kit.actor import Actor
from learnings.models import FeedRead, Learning, LearningRead


@transaction.atomic
def read(learning: Learning, *, by: Actor, at: datetime) -> Learning:
    """Mark a learning as read by the person. A second time changes nothing."""
    LearningRead.objects.update_or_create(user=by.person, learning=learning, defaults={"read_at": at})
    return learning


@transaction.atomic
def read_all(*, by: Actor, at: datetime) -> None:
    """Mark everything as read that was published until now."""
    FeedRead.objects.update_or_create(user=by.person, defaults={"until": at})
    LearningRead.objects.filter(user=by.person, read_at__lte=at).delete()
