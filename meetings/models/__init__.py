"""The rows of the meeting rhythm, by noun."""

from meetings.models.decision import Decision
from meetings.models.meeting import AgendaItem, Attendance, Meeting
from meetings.models.series import Focus, MeetingSeries

__all__ = ["AgendaItem", "Attendance", "Decision", "Focus", "Meeting", "MeetingSeries"]
