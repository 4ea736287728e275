"""The forms of this room, by noun."""

from meetings.forms.check_in import (
    CheckInForm,
    NewCheckInForm,
)
from meetings.forms.meeting import (
    AttendanceForm,
    CancellationForm,
    ClosingForm,
    ControlForm,
    DecisionForm,
    FollowUpActionForm,
    ItemForm,
    ItemOutcomeForm,
    MoveForm,
    NoteForm,
    ObjectiveForm,
    StartForm,
)
from meetings.forms.series import (
    CalendarFeedForm,
    ExtraMeetingForm,
    FocusForm,
    SeriesForm,
    SwapAnswerForm,
    SwapForm,
)

__all__ = [
    "AttendanceForm",
    "CalendarFeedForm",
    "CancellationForm",
    "CheckInForm",
    "ClosingForm",
    "ControlForm",
    "DecisionForm",
    "ExtraMeetingForm",
    "FocusForm",
    "FollowUpActionForm",
    "ItemForm",
    "ItemOutcomeForm",
    "MoveForm",
    "NewCheckInForm",
    "NoteForm",
    "ObjectiveForm",
    "SeriesForm",
    "StartForm",
    "SwapAnswerForm",
    "SwapForm",
]
