"""The form of a ladder: its name, what it applies to, and one row for each rung."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory

from kit.refusals import Refused
from lists.collation import BY_NAME
from pages.conflicts import Difference
from pages.forms import PageForm
from people import queries as people
from people.models import Function, Team, User
from risklog.models import Category, Ladder, Rung
from risklog.queries import ladder as queries
from risklog.states import Severity, Who

_UNITS = (("60", "hours"), ("1", "minutes"), ("1440", "days"))
SPARE_ROWS = 2
# absolute_max: Django would otherwise build a thousand rows more for a request that asks for them.
_MAX_ROWS = 20


class LadderForm(PageForm):
    """The name of a ladder, and `rungs`: a formset with one row for each rung."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any = None, *, rungs: Sequence[Rung] = (), **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.rungs = rung_forms(data, rungs=rungs)

    @classmethod
    def of(cls, ladder: Ladder, data: Any = None) -> "LadderForm":
        """Return the form of a ladder of queries.ladder.for_pages()."""
        return cls(data, rungs=queries.rungs_of(ladder), initial={"name": ladder.name})

    def is_valid(self) -> bool:
        # Both are checked, so that all errors are shown at once.
        return all([super().is_valid(), self.rungs.is_valid()])

    def values(self) -> dict[str, Any]:
        return {**super().values(), "rungs": self.rungs.rungs()}

    def refuse(self, refusal: Refused) -> int:
        status = super().refuse(refusal)
        self._compare_rungs(getattr(refusal, "present", None))
        return status

    def refuse_without_version(self, present: Any) -> int:
        status = super().refuse_without_version(present)
        self._compare_rungs(present)
        return status

    def _compare_rungs(self, present: Ladder | None) -> None:
        """Add the rungs to a conflict: they are rows of their own, not a field of the ladder."""
        if self.conflict is None or present is None:
            return
        mine, theirs = _lines(self.rungs.rungs()), _lines(queries.current_rungs(present))
        if mine != theirs:
            rungs = Difference("Rungs", mine, theirs)
            self.conflict = replace(self.conflict, differences=(*self.conflict.differences, rungs))


class NewLadderForm(LadderForm):
    severity = forms.ChoiceField(
        label="Severity", choices=[("", "Any severity"), *Severity.choices], required=False
    )
    category = forms.ModelChoiceField(Category.objects.none(), required=False, empty_label="Any category")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="Any team")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        fields["team"].queryset = people.teams()


class RungForm(forms.Form):
    """One rung. A row without "who" is ignored."""

    who = forms.ChoiceField(label="Who", choices=[("", "No rung"), *Who.choices], required=False)
    function = forms.ModelChoiceField(
        Function.objects.none(), label="Function", required=False, empty_label="None"
    )
    person = forms.ModelChoiceField(User.objects.none(), label="Person", required=False, empty_label="None")
    amount = forms.IntegerField(label="Within", min_value=1, max_value=2000, required=False)
    unit = forms.ChoiceField(label="Unit", choices=_UNITS, required=False, initial="60")
    is_round_the_clock = forms.BooleanField(label="Round the clock", required=False)

    def __init__(
        self, *args: Any, functions: QuerySet[Function], persons: QuerySet[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["function"].queryset = functions
        fields["person"].queryset = persons

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        who = values.get("who")
        if who and not values.get("amount"):
            self.add_error("amount", "Enter the time limit.")
        if who == Who.FUNCTION and not values.get("function"):
            self.add_error("function", "Choose a function.")
        if who == Who.PERSON and not values.get("person"):
            self.add_error("person", "Choose a person.")
        return values


class RungSet(BaseFormSet):
    def rungs(self) -> list[dict[str, Any]]:
        """Return the filled rows, lowest rung first, as operations.ladder takes them."""
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


def rung_forms(data: Any = None, *, rungs: Sequence[Rung] = ()) -> RungSet:
    """Return a formset with one row for each rung, lowest first, and some spare rows."""
    choices = {"functions": people.functions(), "persons": people.people()}
    factory: Any = formset_factory(
        RungForm, formset=RungSet, extra=SPARE_ROWS if rungs else 3, max_num=_MAX_ROWS, absolute_max=_MAX_ROWS
    )
    # A sent row that equals its initial values would count as an empty one.
    initial = [_initial(rung) for rung in rungs] if data is None else []
    return factory(data, initial=initial, prefix="rung", form_kwargs=choices)


def _lines(rungs: Sequence[Mapping[str, Any]]) -> str:
    """Return the rungs as lines, to compare two versions of a ladder."""
    return "\n".join(
        f"{number}. {rung['function'] or rung['person'] or Who(rung['who']).label}"
        f" within {queries.length(rung['within_minutes'])}"
        for number, rung in enumerate(rungs, start=1)
    )


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
