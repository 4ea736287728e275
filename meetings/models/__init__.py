"""The models of this room, by noun."""

from meetings.models.agenda_template import AgendaTemplate
from meetings.models.calendar_feed import CalendarFeed
from meetings.models.check_in import CheckIn
from meetings.models.contest import Contest
from meetings.models.decision import Decision, DecisionEffect, Tripwire
from meetings.models.meeting import AgendaItem, Attendance, Meeting
from meetings.models.minutes import MinutesCorrection
from meetings.models.raised_risk import RaisedRisk
from meetings.models.series import Focus, MeetingSeries
from meetings.models.swap import Swap

__all__ = [
    "AgendaItem",
    "AgendaTemplate",
    "Attendance",
    "CalendarFeed",
    "CheckIn",
    "Contest",
    "Decision",
    "DecisionEffect",
    "Focus",
    "Meeting",
    "MeetingSeries",
    "MinutesCorrection",
    "RaisedRisk",
    "Swap",
    "Tripwire",
]
