"""Queries of goals."""

from typing import Any

from history.models import RecordedQuerySet
from kit.sight import Visitor
from leaders.models import Goal


def goals(user: Visitor) -> RecordedQuerySet[Any]:
    """Return the goals that the reader may see, with what a row and the permission to change need."""
    rows = Goal.objects.visible_to(user)
    return rows.select_related("subject", "owner__subject", "team__subject", "team__lead")
