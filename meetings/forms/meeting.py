"""The forms of meetings and agenda items."""

from typing import Any

from django import forms

from history.models import Subject
from meetings.models import AgendaItem, Meeting
from meetings.operations import mailing
from meetings.states import Purpose
from pages.forms import PageForm
from people.models import User


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


class ContestForm(PageForm):
    """Why the meeting should discuss a proposal."""

    reason = forms.CharField(
        max_length=300,
        label="Discuss it in the meeting because",
        help_text="Everyone who sees it reads this.",
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


class PublicationForm(PageForm):
    """To how many people the agenda is mailed, as the page said it."""

    mails_to = forms.IntegerField(required=False, min_value=0, max_value=mailing.MOST_MAILS)

    def values(self) -> dict[str, Any]:
        return {"mails_to": self.cleaned_data["mails_to"] or 0}


class CancellationForm(PageForm):
    """Why a meeting is cancelled."""

    reason = forms.CharField(required=False, max_length=300)
