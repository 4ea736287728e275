"""The forms of this room, by noun."""

from meetings.forms.agenda_template import AgendaTemplateForm
from meetings.forms.check_in import (
    AttachForm,
    CheckInForm,
    NewCheckInForm,
)
from meetings.forms.decision import (
    DecisionForm,
    EffectForm,
    FollowUpActionForm,
    OutcomeForm,
    TripwireForm,
    TripwireReasonForm,
)
from meetings.forms.live import (
    AttendanceForm,
    ClosingForm,
    CompletionForm,
    ControlForm,
    ItemOutcomeForm,
    NoteForm,
    RecordForm,
)
from meetings.forms.meeting import (
    CancellationForm,
    ContestForm,
    ItemForm,
    MoveForm,
    ObjectiveForm,
    PublicationForm,
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
    "AgendaTemplateForm",
    "AttachForm",
    "AttendanceForm",
    "CalendarFeedForm",
    "CancellationForm",
    "CheckInForm",
    "ClosingForm",
    "CompletionForm",
    "ContestForm",
    "ControlForm",
    "DecisionForm",
    "EffectForm",
    "ExtraMeetingForm",
    "FocusForm",
    "FollowUpActionForm",
    "ItemForm",
    "ItemOutcomeForm",
    "MoveForm",
    "NewCheckInForm",
    "NoteForm",
    "ObjectiveForm",
    "OutcomeForm",
    "PublicationForm",
    "RecordForm",
    "SeriesForm",
    "StartForm",
    "SwapAnswerForm",
    "SwapForm",
    "TripwireForm",
    "TripwireReasonForm",
]
