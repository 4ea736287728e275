"""The forms of scoring together: start a round, score, take the agreed score over."""

from datetime import timedelta
from typing import Any

from django import forms

from kit import clock
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people import queries as people
from people.models import User
from risklog.forms.risk import Figure
from risklog.models import Risk
from risklog.operations.scoring import MAX_DAYS
from risklog.queries import scoring as queries
from risklog.queries.scoring import RoundView

_DAYS = 7


class _ChosenFigure(Figure):
    """A step of the matrix that nobody has chosen for the person."""

    def steps(self) -> list[tuple[Any, str]]:
        return [("", "Choose"), *super().steps()]


class _PeopleChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.function.name}" if obj.function else obj.name


class StartScoringForm(PageForm):
    is_residual = forms.ChoiceField(
        label="What to score",
        choices=[("", "Inherent risk, before treatment"), ("1", "Residual risk, after treatment")],
        required=False,
        widget=forms.RadioSelect,
    )
    users = _PeopleChoice(
        User.objects.none(),
        label="People",
        widget=forms.CheckboxSelectMultiple,
        help_text="Of at least two functions. A stand-in is asked for somebody who is away.",
    )
    ends_on = forms.DateField(
        label="Last day", widget=Day, help_text=f"The scores are revealed after it. Within {MAX_DAYS} days."
    )

    def __init__(self, *args: Any, risk: Risk, **kwargs: Any) -> None:
        at = clock.now()
        initial = {
            "users": queries.proposed(risk, at=at),
            "ends_on": people.local_day(at) + timedelta(days=_DAYS),
            "is_residual": "1" if risk.residual_likelihood else "",
        }
        super().__init__(*args, initial=initial, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["users"].queryset = queries.people_to_ask().order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        values = super().values()
        return {**values, "users": list(values["users"]), "is_residual": bool(values["is_residual"])}


class ScoreForm(PageForm):
    likelihood = _ChosenFigure("Likelihood", "likelihood")
    impact = _ChosenFigure("Impact", "impact")
    reason = forms.CharField(
        label="Short reason",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Others read it after the scores are revealed.",
    )

    def __init__(self, *args: Any, view: RoundView | None, **kwargs: Any) -> None:
        own: Any = view.own if view else None
        initial = {}
        if own is not None:
            initial = {name: getattr(own, f"shown_{name}") for name in queries.SEALED}
        super().__init__(*args, initial=initial, **kwargs)


class AgreeForm(PageForm):
    likelihood = _ChosenFigure("Agreed likelihood", "likelihood")
    impact = _ChosenFigure("Agreed impact", "impact")
    reason = forms.CharField(
        label="What was agreed, and why", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, view: RoundView | None, **kwargs: Any) -> None:
        initial = {}
        if view and view.likelihood and view.impact:
            initial = {"likelihood": view.likelihood.middle, "impact": view.impact.middle}
        super().__init__(*args, initial=initial, **kwargs)


class CancelScoringForm(PageForm):
    reason = forms.CharField(label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 2}))
