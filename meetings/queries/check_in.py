"""Read check-ins: the feed, and those since the last meeting of a series."""

from datetime import datetime

from django.db.models import Q, QuerySet

from history.models import RecordedQuerySet
from kit.sight import Visitor
from meetings.models import CheckIn, Meeting
from meetings.queries import series as series_queries
from meetings.states import SIGNAL_KIND_OF, CheckInKind


def check_ins(reader: Visitor) -> QuerySet[CheckIn]:
    """Return the check-ins that a reader may see, newest first, with the relations that pages need."""
    return (
        CheckIn.objects.visible_to(reader)
        .select_related("subject", "author", "model__subject", "risk__subject", "about")
        .order_by("-noted_at", "-id")
    )


def since_last_meeting(meeting: Meeting) -> RecordedQuerySet:
    """Return the check-ins since the last meeting of the series, about models of its teams, for its focus.

    A check-in without a model counts if its author takes part. Without a focus all kinds count. The caller
    filters by reader.
    """
    since = series_queries.began_before(meeting)
    kinds = [kind for kind in CheckInKind if _is_of_focus(kind, meeting)]
    participants = series_queries.participants(meeting.series).order_by().values("pk")
    is_of_teams = Q(model__owner_team__in=meeting.series.teams.all()) | Q(
        model__isnull=True, author__in=participants
    )
    rows: RecordedQuerySet = CheckIn.objects.filter(is_of_teams, kind__in=kinds, noted_at__lt=_end(meeting))
    if since:
        rows = rows.filter(noted_at__gte=since)
    return rows.select_related("subject", "author", "model__subject", "risk__subject").order_by(
        "-noted_at", "-id"
    )


def _is_of_focus(kind: CheckInKind, meeting: Meeting) -> bool:
    signal = SIGNAL_KIND_OF.get(kind)
    return signal is None or meeting.focus is None or signal in meeting.focus.kinds


def _end(meeting: Meeting) -> datetime:
    return meeting.closed_at or meeting.ends_at
