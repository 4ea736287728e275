"""What people fill in about series, focuses, meetings and agenda items."""

import zoneinfo
from typing import Any

from django import forms

from history.models import Subject
from meetings import cadence
from meetings.models import AgendaItem, Focus, Meeting, MeetingSeries
from meetings.states import Purpose
from pages.forms import Day
from people.models import Function, Team, User
from risklog.models import Review
from risklog.states import Outcome
from signals.states import SignalKind

_USUAL = ("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR")
_BY_RULE = ("", "Custom rule")
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


class Seen(forms.Form):
    """The version the writer was looking at."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)


class SeriesForm(Seen):
    """A series: when, who, in which order functions facilitate."""

    name = forms.CharField(max_length=120)
    purpose = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    repeats = forms.ChoiceField(
        required=False,
        initial=_USUAL[0],
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
        Team.objects.order_by("name"), required=False, widget=forms.CheckboxSelectMultiple
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
        able = User.objects.active().order_by("name", "id")
        fields: dict[str, Any] = self.fields
        fields["participants"].queryset = able
        fields["sponsor"].queryset = able
        fields["time_zone"].choices = [(name, name) for name in sorted(zoneinfo.available_timezones())]
        rules = dict.fromkeys((*_USUAL, self.initial.get("repeats") or _USUAL[0]))
        fields["repeats"].choices = [*((rule, cadence.words(rule)) for rule in rules), _BY_RULE]

    @classmethod
    def of(cls, series: MeetingSeries, data: Any = None) -> "SeriesForm":
        """The form of a series there is already."""
        names = dict(Function.objects.values_list("pk", "name"))
        initial = {
            **{name: getattr(series, name) for name in SERIES_FIELDS},
            "repeats": series.rrule,
            "rrule": "",
            "version": series.version,
            "teams": series.teams.all(),
            "participants": series.participants.all(),
            "functions": ", ".join(names[pk] for pk in series.function_order if pk in names),
        }
        return cls(data, initial=initial)

    def clean_functions(self) -> list[Function]:
        known = {function.name.lower(): function for function in Function.objects.all()}
        said = [part.strip() for part in self.cleaned_data["functions"].split(",") if part.strip()]
        if unknown := [name for name in said if name.lower() not in known]:
            there = ", ".join(sorted(function.name for function in known.values()))
            raise forms.ValidationError(f"The function “{unknown[0]}” does not exist. Use {there}.")
        return list(dict.fromkeys(known[name.lower()] for name in said))

    def clean(self) -> dict[str, Any]:
        """The rule is the one chosen, or the one written; not two of them."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        chosen, written = said.get("repeats", ""), said.get("rrule", "")
        if chosen and written and chosen != written:
            self.add_error("rrule", "Choose “Custom rule” to use this rule, or leave it blank.")
        elif not chosen and not written and "rrule" in said:
            self.add_error("rrule", "Enter a rule, or choose how often it repeats.")
        said["rrule"] = chosen or written
        return said

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in SERIES_FIELDS}


class FocusForm(Seen):
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
        Function.objects.order_by("name"),
        required=False,
        label="Required functions",
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, focus: Focus, data: Any = None) -> "FocusForm":
        initial = {
            "version": focus.version,
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
        return {name: self.cleaned_data[name] for name in ("name", "kinds", "questions")}


class ItemForm(Seen):
    """Something to talk about."""

    title = forms.CharField(max_length=300, required=False, label="Title")
    about = forms.CharField(
        required=False,
        max_length=24,
        label="About",
        help_text="A reference such as R-12. Leave blank for none.",
    )
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.DISCUSS, label="To")
    minutes = forms.IntegerField(min_value=1, max_value=240, initial=10)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @classmethod
    def of(cls, item: AgendaItem, *, user: Any, data: Any = None) -> "ItemForm":
        """The form of an item there is already: what it is about stays."""
        initial = {name: getattr(item, name) for name in ("title", "purpose", "minutes", "version")}
        form = cls(data, initial=initial, user=user)
        del form.fields["about"]
        return form

    def clean_about(self) -> Subject | None:
        """The subject; one the writer may not see is answered like none."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        found = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if found is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
        return found

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "purpose", "minutes")}


class ObjectiveForm(Seen):
    objective = forms.CharField(
        required=False,
        max_length=300,
        label="Objective",
        help_text="What should be different after this meeting?",
    )


class MoveForm(Seen):
    starts_at = forms.DateTimeField(
        label="New start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone.",
    )

    @classmethod
    def of(cls, meeting: Meeting) -> "MoveForm":
        return cls(initial={"starts_at": meeting.starts_at, "version": meeting.version})


class ReasonForm(Seen):
    reason = forms.CharField(required=False, max_length=300)


class ActionForm(forms.Form):
    """One thing one person does by one date. Owner and date may come later; its page says what is missing."""

    title = forms.CharField(
        max_length=200, label="Action", widget=forms.TextInput(attrs={"placeholder": "What needs doing?"})
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(required=False, label="Due", widget=Day())

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "owner", "due_on")}


class DecisionForm(forms.Form):
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
        self, *args: Any, people: Any, review: Review | None = None, draft: str = "", **kwargs: Any
    ) -> None:
        """draft: under which name the browser keeps what is being typed, when the page is loaded anew."""
        super().__init__(*args, **kwargs)
        if draft:
            for name in ("text", "reason", "no_action_reason"):
                self.fields[name].widget.attrs["data-draft"] = f"{draft}-{name}"
        if review is None:
            del self.fields["settles"]
        else:
            self.fields["settles"].choices = [("", "still open"), *Outcome.choices]  # type: ignore[attr-defined]
        self.rows = [
            ActionForm(
                self.data or None,
                people=people,
                prefix=f"action{number}",
                empty_permitted=True,
                use_required_attribute=False,
            )
            for number in range(1, self.ROWS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        said.setdefault("settles", "")
        wrong = [row for row in self.rows if row.has_changed() and not row.is_valid()]
        if wrong:
            raise forms.ValidationError("Enter what needs doing for each action.")
        return said

    def actions(self) -> list[dict[str, Any]]:
        return [row.values() for row in self.rows if row.has_changed()]


class ClosingForm(forms.Form):
    """What to do better next time, and whether it was worth the time. It is no edit: it needs no version."""

    improvement = forms.CharField(required=False, max_length=300, label="One thing to improve")
    was_worth_it = forms.TypedChoiceField(
        required=False,
        label="Was it worth your time?",
        choices=[("", "No answer"), ("yes", "Yes"), ("no", "No")],
        coerce=lambda text: text == "yes",
        empty_value=None,
    )
