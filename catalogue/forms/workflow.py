"""The forms of workflows: what one is, and its recipe."""

from typing import Any

from django import forms
from django.db.models import Q

from catalogue import recipes
from catalogue.models import Model, Workflow, WorkflowVersion
from catalogue.operations.workflow import MAX_NAME, MAX_REASON, MOST_DAYS, MOST_TOLERANCE, OWN
from catalogue.recipes import KEYS, MAX_JSON, MAX_TEXT, PARTS, Recipe
from catalogue.states import REPRODUCE_DAYS, TOLERANCE
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "textarea", "spellcheck": "false"})


class WorkflowForm(PageForm):
    """The fields of a workflow that a person may change. Lists have one line for each entry."""

    name = forms.CharField(max_length=MAX_NAME, help_text="For example Training, or Monthly evaluation.")
    purpose = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it makes, and when it runs. Markdown is supported.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Nobody",
        help_text="Is asked to have it reproduced in time.",
    )
    ingestion = forms.CharField(
        required=False,
        max_length=MAX_TEXT,
        help_text="Where the data is read from, and how.",
    )
    data_schema = forms.CharField(
        label="Data schema",
        required=False,
        widget=_lines(5),
        help_text="One column a line, such as “income: number, never negative”.",
    )
    steps = forms.CharField(
        label="Feature steps",
        required=False,
        widget=_lines(5),
        help_text="One step a line, in their order, such as “income_to_debt: income by open debt”.",
    )
    code = forms.CharField(
        required=False, max_length=MAX_TEXT, help_text="The repository and the command that runs it."
    )
    configuration = forms.JSONField(
        required=False,
        max_length=MAX_JSON,
        widget=_lines(5),
        help_text='A JSON object, such as {"max_depth": 6}.',
    )
    evaluation = forms.URLField(
        label="Evaluation dashboard",
        required=False,
        assume_scheme="https",
        max_length=MAX_TEXT,
        help_text="The address where the results are compared.",
    )
    reproduce_days = forms.IntegerField(
        label="Reproduce every (days)",
        min_value=1,
        max_value=MOST_DAYS,
        initial=REPRODUCE_DAYS,
        help_text="How long a reproduction counts.",
    )
    tolerance = forms.FloatField(
        label="Tolerance (%)",
        min_value=0,
        max_value=MOST_TOLERANCE,
        initial=TOLERANCE,
        help_text="By how much a metric of a repetition may differ.",
    )

    def __init__(self, *args: Any, user: User, present: Workflow | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        selectable = Q(is_active=True) | Q(pk=present.owner_id if present else user.pk)
        fields["owner"].queryset = User.objects.filter(selectable).visible_to(user).order_by(*BY_NAME)

    def clean_data_schema(self) -> list[dict[str, str]]:
        return recipes.from_lines(self.cleaned_data["data_schema"], "data_schema")

    def clean_steps(self) -> list[dict[str, str]]:
        return recipes.from_lines(self.cleaned_data["steps"], "steps")

    def recipe(self) -> dict[str, Any]:
        return {part: self.cleaned_data[part] for part in PARTS}

    def own(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in OWN}


class EditWorkflowForm(WorkflowForm):
    """The fields of an existing workflow."""

    reason = forms.CharField(
        label="Why the recipe changes",
        required=False,
        max_length=MAX_REASON,
        help_text="Kept with the new version. A change of name, owner or days makes no version.",
    )
    field_order: Any = (*WorkflowForm.base_fields, "reason")

    @classmethod
    def of(
        cls, workflow: Workflow, version: WorkflowVersion, data: Any = None, *, user: User
    ) -> "EditWorkflowForm":
        """Return the form of a workflow. version: the current one."""
        initial = {name: getattr(workflow, name) for name in OWN}
        initial |= {part: getattr(version, part) for part in PARTS}
        initial |= {part: recipes.as_lines(getattr(version, part), part) for part in KEYS}
        return cls(data, initial=initial, user=user, present=workflow)

    def values(self) -> dict[str, Any]:
        return {**self.own(), **self.recipe(), "reason": self.cleaned_data["reason"]}


class NewWorkflowForm(WorkflowForm):
    """A new workflow. The model cannot be changed later: who may see it may see the workflow."""

    model = forms.ModelChoiceField(
        Model.objects.none(), help_text="Who may see this model may see the workflow, and nobody else."
    )
    field_order: Any = ("model", *WorkflowForm.base_fields)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["model"].label_from_instance = lambda model: model.name

    def values(self) -> dict[str, Any]:
        recipe = self.recipe()
        recipe["configuration"] = recipe["configuration"] or {}
        return {**self.own(), "model": self.cleaned_data["model"], "recipe": Recipe(**recipe)}
