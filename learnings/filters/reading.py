"""The condition that a reader has not read a learning."""

from django.db.models import Exists, OuterRef, Q

from learnings.models import FeedRead, LearningRead
from learnings.states import LearningState
from lists.specification import Reader


def unread_by(user_id: int | None) -> Q:
    """Match learnings of others that this person has not read since they were published."""
    read = LearningRead.objects.filter(
        user=user_id, learning=OuterRef("pk"), read_at__gte=OuterRef("published_at")
    )
    all_read = FeedRead.objects.filter(user=user_id, until__gte=OuterRef("published_at"))
    is_published = Q(state=LearningState.PUBLISHED, published_at__isnull=False)
    is_of_others = Q(author__isnull=True) | ~Q(author=user_id)
    return is_published & is_of_others & ~Q(Exists(read)) & ~Q(Exists(all_read))


def unread(reader: Reader) -> Q:
    return unread_by(reader.user.pk)
