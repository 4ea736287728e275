"""The forms of an escalation: raise one, acknowledge, pause, hand over, step down, resolve."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from history.models import Subject
from people import queries as people
from people.models import User
from people.states import Role
from risklog.forms.review import PersonChoice, reason_field, visible_subject
from risklog.queries import presence

_HOURS = [(4, "4 hours"), (24, "24 hours"), (72, "3 days"), (168, "7 days"), (336, "14 days, the longest")]


class RaiseForm(forms.Form):
    """Anybody may raise anything that has a reference, also without their name on it."""

    about = forms.CharField(
        label="What cannot wait",
        max_length=24,
        help_text="A reference such as R-12, B-7 or A-3.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    why = reason_field("Why it cannot wait", "Conditions and evidence, not culprits.")
    is_unnamed = forms.BooleanField(
        label="Do not show my name",
        required=False,
        help_text="Other users will not see who raised it. The audit history keeps it; only two "
        "administrators together can look it up, and you would be told.",
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject:
        return visible_subject(self.user, self.cleaned_data["about"])


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label="What happens next",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PauseForm(forms.Form):
    hours = forms.TypedChoiceField(label="For how long", choices=_HOURS, coerce=int, initial=24)
    reason = reason_field("Why it can wait")

    def until(self, at: datetime) -> datetime:
        return at + timedelta(hours=self.cleaned_data["hours"])


class HandOverForm(forms.Form):
    to = PersonChoice(User.objects.none(), label="To whom", empty_label="Choose somebody")
    note = forms.CharField(label="What they should know", required=False, max_length=2000)

    def __init__(self, *args: Any, at: datetime, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = people.present_on(presence.day_of(at))
        self.fields["to"].queryset = there.exclude(role=Role.VIEWER).exclude(pk=user.pk)  # type: ignore[attr-defined]


class StepDownForm(forms.Form):
    reason = reason_field("Why it can go down a rung")


class ResolveForm(forms.Form):
    reason = reason_field("What settled it")
