"""Queries of the uses of learnings."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from history.models import RecordedQuerySet
from history.queries import show
from learnings.models import Learning, LearningUse
from people.models import User

SHOWN = 10

# The number of uses of a learning, as a column of its row.
_NUMBERS = (
    LearningUse.objects.filter(learning=OuterRef("pk"), withdrawn_at__isnull=True)
    .order_by()
    .values("learning")
    .annotate(n=Count("pk"))
    .values("n")
)
COUNT = Coalesce(Subquery(_NUMBERS, output_field=IntegerField()), 0)
COUNTED = {"use_count": COUNT}


def uses(user: User) -> RecordedQuerySet[LearningUse]:
    """Return the uses that count, of learnings that the user may see."""
    rows = LearningUse.objects.filter(withdrawn_at__isnull=True).visible_to(user)
    return rows.select_related("learning__subject", "user", "about")


@dataclass(frozen=True, slots=True)
class NewestUses:
    """The newest uses of a learning, at most SHOWN, and the number of earlier ones."""

    rows: Sequence[LearningUse]
    more: int


def of_learning(user: User, learning: Learning) -> NewestUses:
    """Return the newest uses of a learning. Where it was used is set only if the user may see that."""
    rows = show(user, uses(user).filter(learning=learning).order_by("-id")[:SHOWN])
    return NewestUses(rows, max(0, learning.use_count - len(rows)))
