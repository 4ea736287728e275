"""Read the recognitions that a meeting begins with: of its people and teams, since the last meeting."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from learnings.models import Recognition, ThankedPerson
from learnings.queries import recognition as recognitions
from meetings.models import Meeting
from meetings.queries import series as series_queries
from people.models import User


def since_last_meeting(meeting: Meeting, reader: User, *, at: datetime) -> Sequence[Recognition]:
    """Return the latest recognitions that the reader may see. Before a first meeting, all count."""
    participants = series_queries.participants(meeting.series).order_by().values("pk")
    of_people = ThankedPerson.objects.filter(person__in=participants).values("recognition")
    condition = Q(team__in=meeting.series.teams.all()) | Q(pk__in=of_people)
    return recognitions.since(reader, condition, since=series_queries.began_before(meeting), until=at)
