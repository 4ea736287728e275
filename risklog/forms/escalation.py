"""The forms of an escalation: start one, acknowledge, pause, hand over, de-escalate, resolve."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from history.models import Subject
from pages.forms import PageForm
from people import queries as people
from people.models import User
from people.states import Role
from risklog.forms.review import PersonChoice, reason_field, visible_subject
from risklog.queries import availability

_HOURS = [(4, "4 hours"), (24, "24 hours"), (72, "3 days"), (168, "7 days"), (336, "14 days (maximum)")]


class RaiseForm(PageForm):
    """Escalate anything that has a reference, also anonymously."""

    about = forms.CharField(
        label="Item to escalate",
        max_length=24,
        help_text="Its reference, for example R-12, B-7 or A-3.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    why = reason_field("Why is it urgent?", "Describe conditions and evidence, not who is at fault.")
    is_unnamed = forms.BooleanField(
        label="Escalate anonymously",
        required=False,
        help_text="Other users cannot see who escalated it. The audit history records it; only two "
        "administrators together can look it up, and you are notified if they do.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject:
        return visible_subject(self.user, self.cleaned_data["about"])


class EscalationStepForm(PageForm):
    """A step of an escalation. at: the moment of the request; user: who takes the step."""

    def __init__(self, *args: Any, at: datetime, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at, self.user = at, user


class AcknowledgeForm(EscalationStepForm):
    note = forms.CharField(
        label="Next step",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CallAgainForm(EscalationStepForm):
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PauseForm(EscalationStepForm):
    hours = forms.TypedChoiceField(label="Duration", choices=_HOURS, coerce=int, initial=24)
    reason = reason_field("Reason")

    def values(self) -> dict[str, Any]:
        return {
            "until": self.at + timedelta(hours=self.cleaned_data["hours"]),
            "reason": self.cleaned_data["reason"],
        }


class HandOverForm(EscalationStepForm):
    to = PersonChoice(User.objects.none(), label="Hand over to", empty_label="Choose a person")
    note = forms.CharField(label="Note", required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = people.present_on(availability.day_of(self.at)).exclude(role=Role.VIEWER)
        fields: dict[str, Any] = self.fields
        fields["to"].queryset = present.exclude(pk=self.user.pk)


class AskRevealForm(EscalationStepForm):
    reason = reason_field("Why must the name be known?", "Everyone who sees this escalation can read it.")


class DeclineRevealForm(EscalationStepForm):
    reason = reason_field("Reason for declining")


class StepDownForm(EscalationStepForm):
    reason = reason_field("Reason for de-escalating")


class ResolveForm(EscalationStepForm):
    reason = reason_field("How was it resolved?")
