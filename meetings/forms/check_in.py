"""The forms of check-ins."""

from typing import Any

from django import forms

from catalogue.models import Model
from history.models import Subject
from lists.collation import BY_NAME
from meetings.models import CheckIn
from meetings.states import CheckInKind
from pages.forms import PageForm
from people.models import User


class NewCheckInForm(PageForm):
    """A check-in: a text, and optional details."""

    text = forms.CharField(
        max_length=2000,
        label="What did you notice?",
        widget=forms.Textarea(attrs={"rows": 2, "data-hotkey": "n"}),
    )
    kind = forms.ChoiceField(choices=CheckInKind.choices, initial=CheckInKind.OTHER)
    model = forms.ModelChoiceField(Model.objects.none(), required=False, empty_label="No model")
    link = forms.URLField(required=False, max_length=500, assume_scheme="https")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)


class CheckInForm(PageForm):
    """The text, kind and link of a check-in."""

    text = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    kind = forms.ChoiceField(choices=CheckInKind.choices)
    link = forms.URLField(required=False, max_length=500, assume_scheme="https")

    @classmethod
    def of(cls, check_in: CheckIn, data: Any = None) -> "CheckInForm":
        return cls(data, initial={name: getattr(check_in, name) for name in ("text", "kind", "link")})


class AttachForm(PageForm):
    """The investigation that a check-in is attached to. Blank detaches it."""

    about = forms.CharField(
        label="Investigation",
        required=False,
        max_length=24,
        help_text="A risk, breach, review, incident or experiment, such as Q-3. Leave blank to detach.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject | None:
        """Return the subject, None if blank. One that the user may not see counts as not found."""
        reference = self.cleaned_data["about"].strip().upper()
        found = (
            Subject.objects.visible_to(self.user).filter(reference=reference).first() if reference else None
        )
        if reference and found is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as Q-3.")
        return found
