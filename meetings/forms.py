"""The forms of series, focuses, meetings, agenda items and decisions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from history.models import Subject
from kit import zones
from lists.collation import BY_NAME
from meetings import cadence
from meetings.models import AgendaItem, Focus, Meeting, MeetingSeries
from meetings.states import Purpose
from pages.forms import Day, PageForm
from people.models import Function, Team, User
from risklog.models import Review
from risklog.states import Outcome
from signals.states import SignalKind

_COMMON_RULES = ("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR")
_CUSTOM_RULE = ("", "Custom rule")
SERIES_FIELDS = (
    "name",
    "purpose",
    "rrule",
    "first_on",
    "starts_at",
    "length_minutes",
    "time_zone",
    "place",
    "sponsor",
)
_RELATIONS = ("teams", "participants", "functions")


class SeriesForm(PageForm):
    """A series: schedule, participants and rotation."""

    name = forms.CharField(max_length=120)
    purpose = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    repeats = forms.ChoiceField(
        required=False,
        initial=_COMMON_RULES[0],
        help_text="On the weekday or day of the month of the first meeting.",
    )
    rrule = forms.CharField(
        label="Custom rule",
        required=False,
        max_length=200,
        help_text="An RFC 5545 rule, such as FREQ=MONTHLY;BYDAY=1WE for every first Wednesday.",
    )
    first_on = forms.DateField(label="First meeting", widget=Day())
    starts_at = forms.TimeField(
        label="Starts at", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    length_minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=480, initial=45)
    time_zone = forms.ChoiceField(
        help_text="The start time stays the same in this zone, including daylight saving time."
    )
    place = forms.CharField(required=False, max_length=300, help_text="A room or a call link.")
    teams = forms.ModelMultipleChoiceField(
        Team.objects.order_by(*BY_NAME), required=False, widget=forms.CheckboxSelectMultiple
    )
    participants = forms.ModelMultipleChoiceField(
        User.objects.none(),
        required=False,
        label="Additional people",
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )
    functions = forms.CharField(
        required=False,
        max_length=500,
        label="Rotation order",
        help_text="Functions in order, separated by commas. Others follow alphabetically.",
    )
    sponsor = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = User.objects.active().order_by(*BY_NAME)
        fields: dict[str, Any] = self.fields
        fields["participants"].queryset = able
        fields["sponsor"].queryset = able
        fields["time_zone"].choices = [(name, name) for name in zones.names()]
        rules = dict.fromkeys((*_COMMON_RULES, self.initial.get("repeats") or _COMMON_RULES[0]))
        fields["repeats"].choices = [*((rule, cadence.describe(rule)) for rule in rules), _CUSTOM_RULE]

    @classmethod
    def of(cls, series: MeetingSeries, data: Any = None) -> "SeriesForm":
        """Return the form of an existing series."""
        initial = {
            **{name: getattr(series, name) for name in SERIES_FIELDS},
            "repeats": series.rrule,
            "rrule": "",
            "teams": series.teams.all(),
            "participants": series.participants.all(),
            "functions": ", ".join(function.name for function in series.functions),
        }
        return cls(data, initial=initial)

    def clean_functions(self) -> list[Function]:
        known = {function.name.lower(): function for function in Function.objects.order_by(*BY_NAME)}
        names = [part.strip() for part in self.cleaned_data["functions"].split(",") if part.strip()]
        if unknown := [name for name in names if name.lower() not in known]:
            existing = ", ".join(function.name for function in known.values())
            raise forms.ValidationError(f"The function “{unknown[0]}” does not exist. Use {existing}.")
        return list(dict.fromkeys(known[name.lower()] for name in names))

    def clean(self) -> dict[str, Any]:
        """Set `rrule` to the chosen or the custom rule. Both together are an error."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        chosen, written = values.get("repeats", ""), values.get("rrule", "")
        if chosen and written and chosen != written:
            self.add_error("rrule", "Choose “Custom rule” to use this rule, or leave it blank.")
        elif not chosen and not written and "rrule" in values:
            self.add_error("rrule", "Enter a rule, or choose how often it repeats.")
        values["rrule"] = chosen or written
        return values

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*SERIES_FIELDS, *_RELATIONS)}


class FocusForm(PageForm):
    """A theme of the cycle."""

    name = forms.CharField(max_length=120)
    kinds = forms.MultipleChoiceField(
        choices=SignalKind.choices, required=False, label="Signal kinds", widget=forms.CheckboxSelectMultiple
    )
    questions = forms.CharField(
        required=False,
        max_length=4000,
        label="Standing questions",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One per line.",
    )
    functions = forms.ModelMultipleChoiceField(
        Function.objects.order_by(*BY_NAME),
        required=False,
        label="Required functions",
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, focus: Focus, data: Any = None) -> "FocusForm":
        initial = {
            "name": focus.name,
            "kinds": focus.kinds,
            "questions": "\n".join(focus.questions),
            "functions": focus.functions.all(),
        }
        return cls(data, initial=initial)

    def clean_questions(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["questions"].splitlines() if line.strip()]
        if any(len(line) > 300 for line in lines):
            raise forms.ValidationError("Keep each question under 300 characters.")
        return lines

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "kinds", "questions", "functions")}


