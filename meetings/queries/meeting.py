"""Read meetings."""

from datetime import datetime

from django.db.models import QuerySet

from kit.sight import Visitor
from meetings.filters import is_ahead
from meetings.models import Meeting
from people.models import User


def meetings(user: Visitor) -> QuerySet[Meeting]:
    """Return the meetings that this reader may see, soonest first, with the relations that pages need."""
    return (
        Meeting.objects.visible_to(user)
        .select_related(
            "subject",
            "series__subject",
            "focus",
            "facilitator",
            "stand_in",
            "scribe",
            "observer",
            "controller",
        )
        .order_by("starts_at", "id")
    )


def to_come(user: User, at: datetime) -> QuerySet[Meeting]:
    """Return live meetings and planned ones that have not ended, soonest first."""
    return meetings(user).filter(is_ahead(at))


def turns_of(user: User, at: datetime) -> QuerySet[Meeting]:
    """Return upcoming meetings that a person facilitates."""
    return to_come(user, at).filter(facilitator=user)
