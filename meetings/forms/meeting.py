"""The forms of meetings, agenda items and decisions."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from history.models import Subject
from meetings.models import AgendaItem, Meeting
from meetings.states import Purpose
from pages.forms import Day, PageForm
from people.models import User
from risklog.models import Review
from risklog.states import Outcome


class ItemForm(PageForm):
    """An item of an agenda."""

    title = forms.CharField(max_length=300, required=False, label="Title")
    about = forms.CharField(
        required=False,
        max_length=24,
        label="About",
        help_text="A reference such as R-12. Leave blank for none.",
    )
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.DISCUSS, label="To")
    minutes = forms.IntegerField(min_value=1, max_value=240, initial=10)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @classmethod
    def of(cls, item: AgendaItem, *, user: User, data: Any = None) -> "ItemForm":
        """Return the form of an existing item. Its subject cannot be changed."""
        initial = {name: getattr(item, name) for name in ("title", "purpose", "minutes")}
        form = cls(data, initial=initial, user=user)
        del form.fields["about"]
        return form

    def clean_about(self) -> Subject | None:
        """Return the subject; None without a reference. An invisible subject gets the same error as none."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
        return subject

    def values(self) -> dict[str, Any]:
        """Return title, purpose, minutes and, for a new item, its subject."""
        return {name: self.cleaned_data[name] for name in self.fields}


class ObjectiveForm(PageForm):
    """What should be different after the meeting."""

    objective = forms.CharField(
        required=False,
        max_length=300,
        label="Objective",
        help_text="What should be different after this meeting?",
    )


class MoveForm(PageForm):
    """Another start of a meeting, in the reader's time zone."""

    starts_at = forms.DateTimeField(
        label="New start",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone.",
    )

    @classmethod
    def of(cls, meeting: Meeting) -> "MoveForm":
        return cls(initial={"starts_at": meeting.starts_at})


class StartForm(PageForm):
    """Whether the meeting is started although this is not its planned time; whether the reader leads it."""

    is_confirmed = forms.BooleanField(required=False)
    lead = forms.BooleanField(required=False)


class CancellationForm(PageForm):
    """Why a meeting is cancelled."""

    reason = forms.CharField(required=False, max_length=300)


class FollowUpActionForm(PageForm):
    """One follow-up action. Owner and date are optional; its page shows what is missing."""

    title = forms.CharField(
        max_length=200, label="Action", widget=forms.TextInput(attrs={"placeholder": "What needs doing?"})
    )
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(required=False, label="Due", widget=Day())

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("title", "owner", "due_on")}


class DecisionForm(PageForm):
    """A decision with up to three actions, or the reason why none is needed."""

    ROWS = 3

    text = forms.CharField(
        label="What was decided?",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "data-hotkey": "d"}),
    )
    reason = forms.CharField(label="Why?", max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    settles = forms.ChoiceField(required=False, label="Review outcome")
    no_action_reason = forms.CharField(required=False, max_length=2000, label="Reason for no action")

    def __init__(
        self,
        *args: Any,
        people: QuerySet[User],
        review: Review | None = None,
        draft: str = "",
        **kwargs: Any,
    ) -> None:
        """Create the form with ROWS forms of actions.

        review: the open review that the decision may settle. draft: the prefix under which the browser stores
        unsaved text while the page reloads, "" for none.
        """
        super().__init__(*args, **kwargs)
        if draft:
            for name in ("text", "reason", "no_action_reason"):
                self.fields[name].widget.attrs["data-draft"] = f"{draft}-{name}"
        if review is None:
            del self.fields["settles"]
        else:
            fields: dict[str, Any] = self.fields
            fields["settles"].choices = [("", "still open"), *Outcome.choices]
        self.rows = [
            FollowUpActionForm(
                self.data or None,
                people=people,
                prefix=f"action{number}",
                empty_permitted=True,
                use_required_attribute=False,
            )
            for number in range(1, self.ROWS + 1)
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values.setdefault("settles", "")
        if any(row.has_changed() and not row.is_valid() for row in self.rows):
            raise forms.ValidationError("Enter what needs doing for each action.")
        return values

    def values(self) -> dict[str, Any]:
        """Return the fields of the decision, and its actions: a mapping for each row that was filled in."""
        actions = [row.values() for row in self.rows if row.has_changed()]
        return {**self.cleaned_data, "actions": actions}
