"""The kinds of this room."""

from kit.kinds import Kind, Page
from meetings.models import Decision, Meeting, MeetingSeries

KINDS = (
    Kind(
        Decision,
        "Decision",
        "Decisions",
        icon="gavel",
        page=Page("meetings:decision_detail"),
        permission="meetings.decision_see",
        search_rank=60,
    ),
    Kind(
        Meeting,
        "Meeting",
        "Meetings",
        icon="microphone",
        page=Page("meetings:meeting_detail"),
        permission="meetings.meeting_see",
        search_rank=70,
    ),
    Kind(
        MeetingSeries,
        "Meeting series",
        "Meeting series",
        icon="calendar-repeat",
        page=Page("meetings:series_detail", "object_id"),
        permission="meetings.meeting_see",
        search_rank=80,
    ),
)
