"""The forms of experiments: propose, edit, change the fixed plan, finish, cancel."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from catalogue.models import Model, Workflow
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from pages.sight import SightForm
from people.models import User
from people.states import Role
from risklog.forms.risk import NamedChoice
from risklog.models import Experiment
from risklog.models.experiment import PLAN_FIELDS
from risklog.operations.experiment import CHANGEABLE, ExperimentDetails
from risklog.queries import experiment as queries
from risklog.states import ExperimentOutcome
from signals.models import Series

MAX_TEXT = 20_000


def _text(label: str, rows: int, help_text: str = "", *, required: bool = False) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "class": "textarea"})
    return forms.CharField(
        label=label, required=required, max_length=MAX_TEXT, widget=widget, help_text=help_text
    )


def able_to_own() -> QuerySet[User]:
    """Return who can own an experiment: everyone who may write."""
    return User.objects.active().exclude(role=Role.VIEWER)


class _Owners(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.function.name}" if obj.function else obj.name


class ExperimentForm(PageForm):
    """What is tested, on which data, and what follows from each result."""

    title = forms.CharField(max_length=200, help_text="What is tested, in a few words.")
    hypothesis = _text(
        "Hypothesis", 3, "What you expect, as a sentence that can turn out false.", required=True
    )
    data_slice = _text("Data slice", 2, "Which records are tested: source, period, filter.")
    success_criteria = _text("Success criteria", 2, "Which figure must reach which value.")
    decision_rule = _text(
        "Rule of decision", 3, "What you do if it is supported, and what if it is not. Fixed at the start."
    )
    rollback = _text("Rollback plan", 2, "How to return to the state before.")
    ends_on = forms.DateField(label="Result expected on", required=False, widget=Day())
    owners = _Owners(
        User.objects.none(),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text="People of at least two teams. They may be chosen later, before the start.",
    )
    model = NamedChoice(Model.objects.none(), required=False, empty_label="No specific model")
    series = NamedChoice(
        Series.objects.none(), required=False, empty_label="No metric", label="Metric of the data slice"
    )
    workflow = NamedChoice(Workflow.objects.none(), required=False, empty_label="No workflow")

    field_order = CHANGEABLE

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owners"].queryset = able_to_own().select_related("function").order_by(*BY_NAME)
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["series"].queryset = Series.objects.visible_to(user).order_by("metric", "feature", "id")
        fields["workflow"].queryset = Workflow.objects.visible_to(user).order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        values = super().values()
        if "owners" in values:
            values["owners"] = list(values["owners"])
        return values


class NewExperimentForm(ExperimentForm):
    """The fields of a new experiment. about: the reference of what it came from."""

    about = forms.CharField(
        label="About",
        required=False,
        max_length=24,
        help_text="The reference of a risk, review, breach or other item, such as R-12.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.subjects = Subject.objects.visible_to(user)

    def clean_about(self) -> Subject | None:
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = self.subjects.filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"No item has the reference {reference}.")
        return subject

    def values(self) -> dict[str, Any]:
        given = super().values()
        own = {name: given.pop(name) for name in ("title", "hypothesis", "owners", "about")}
        return {**own, "details": ExperimentDetails(**given)}


class EditExperimentForm(ExperimentForm):
    """The fields that may change. Those of the plan only before the start.

    What a reader may not see is kept: the form then has no such field.
    """

    @classmethod
    def of(cls, experiment: Experiment, data: Any = None, *, user: User) -> "EditExperimentForm":
        """Return the form of an existing experiment."""
        initial = {name: getattr(experiment, name) for name in CHANGEABLE if name != "owners"}
        initial["owners"] = [owner.pk for owner in queries.owners_of(experiment)]
        form = cls(data, initial=initial, user=user)
        seen = queries.shown(user, experiment)
        hidden = {
            name for name in ("model", "series", "workflow") if getattr(experiment, name) and not seen[name]
        }
        for name in hidden | (set(PLAN_FIELDS) if experiment.is_running else set()):
            del form.fields[name]
        return form

    def values(self) -> dict[str, Any]:
        """Return only what the form changed, so that a last day that is over may stay."""
        return {name: value for name, value in super().values().items() if name in self.changed_data}


class ExperimentPlanForm(PageForm):
    """Another version of the fixed plan."""

    hypothesis = _text("Hypothesis", 3, required=True)
    data_slice = _text("Data slice", 2, required=True)
    success_criteria = _text("Success criteria", 2, required=True)
    decision_rule = _text("Rule of decision", 3, required=True)
    reason = forms.CharField(
        label="Reason for the change",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
        help_text="Everybody sees it beside the result.",
    )

    @classmethod
    def of(cls, experiment: Experiment, data: Any = None) -> "ExperimentPlanForm":
        """Return the form with the plan in force."""
        return cls(data, initial={name: getattr(experiment, name) for name in PLAN_FIELDS})


class StartExperimentForm(PageForm):
    """The start has no input. Its errors name what is missing."""


class FinishExperimentForm(PageForm):
    """The outcome, as the rule of decision has it."""

    outcome = forms.ChoiceField(choices=ExperimentOutcome.choices, widget=forms.RadioSelect)
    sample_size = forms.IntegerField(
        label="Records in the data slice",
        min_value=0,
        max_value=10**15,
        help_text="0 if the slice had no data. Then the outcome cannot be “supported”.",
    )
    interpretation = _text(
        "Interpretation",
        5,
        "What the result means, and how sure you are. Markdown is supported.",
        required=True,
    )
    training_notes = _text(
        "Pipeline and training", 3, "What it says about the design of the pipeline, the training or the data."
    )


class CancelExperimentForm(PageForm):
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}))


class ExperimentSightForm(SightForm):
    """Who may see an experiment: everyone, or some teams with its owners and who proposed it."""

    ONLY_TEAMS = "Only these teams and the owners"
