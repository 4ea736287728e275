"""The forms of a review: request one, answer it, add a reviewer, close it, withdraw or reopen it."""

from datetime import datetime
from typing import Any

from django import forms

from history.models import Subject
from pages.forms import PageForm
from people.models import User
from risklog.models import Review
from risklog.queries import review as queries
from risklog.states import Outcome, Severity
from signals.states import SignalKind

# What each verdict means, shown where it is chosen.
_MEANING = {
    Outcome.CONFIRMED: "the problem is real",
    Outcome.FALSE_ALARM: "nothing is wrong",
    Outcome.POOR_EVIDENCE: "the evidence does not allow a verdict",
    Outcome.THRESHOLD_TO_CHANGE: "the rule is wrong, not the model",
    Outcome.EXPERIMENT_NEEDED: "a test has to decide",
}
_CHOICES = [(outcome.value, f"{outcome.label}: {_MEANING[outcome]}") for outcome in Outcome]


def reason_field(label: str, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.function.name.lower()}" if obj.function else obj.name


class AnswerForm(PageForm):
    """The verdict and its evidence."""

    verdict = forms.ChoiceField(label="Verdict", choices=_CHOICES, widget=forms.RadioSelect)
    note = forms.CharField(
        label="Evidence",
        help_text="Required unless you confirm.",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )


class AskForm(PageForm):
    user = PersonChoice(User.objects.none(), label="Reviewer", empty_label="Choose a person")

    def __init__(self, *args: Any, review: Review, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["user"].queryset = queries.people_to_ask(review, at=at)


class HandOverReviewForm(AskForm):
    """Whom to pass one's part of a review on to. A person who was asked already is not offered."""

    note = forms.CharField(label="Note", required=False, max_length=2000)

    def share_people(self, other: AskForm) -> None:
        """Let both forms show the same people with one query, when the first of them is drawn."""
        fields: dict[str, Any] = {"own": self.fields["user"], "other": other.fields["user"]}
        choices, known = fields["other"].choices, list[Any]()

        def people() -> list[Any]:
            known.extend(iter(choices) if not known else ())  # iter(): a length costs a query
            return known

        fields["own"].choices = fields["other"].choices = people


class SettleForm(PageForm):
    outcome = forms.ChoiceField(label="Outcome", choices=_CHOICES)
    reason = reason_field("Reason", "For readers who face the same problem later.")


class ReviewReasonForm(PageForm):
    reason = reason_field("Reason")


class OpenForm(PageForm):
    """Request a review of anything that has a reference."""

    about = forms.CharField(
        label="Item to review",
        max_length=24,
        help_text="Its reference, for example R-12 or B-7.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        choices=SignalKind.choices, help_text="Decides which functions review it.", label="Kind of signal"
    )
    severity = forms.ChoiceField(
        choices=Severity.choices,
        initial=Severity.WARNING,
        label="Severity",
        help_text="Critical reviews are due in one working day, others in three.",
    )
    why = reason_field("What did you notice?", "Describe conditions and evidence, not who is at fault.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject:
        return visible_subject(self.user, self.cleaned_data["about"])


def visible_subject(user: User, reference: str) -> Subject:
    """Return the subject of a reference. One the reader may not see is refused as if it did not exist."""
    reference = reference.strip().upper()
    subject = Subject.objects.visible_to(user).filter(reference=reference).first()
    if subject is None:
        raise forms.ValidationError(f"No item has the reference {reference}.")
    return subject
