"""The forms of the runs and the challenges of experiments."""

from typing import Any

from django import forms

from catalogue.models import Run
from catalogue.queries.model import sources_of
from pages.forms import PageForm
from people.models import User
from risklog.models import Experiment
from risklog.states import Arm, ChallengeKind

_MOST_RUNS = 200


def _runs(user: User, experiment: Experiment) -> list[tuple[int, str]]:
    """Return the newest runs that fit an experiment and that the reader may see, as choices.

    They are of its model and of what this one takes its input from, as experiment_runs.check_model() demands.
    """
    rows = Run.objects.visible_to(user).select_related("workflow__model").order_by("-started_at", "-pk")
    model_id, about = experiment.model_of_runs_id, experiment.model or experiment.workflow
    if model_id is not None and about is not None and about.subject.is_visible_to(user):
        rows = rows.filter(workflow__model__in=sources_of(model_id))
    return [(run.pk, f"{run.workflow.model.name}: {run.subject_title}") for run in rows[:_MOST_RUNS]]


class _RunChoice(forms.TypedChoiceField):
    """A run among those that the reader may see. The value is the run, None without one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=int, empty_value=None, **kwargs)

    def offer(self, user: User, experiment: Experiment) -> None:
        self.user = user
        self.choices = [("", "Choose a run"), *_runs(user, experiment)]

    def clean(self, value: Any) -> Run | None:
        pk = super().clean(value)
        return Run.objects.visible_to(self.user).select_related("subject").get(pk=pk) if pk else None


class LinkRunForm(PageForm):
    """A run of a workflow, and what it is in the experiment."""

    run = _RunChoice()
    arm = forms.ChoiceField(
        label="In the experiment it is the",
        choices=Arm.choices,
        widget=forms.RadioSelect,
        initial="candidate",
    )

    def __init__(self, *args: Any, experiment: Experiment, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["run"].offer(user, experiment)


class ChallengeForm(PageForm):
    """A doubt about the experiment, or a reproduction of its result."""

    kind = forms.ChoiceField(
        choices=[
            (ChallengeKind.CHALLENGE, "Challenge: I doubt the plan or the result"),
            (ChallengeKind.REPRODUCTION, "Reproduction: I repeated it with another run"),
        ],
        widget=forms.RadioSelect,
        initial=ChallengeKind.CHALLENGE,
    )
    text = forms.CharField(
        label="What you doubt, or what you found",
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "textarea"}),
        help_text="Conditions and evidence, not who is at fault.",
    )
    run = _RunChoice(required=False, label="Run of the reproduction")
    is_reproduced = forms.TypedChoiceField(
        label="It came to the same result",
        choices=[("", "Not answered"), ("yes", "Yes"), ("no", "No")],
        coerce=lambda text: text == "yes",
        empty_value=None,
        required=False,
        help_text="Riskhub decides this itself if the run repeats a run of the experiment.",
    )

    def __init__(self, *args: Any, experiment: Experiment, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["run"].offer(user, experiment)


class AnswerChallengeForm(PageForm):
    text = forms.CharField(
        label="Answer", max_length=5000, widget=forms.Textarea(attrs={"rows": 3, "class": "textarea"})
    )
