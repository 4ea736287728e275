"""The forms of runs: record one, finish one, change its note."""

from typing import Any

from django import forms

from catalogue import run_facts
from catalogue.models import Run, Version, Workflow
from catalogue.operations.run import CHANGEABLE, MAX_NAME, RunFacts
from catalogue.queries import run as run_queries
from catalogue.recipes import MAX_JSON, MAX_TEXT
from catalogue.run_facts import MAX_NOTE
from catalogue.states import RunState
from kit.refusals import Refused
from pages.forms import PageForm
from people.models import User

_LINES = {"rows": 4, "class": "textarea", "spellcheck": "false"}


def _moment(label: str, help_text: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


class ResultsForm(PageForm):
    """What a run measured and made. Lists have one line for each entry."""

    metrics = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs=_LINES),
        help_text="One metric a line, such as “auc: 0.79”.",
    )
    artefacts = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs=_LINES),
        help_text="One a line: name, address and digest, such as “model.bin: s3://models/7 sha256:5f…”.",
    )
    ended_at = _moment("Ended at", "Leave blank to use the time at which you save.")

    def clean_metrics(self) -> dict[str, float]:
        try:
            return run_facts.metrics_from(self.cleaned_data["metrics"])
        except Refused as refusal:
            raise forms.ValidationError(refusal.message) from None

    def clean_artefacts(self) -> list[dict[str, str]]:
        return run_facts.artefacts_from(self.cleaned_data["artefacts"])


class FinishRunForm(ResultsForm):
    """How a running run ended. What it leaves blank stays as it was reported before."""

    state = forms.ChoiceField(choices=[choice for choice in RunState.choices if choice[0] != "running"])
    field_order: Any = ("state", "metrics", "artefacts", "ended_at")

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class RunNoteForm(PageForm):
    """What can be changed of a finished run, too."""

    note = forms.CharField(
        required=False,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What to know about this run. Markdown is supported.",
    )
    model_version = forms.ModelChoiceField(
        Version.objects.none(),
        label="Model version",
        required=False,
        empty_label="None",
        help_text="The version of the model that this run made.",
    )
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=MAX_TEXT,
        help_text="The run in the tool that ran it.",
    )

    def __init__(self, *args: Any, workflow: Workflow, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Version.objects.visible_to(user).filter(model=workflow.model_id)
        fields: dict[str, Any] = self.fields
        fields["model_version"].queryset = rows.select_related("model").order_by("-made_at", "-pk")
        fields["model_version"].label_from_instance = lambda version: version.name

    @classmethod
    def of(cls, run: Run, data: Any = None, *, user: User) -> "RunNoteForm":
        initial = {name: getattr(run, name) for name in CHANGEABLE}
        return cls(data, initial=initial, workflow=run.workflow, user=user)


class NewRunForm(ResultsForm, RunNoteForm):
    """A run that somebody records by hand. Tools use the API."""

    name = forms.CharField(
        required=False, max_length=MAX_NAME, help_text="Its id in the tool. Leave blank for the next number."
    )
    state = forms.ChoiceField(choices=RunState.choices, initial=RunState.SUCCEEDED)
    repeats = forms.ModelChoiceField(
        Run.objects.none(),
        required=False,
        empty_label="No other run",
        help_text="The run that this one repeats. The metrics are compared with it.",
    )
    parameters = forms.JSONField(
        required=False,
        max_length=MAX_JSON,
        widget=forms.Textarea(attrs=_LINES),
        help_text='A JSON object, such as {"seed": 7}.',
    )
    data_set = forms.CharField(
        label="Data set", required=False, max_length=MAX_TEXT, help_text="With its snapshot or date."
    )
    code = forms.CharField(required=False, max_length=MAX_TEXT, help_text="The commit that ran.")
    started_at = _moment("Started at", "Leave blank for the same moment as the end.")
    field_order: Any = (
        *("name", "state", "repeats", "data_set", "code", "parameters", "metrics", "artefacts"),
        *("model_version", "link", "note", "started_at", "ended_at"),
    )

    def __init__(self, *args: Any, workflow: Workflow, user: User, repeats: Run | None = None, **kwargs: Any):
        initial = {"repeats": repeats, **kwargs.pop("initial", {})}
        super().__init__(*args, workflow=workflow, user=user, initial=initial, **kwargs)
        fields: dict[str, Any] = self.fields
        rows = run_queries.runs(user).filter(workflow=workflow, state=RunState.SUCCEEDED)
        fields["repeats"].queryset = rows
        fields["repeats"].label_from_instance = lambda run: f"{run.name}, {run.started_at:%d %b %Y}"

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        facts = {name: given[name] for name in RunFacts.__dataclass_fields__}
        facts["parameters"] = facts["parameters"] or {}
        names = ("name", "state", "repeats", "model_version", "started_at", "ended_at")
        return {name: given[name] for name in names} | {"facts": RunFacts(**facts)}
