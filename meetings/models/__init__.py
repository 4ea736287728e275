"""The models of this room, by noun."""

from meetings.models.decision import Decision
from meetings.models.meeting import AgendaItem, Attendance, Meeting
from meetings.models.series import Focus, MeetingSeries

__all__ = ["AgendaItem", "Attendance", "Decision", "Focus", "Meeting", "MeetingSeries"]
