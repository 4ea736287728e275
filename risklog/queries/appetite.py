"""Reading appetites."""

from django.db.models import F, QuerySet

from people.models import User
from risklog.models import Appetite, Category


def in_force(user: User) -> QuerySet[Appetite]:
    """Return the appetites in force, the most general first."""
    rows = Appetite.objects.visible_to(user).filter(is_retired=False).select_related("subject", "category")
    name = F("category__name__collated")
    return rows.order_by(name.asc(nulls_first=True), F("tier").asc(nulls_first=True), "id")


def ending(user: User, category: Category) -> list[tuple[Appetite, str]]:
    """Return the appetites that a merge may end: each with the categories that have their own."""
    used = in_force(user).filter(category__isnull=False)
    others: dict[int | None, list[str]] = {}
    own: list[Appetite] = []
    for one in used:
        if one.category_id == category.pk:
            own.append(one)
        elif one.category is not None and not one.category.is_retired:
            others.setdefault(one.tier, []).append(one.category.name)
    return [(one, ", ".join(others[one.tier])) for one in own if one.tier in others]
