"""The forms of a live meeting: control, attendance, notes, what is recorded, and the end."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from meetings.operations import mailing
from meetings.queries.live import LiveDecision
from meetings.record_line import LineKind
from pages.forms import PageForm
from people.models import User


class NoteForm(PageForm):
    """The notes of an item. was: the digest of the notes that the writer edits."""

    notes = forms.CharField(required=False, strip=False)
    was = forms.CharField(required=False, max_length=64)


class ItemOutcomeForm(PageForm):
    """The outcome of an item. The operation validates it."""

    outcome = forms.CharField(required=False)


class ControlForm(PageForm):
    """Who controls the live meeting from now on."""

    to = forms.ModelChoiceField(User.objects.none(), label="Hand control to", empty_label="Choose a person")

    def __init__(self, *args: Any, people: QuerySet[User] | Sequence[User], **kwargs: Any) -> None:
        """people: who can be chosen; a sequence if it is loaded and only shown."""
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        if isinstance(people, QuerySet):
            fields["to"].queryset = people
        else:
            fields["to"].choices = [("", "Choose a person"), *((one.pk, one.name) for one in people)]


class AttendanceForm(PageForm):
    """The people who are present. was: ids of those who were present in the list, separated by commas."""

    present = forms.ModelMultipleChoiceField(User.objects.none(), required=False, label="People")
    was = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["present"].queryset = people

    def clean_was(self) -> list[int]:
        """Return the ids; those of the chosen people and of strangers are harmless."""
        return [int(text) for text in self.cleaned_data["was"].split(",") if text.isdecimal()][:1000]


class RecordForm(PageForm):
    """One line about the item on the page. The operation reads it."""

    record_as = forms.ChoiceField(choices=LineKind.choices, initial=LineKind.DECISION)
    line = forms.CharField(
        max_length=4000,
        error_messages={
            "required": "Enter what to record.",
            "max_length": "A line has at most %(limit_value)d characters, this one has %(show_value)d.",
        },
    )

    def values(self) -> dict[str, Any]:
        return {"kind": self.cleaned_data["record_as"], "line": self.cleaned_data["line"]}


class CompletionForm(PageForm):
    """What an incomplete decision lacks."""

    reason = forms.CharField(required=False, max_length=4000, label="Reason")
    no_action_reason = forms.CharField(required=False, max_length=2000, label="Why no action is needed")


class ClosingForm(PageForm):
    """What to improve next time, whether the meeting was worth the time, and what decisions lack.

    incomplete: the decisions whose fields the form has, as meetings.queries.live.LiveDecision. mailed: to how
    many people the minutes are mailed; many must be confirmed.
    """

    improvement = forms.CharField(required=False, max_length=300, label="One thing to improve")
    was_worth_it = forms.TypedChoiceField(
        required=False,
        label="Was it worth your time?",
        choices=[("", "No answer"), ("yes", "Yes"), ("no", "No")],
        coerce=lambda text: text == "yes",
        empty_value=None,
    )

    def __init__(
        self, *args: Any, incomplete: Sequence[LiveDecision] = (), mailed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.mailed = mailed
        if mailing.needs_confirmation(mailed):
            label = f"Mail the minutes to {mailed} people"
            self.fields["mails_to"] = forms.BooleanField(required=False, label=label)
        self.incomplete = [one.decision for one in incomplete]
        for one in incomplete:
            name = one.decision.reference
            if one.lacks_reason:
                label = f"Reason of {name}: {one.decision.subject_title}"
                self._ask("reason", one.decision.pk, label, f"{name} needs a reason.")
            if one.lacks_action:
                lacks = f"{name} needs an action or why none is needed."
                self._ask("no_action_reason", one.decision.pk, f"Why {name} needs no action", lacks)

    def _ask(self, what: str, pk: int, label: str, lacks: str) -> None:
        errors = {"required": lacks}
        self.fields[f"{what}-{pk}"] = forms.CharField(max_length=2000, label=label, error_messages=errors)

    def values(self) -> dict[str, Any]:
        given = [
            {
                "decision": decision,
                "reason": self.cleaned_data.get(f"reason-{decision.pk}", ""),
                "no_action_reason": self.cleaned_data.get(f"no_action_reason-{decision.pk}", ""),
            }
            for decision in self.incomplete
        ]
        own = {name: self.cleaned_data[name] for name in ("improvement", "was_worth_it")}
        mails_to = self.mailed if self.cleaned_data.get("mails_to") else 0
        return {**own, "decisions": given, "mails_to": mails_to}
