"""Reading decisions: the log, those of a meeting, those about a subject."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from history.models import Subject
from history.queries import show
from meetings.models import Decision, Meeting


def decisions(user: Any) -> QuerySet[Decision]:
    """Everything decided that this reader may see, latest first."""
    return (
        Decision.objects.visible_to(user)
        .select_related(
            "subject", "about", "meeting__subject", "meeting__series", "recorded_by", "replaced_by__subject"
        )
        .order_by("-decided_at", "-id")
    )


def of_meeting(meeting: Meeting, user: Any) -> QuerySet[Decision]:
    return decisions(user).filter(meeting=meeting)


def about(subject: Subject, user: Any) -> QuerySet[Decision]:
    return decisions(user).filter(about=subject)


def sighted(user: Any, rows: Sequence[Decision]) -> Sequence[Decision]:
    """Set `shown_about`: None where the reader may not see what a decision is about."""
    return show(user, rows)


def saying(rows: QuerySet[Decision], words: str) -> QuerySet[Decision]:
    """Those whose text or reason has all these words, in any order."""
    for word in words.split()[:10]:
        rows = rows.filter(
            Q(text__icontains=word) | Q(reason__icontains=word) | Q(subject__reference__iexact=word)
        )
    return rows


def come_of(subject_id: Any) -> Any:
    """The subjects of the decisions about a subject: a part of its story."""
    return Decision.objects.order_by().filter(about_id=subject_id).values_list("subject_id")
