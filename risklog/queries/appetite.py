"""Reading appetites."""

from django.db.models import F, QuerySet

from people.models import User
from risklog.models import Appetite


def in_force(user: User) -> QuerySet[Appetite]:
    """Return the appetites in force, the most general first."""
    rows = Appetite.objects.visible_to(user).filter(is_retired=False).select_related("subject", "category")
    name = F("category__name__collated")
    return rows.order_by(name.asc(nulls_first=True), F("tier").asc(nulls_first=True), "id")
