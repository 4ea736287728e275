"""The forms of series, focuses, the rotation and calendars."""

from collections.abc import Sequence
from typing import Any

from django import forms

from kit import zones
from lists.collation import BY_NAME
from meetings import cadence
from meetings.forms.agenda_template import items_in, lines_of, template_field
from meetings.models import Focus, MeetingSeries
from meetings.queries.swap import Trade
from pages.forms import Day, PageForm
from people.models import Function, Team, User
from signals.states import SignalKind

_COMMON_RULES = (
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=MONTHLY",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
    cadence.ONCE,
)
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
    "standing_items",
    "is_check_in",
    "has_observer",
)
_RELATIONS = ("teams", "participants", "functions", "observer_teams")
_NEW = ("template", "is_draft")  # asked only for a new series


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
    template = template_field()
    standing_items = forms.CharField(
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line, on each agenda: title | minutes | inform, discuss or decide.",
    )
    is_check_in = forms.BooleanField(
        required=False,
        label="Check-in: about what was noted since the last one, without a scribe and without minutes",
    )
    has_observer = forms.BooleanField(
        required=False,
        label="An observer from another team",
        help_text=(
            "Each meeting, except a check-in, gets one person who takes no part in the series. "
            "They take turns as facilitators do."
        ),
    )
    observer_teams = forms.ModelMultipleChoiceField(
        Team.objects.order_by(*BY_NAME),
        required=False,
        label="Teams of observers",
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose none to take observers from all other teams.",
    )
    is_draft = forms.BooleanField(
        required=False, label="Draft: plan the meetings, but tell nobody until it is published"
    )

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
            "observer_teams": series.observer_teams.all(),
            "functions": ", ".join(function.name for function in series.functions),
            "standing_items": lines_of(series.standing_items),
        }
        form = cls(data, initial=initial)
        for name in _NEW:
            del form.fields[name]
        return form

    def clean_standing_items(self) -> list[dict[str, Any]]:
        return items_in(self.cleaned_data["standing_items"])

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
        names = [*SERIES_FIELDS, *_RELATIONS, *(name for name in _NEW if name in self.fields)]
        return {name: self.cleaned_data[name] for name in names}


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


class ExtraMeetingForm(PageForm):
    """A meeting that is added to a series, in the reader's time zone."""

    starts_at = forms.DateTimeField(
        label="Start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone.",
    )
    length_minutes = forms.IntegerField(label="Minutes", required=False, min_value=5, max_value=480)
    objective = forms.CharField(required=False, max_length=300)
    template = template_field()


class SwapForm(PageForm):
    """Whom somebody asks to take their turn, and which turn they take in return. task: a TurnTask.

    trade: the id of a colleague, with the id of a meeting of theirs after a hyphen if it is taken in return.
    """

    task = forms.CharField(widget=forms.HiddenInput, required=False)
    trade = forms.ChoiceField(label="Swap with")
    note = forms.CharField(required=False, max_length=300)

    def __init__(self, *args: Any, trades: Sequence[Trade], task: str, **kwargs: Any) -> None:
        super().__init__(*args, initial={"task": task}, auto_id=f"id_{task}_%s", **kwargs)
        self.of_task = task
        self.trades = {trade.key: trade for trade in trades}
        fields: dict[str, Any] = self.fields
        fields["trade"].choices = [(trade.key, trade.label) for trade in trades]

    def values(self) -> dict[str, Any]:
        trade = self.trades[self.cleaned_data["trade"]]
        return {
            "asked": trade.person,
            "in_return": trade.meeting,
            "task": self.of_task,
            "note": self.cleaned_data["note"],
        }


class SwapAnswerForm(PageForm):
    """Why a swap is declined."""

    answer = forms.CharField(required=False, max_length=300, label="Why (optional)")


class CalendarFeedForm(PageForm):
    """Which meetings a new calendar address has."""

    series = forms.ModelChoiceField(
        MeetingSeries.objects.none(), required=False, label="Meetings", empty_label="All my meetings"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        rows = MeetingSeries.objects.visible_to(user).filter(is_retired=False)
        fields["series"].queryset = rows.select_related("subject").order_by(*BY_NAME)