class ItemForm(PageForm):
    """An item of an agenda."""

    title = forms.CharField(max_length=300, required=False, label="Title")
    about = forms.CharField(
        required=False,
        max_length=24,
        label="About",
        help_text="A reference such as R-12. Leave blank for none.",
    )
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.DISCUSS, label="To")
    minutes = forms.IntegerField(min_value=1, max_value=240, initial=10)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @classmethod
    def of(cls, item: AgendaItem, *, user: User, data: Any = None) -> "ItemForm":
        """Return the form of an existing item. Its subject cannot be changed."""
        initial = {name: getattr(item, name) for name in ("title", "purpose", "minutes")}
        form = cls(data, initial=initial, user=user)
        del form.fields["about"]
        return form

    def clean_about(self) -> Subject | None:
        """Return the subject; None without a reference. An invisible subject gets the same error as none."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
        return subject

    def values(self) -> dict[str, Any]:
        """Return title, purpose, minutes and, for a new item, its subject."""
        return {name: self.cleaned_data[name] for name in self.fields}


class NoteForm(PageForm):
    """The notes of an item. was: the digest of the notes that the writer edits."""

    notes = forms.CharField(required=False, strip=False)
    was = forms.CharField(required=False, max_length=64)


class ItemOutcomeForm(PageForm):
    """The outcome of an item. The operation validates it."""

    outcome = forms.CharField(required=False)


class ObjectiveForm(PageForm):
    """What should be different after the meeting."""

    objective = forms.CharField(
        required=False,
        max_length=300,
        label="Objective",
        help_text="What should be different after this meeting?",
    )


class MoveForm(PageForm):
    """Another start of a meeting, in the reader's time zone."""

    starts_at = forms.DateTimeField(
        label="New start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone.",
    )

    @classmethod
    def of(cls, meeting: Meeting) -> "MoveForm":
        return cls(initial={"starts_at": meeting.starts_at})


class StartForm(PageForm):
    """Whether the meeting is started although this is not its planned time; whether the reader leads it."""

    is_confirmed = forms.BooleanField(required=False)
    lead = forms.BooleanField(required=False)


class CancellationForm(PageForm):
    """Why a meeting is cancelled."""

    reason = forms.CharField(required=False, max_length=300)


class ControlForm(PageForm):
    """Who controls the live meeting from now on."""

    to = forms.ModelChoiceField(User.objects.none(), label="Hand control to", empty_label="Choose a person")

    def __init__(self, *args: Any, people: QuerySet[User] | Sequence[User], **kwargs: Any) -> None:
        """people: who can be chosen; a sequence if it is loaded and only shown."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if isinstance(people, QuerySet):
            fields["to"].queryset = people
        else:
            fields["to"].choices = [("", "Choose a person"), *((one.pk, one.name) for one in people)]


class AttendanceForm(PageForm):
    """The people who are present. was: ids of those who were present in the list, separated by commas."""

    present = forms.ModelMultipleChoiceField(User.objects.none(), required=False, label="People")
    was = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["present"].queryset = people

    def clean_was(self) -> list[int]:
        """Return the ids; those of the chosen people and of strangers are harmless."""
        return [int(text) for text in self.cleaned_data["was"].split(",") if text.isdecimal()][:1000]


class FollowUpActionForm(PageForm):
    """One follow-up action. Owner and date are optional; its page shows what is missing."""

    title = forms.CharField(
        max_length=200, label="Action", widget=forms.TextInput(attrs={"placeholder": "What needs doing?"})
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(required=False, label="Due", widget=Day())

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "owner", "due_on")}


class DecisionForm(PageForm):
    """A decision with up to three actions, or the reason why none is needed."""

    ROWS = 3

    text = forms.CharField(
        label="What was decided?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "data-hotkey": "d"}),
    )
    reason = forms.CharField(label="Why?", max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    settles = forms.ChoiceField(required=False, label="Review outcome")
    no_action_reason = forms.CharField(required=False, max_length=2000, label="Reason for no action")

    def __init__(
        self,
        *args: Any,
        people: QuerySet[User],
        review: Review | None = None,
        draft: str = "",
        **kwargs: Any,
    ) -> None:
        """Create the form with ROWS forms of actions.

        review: the open review that the decision may settle. draft: the prefix under which the browser stores
        unsaved text while the page reloads, "" for none.
        """
        super().__init__(*args, **kwargs)
        if draft:
            for name in ("text", "reason", "no_action_reason"):
                self.fields[name].widget.attrs["data-draft"] = f"{draft}-{name}"
        if review is None:
            del self.fields["settles"]
        else:
            fields: dict[str, Any] = self.fields
            fields["settles"].choices = [("", "still open"), *Outcome.choices]
        self.rows = [
            FollowUpActionForm(
                self.data or None,
                people=people,
                prefix=f"action{number}",
                empty_permitted=True,
                use_required_attribute=False,
            )
            for number in range(1, self.ROWS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values.setdefault("settles", "")
        if any(row.has_changed() and not row.is_valid() for row in self.rows):
            raise forms.ValidationError("Enter what needs doing for each action.")
        return values

    def values(self) -> dict[str, Any]:
        """Return the fields of the decision, and its actions: a mapping for each row that was filled in."""
        actions = [row.values() for row in self.rows if row.has_changed()]
        return {**self.cleaned_data, "actions": actions}


class ClosingForm(PageForm):
    """What to improve next time, and whether the meeting was worth the time."""

    improvement = forms.CharField(required=False, max_length=300, label="One thing to improve")
    was_worth_it = forms.TypedChoiceField(
        required=False,
        label="Was it worth your time?",
        choices=[("", "No answer"), ("yes", "Yes"), ("no", "No")],
        coerce=lambda text: text == "yes",
        empty_value=None,
    )
