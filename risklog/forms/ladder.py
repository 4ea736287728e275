"""The form of a ladder: its name, what it applies to, and one row for each rung."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory

from catalogue.models import Model
from catalogue.states import RightKind
from kit.refusals import Refused
from lists.collation import BY_NAME
from pages.conflicts import Difference
from pages.forms import PageForm
from people import queries as people
from people.models import Function, Team, User
from people.states import Role
from risklog.models import Category, Ladder, Rung
from risklog.queries import channels
from risklog.queries import ladder as queries
from risklog.queries.channels import RungWebhook
from risklog.states import Severity, When, Who

_UNITS = (("60", "hours"), ("1", "minutes"), ("1440", "days"))
SPARE_ROWS = 2
# The fields of a row that operations.ladder takes as they are.
_KEPT = (
    "who", "function", "right", "severity", "when", "is_round_the_clock", "is_in_turn", "is_alternative",
    "webhooks",
)  # fmt: skip
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
        mine, theirs = _lines(self.rungs.rungs()), _lines(map(_given, queries.current_rungs(present)))
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
    """One branch of a rung. A row without "who" is ignored."""

    who = forms.ChoiceField(label="Who", choices=[("", "No rung"), *Who.choices], required=False)
    function = forms.ModelChoiceField(
        Function.objects.none(), label="Function", required=False, empty_label="None"
    )
    right = forms.ChoiceField(
        label="Decision right", choices=[("", "None"), *RightKind.choices], required=False
    )
    amount = forms.IntegerField(label="Within", min_value=1, max_value=2000, required=False)
    unit = forms.ChoiceField(label="Unit", choices=_UNITS, required=False, initial="60")
    people = forms.ModelMultipleChoiceField(User.objects.none(), label="People", required=False)
    severity = forms.ChoiceField(
        label="Severity", choices=[("", "Any severity"), *Severity.choices], required=False
    )
    when = forms.ChoiceField(label="When", choices=[("", "At any time"), *When.choices], required=False)
    is_alternative = forms.BooleanField(label="Alternative to the rung above", required=False)
    is_round_the_clock = forms.BooleanField(label="Round the clock", required=False)
    is_in_turn = forms.BooleanField(label="One person at a time, in turn", required=False)
    # Not “by email”: a form that was opened before the field existed would switch it off.
    without_mail = forms.BooleanField(label="Without email", required=False)
    webhooks = forms.TypedMultipleChoiceField(label="Also by webhook", coerce=int, required=False)

    def __init__(
        self,
        *args: Any,
        functions: QuerySet[Function],
        persons: QuerySet[User],
        webhooks: Sequence[RungWebhook],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["webhooks"].choices = [
            (one.id, one.name if one.is_active else f"{one.name} (paused)") for one in webhooks
        ]
        if not webhooks:
            fields["webhooks"].widget = forms.MultipleHiddenInput()
        fields["function"].queryset = functions
        fields["people"].queryset = persons

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        who = values.get("who")
        if who and not values.get("amount"):
            self.add_error("amount", "Enter the time limit.")
        if who == Who.FUNCTION and not values.get("function"):
            self.add_error("function", "Choose a function.")
        if who == Who.RIGHT and not values.get("right"):
            self.add_error("right", "Choose a decision right.")
        if who == Who.PERSON and not values.get("people"):
            self.add_error("people", "Choose at least one person.")
        if who == Who.SPONSOR and len(values.get("people") or ()) > 1:
            self.add_error("people", "Choose one sponsor.")
        return values


class RungSet(BaseFormSet):
    def rungs(self) -> list[dict[str, Any]]:
        """Return the filled rows, lowest rung first, as operations.ladder takes them."""
        return [
            {
                **{name: row[name] for name in _KEPT},
                "by_mail": not row["without_mail"],
                "people": list(row["people"]),
                "within_minutes": row["amount"] * int(row["unit"] or 60),
            }
            for row in (form.cleaned_data for form in self.forms)
            if row.get("who")
        ]


def rung_forms(data: Any = None, *, rungs: Sequence[Rung] = ()) -> RungSet:
    """Return a formset with one row for each rung, lowest first, and some spare rows."""
    choices = {
        "functions": people.functions(),
        "persons": people.people().exclude(role=Role.VIEWER),
        "webhooks": channels.offered(),
    }
    factory: Any = formset_factory(
        RungForm, formset=RungSet, extra=SPARE_ROWS if rungs else 3, max_num=_MAX_ROWS, absolute_max=_MAX_ROWS
    )
    # A sent row that equals its initial values would count as an empty one.
    initial = [_initial(rung) for rung in rungs] if data is None else []
    return factory(data, initial=initial, prefix="rung", form_kwargs=choices)


def _lines(rungs: Iterable[Mapping[str, Any]]) -> str:
    """Return the rungs as lines, to compare two versions of a ladder."""
    names = {one.id: one.name for one in channels.offered()}
    return "\n".join(f"{number}. {_line(rung, names)}" for number, rung in enumerate(rungs, start=1))


def _line(rung: Mapping[str, Any], names: Mapping[int, str]) -> str:
    """Return one rung as a line. names: id of a webhook -> name."""
    named = ", ".join(person.name for person in rung["people"])
    right = RightKind(rung["right"]).label if rung["right"] else ""
    parts = [
        "alternative" if rung["is_alternative"] else "",
        f"{named or right or rung['function'] or Who(rung['who']).label}"
        f" within {queries.length(rung['within_minutes'])}",
        "round the clock" if rung["is_round_the_clock"] else "",
        "in turn" if rung["is_in_turn"] else "",
        "" if rung["by_mail"] else "without email",
        *(f"webhook {names.get(pk, pk)}" for pk in rung["webhooks"]),
        Severity(rung["severity"]).label.lower() if rung["severity"] else "",
        When(rung["when"]).label.lower() if rung["when"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _given(rung: Rung) -> dict[str, Any]:
    """Return a stored rung as a form gives it. One query if it names people."""
    names = (name for name in _KEPT if name != "is_alternative")
    return {
        **{name: getattr(rung, name) for name in names},
        "by_mail": rung.by_mail,
        "is_alternative": rung.branch > 1,
        "people": list(User.objects.filter(pk__in=rung.named).order_by("id")) if rung.named else [],
        "within_minutes": rung.within_minutes,
    }


def _initial(rung: Rung) -> dict[str, Any]:
    unit = next(size for size in (1440, 60, 1) if rung.within_minutes % size == 0)
    names = (name for name in _KEPT if name not in {"is_alternative", "function"})
    return {
        **{name: getattr(rung, name) for name in names},
        "without_mail": not rung.by_mail,
        "is_alternative": rung.branch > 1,
        "function": rung.function_id,
        "people": rung.named,
        "amount": rung.within_minutes // unit,
        "unit": str(unit),
    }


class PreviewForm(PageForm):
    """What would be escalated, for the preview of ladders."""

    severity = forms.ChoiceField(choices=Severity.choices, required=False)
    category = forms.ModelChoiceField(Category.objects.none(), required=False, empty_label="No category")
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team")
    model = forms.ModelChoiceField(Model.objects.none(), required=False, empty_label="No model")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        fields["team"].queryset = people.teams()
        models = Model.objects.visible_to(user).select_related("owner_team__lead")
        fields["model"].queryset = models.order_by(*BY_NAME)
