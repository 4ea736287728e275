"""The forms of recognitions."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse_lazy

from history.models import Subject
from learnings.models import Recognition
from learnings.operations.recognition import CHANGEABLE, DAYS, MAX_DAYS, MIN_DAYS, figures_of
from learnings.states import RecognitionKind
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import Team, User
from risklog.queries.metric import metrics_about
from signals.models import Series


def _texts() -> tuple[forms.CharField, forms.CharField]:
    return (
        forms.CharField(label="Thanks for", max_length=200, help_text="What was achieved, in one sentence."),
        forms.CharField(
            label="What was done",
            required=False,
            max_length=20000,
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text="So that others can do it, too. Markdown is supported.",
        ),
    )


def _why_none(about: Subject | None, metrics: QuerySet[Series]) -> str:
    """Return why there is no metric to choose; "" if there is one."""
    if about is None:
        return "The metrics to choose from are those of what you name under “Shown by”."
    if not metrics.exists():
        return f"{about.reference} and its model have no metrics. Enter the figures below."
    return ""


class NewRecognitionForm(PageForm):
    """A recognition: who is thanked, for which outcome, and what changed."""

    title, text = _texts()
    kind = forms.ChoiceField(label="Outcome", choices=RecognitionKind.choices)
    about = forms.CharField(
        max_length=24,
        label="Shown by",
        help_text="A reference such as R-12, A-17 or D-3.",
        widget=forms.TextInput(
            attrs={  # the metrics to choose from are those of the outcome
                "hx-get": reverse_lazy("learnings:recognition_create"),
                "hx-trigger": "change",
                "hx-target": "#recognition-metric",
                "hx-select": "#recognition-metric",
                "hx-swap": "outerHTML",
            }
        ),
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.none(), required=False, widget=forms.SelectMultiple(attrs={"size": 6})
    )
    team = forms.ModelChoiceField(Team.objects.order_by(*BY_NAME), required=False, empty_label="No team")
    metric_series = forms.ModelChoiceField(
        Series.objects.none(), required=False, label="Metric", empty_label="No metric"
    )
    metric_changed_on = forms.DateField(required=False, label="Changed on", widget=Day())
    metric_days = forms.IntegerField(
        required=False,
        label="Days before and after",
        min_value=MIN_DAYS,
        max_value=MAX_DAYS,
        initial=DAYS,
    )
    metric_name = forms.CharField(required=False, max_length=120, label="Figure")
    metric_before = forms.FloatField(required=False, label="Before")
    metric_after = forms.FloatField(required=False, label="After")
    metric_unit = forms.CharField(required=False, max_length=16, label="Unit")
    metric_source = forms.CharField(
        required=False, max_length=300, label="Source", help_text="Where the figures are from."
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = self.fields
        fields["people"].queryset = User.objects.active().exclude(pk=user.pk).order_by(*BY_NAME)
        about = self._subject(self["about"].value())
        metrics = metrics_about(user, about)
        fields["metric_series"].queryset = metrics
        fields["metric_series"].help_text = _why_none(about, metrics)

    def _subject(self, text: Any) -> Subject | None:
        reference = str(text or "").strip().upper()
        return (
            Subject.objects.visible_to(self.user).filter(reference=reference).first() if reference else None
        )

    def clean_about(self) -> Subject:
        """Return the subject. One that the user may not see counts as not found."""
        subject = self._subject(self.cleaned_data["about"])
        if subject is None:
            name = self.cleaned_data["about"].strip().upper()
            raise forms.ValidationError(f"{name} was not found. Use a reference such as R-12.")
        return subject

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            **{name: given[name] for name in ("title", "text", "kind", "about", "team")},
            "people": list(given["people"]),
            "figures": figures_of(given),
        }


class RecognitionForm(PageForm):
    """The texts of a recognition."""

    title, text = _texts()

    @classmethod
    def of(cls, recognition: Recognition, data: Any = None) -> "RecognitionForm":
        return cls(data, initial={name: getattr(recognition, name) for name in CHANGEABLE})


class WithdrawForm(PageForm):
    reason = forms.CharField(
        required=False, max_length=500, help_text="For example, that it thanked for the wrong outcome."
    )
