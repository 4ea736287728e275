"""The form of a ladder: its name, what it is for, and one row a rung."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from people import queries as people
from people.models import Function, Team, User
from risklog.models import Category, Rung
from risklog.states import Severity, Who

_UNITS = (("60", "hours"), ("1", "minutes"), ("1440", "days"))
SPARE_ROWS = 2


class LadderForm(forms.Form):
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class NewLadderForm(LadderForm):
    severity = forms.ChoiceField(
        label="Severity", choices=[("", "Any severity"), *Severity.choices], required=False
    )
    category = forms.ModelChoiceField(Category.objects.none(), required=False, empty_label="Any category")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="Any team")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].queryset = Category.objects.filter(is_retired=False).order_by("name")  # type: ignore[attr-defined]
        self.fields["team"].queryset = people.teams()  # type: ignore[attr-defined]


class RungForm(forms.Form):
    """A row left without "who" is no rung."""

    who = forms.ChoiceField(label="Who", choices=[("", "No rung"), *Who.choices], required=False)
    function = forms.ModelChoiceField(
        Function.objects.none(), label="Function", required=False, empty_label="None"
    )
    person = forms.ModelChoiceField(User.objects.none(), label="Person", required=False, empty_label="None")
    amount = forms.IntegerField(label="Within", min_value=1, max_value=2000, required=False)
    unit = forms.ChoiceField(label="Unit", choices=_UNITS, required=False, initial="60")
    is_round_the_clock = forms.BooleanField(label="Round the clock", required=False)

    def __init__(self, *args: Any, functions: Any, persons: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["function"].queryset = functions  # type: ignore[attr-defined]
        self.fields["person"].queryset = persons  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        who = said.get("who")
        if who and not said.get("amount"):
            self.add_error("amount", "Enter the time limit.")
        if who == Who.FUNCTION and not said.get("function"):
            self.add_error("function", "Choose a function.")
        if who == Who.PERSON and not said.get("person"):
            self.add_error("person", "Choose a person.")
        return said


class RungSet(BaseFormSet):
    def rungs(self) -> list[dict[str, Any]]:
        """The rows filled in, as operations.ladder takes them."""
        return [
            {
                "who": row["who"],
                "function": row["function"],
                "person": row["person"],
                "within_minutes": row["amount"] * int(row["unit"] or 60),
                "is_round_the_clock": row["is_round_the_clock"],
            }
            for row in (form.cleaned_data for form in self.forms)
            if row.get("who")
        ]


def rung_forms(data: Any = None, *, rungs: list[Rung] | None = None) -> RungSet:
    """One row a rung, lowest first, and some spare ones."""
    choices = {"functions": people.functions(), "persons": people.people()}
    made: Any = formset_factory(RungForm, formset=RungSet, extra=SPARE_ROWS if rungs else 3, max_num=20)
    initial = [_initial(rung) for rung in rungs or []]
    return made(data, initial=initial, prefix="rung", form_kwargs=choices)


def _initial(rung: Rung) -> dict[str, Any]:
    unit = next(size for size in (1440, 60, 1) if rung.within_minutes % size == 0)
    return {
        "who": rung.who,
        "function": rung.function_id,
        "person": rung.person_id,
        "amount": rung.within_minutes // unit,
        "unit": str(unit),
        "is_round_the_clock": rung.is_round_the_clock,
    }
