"""The form that says where a learning was used."""

from typing import Any

from django import forms

from history.models import Subject
from learnings.forms.learning import named_subject
from learnings.models.use import MAX_NOTE
from pages.forms import PageForm
from people.models import User


class LearningUseForm(PageForm):
    about = forms.CharField(
        label="Where",
        required=False,
        max_length=24,
        help_text="A reference such as R-12. Only those who may see it are shown where. May be left blank.",
    )
    note = forms.CharField(
        required=False,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="How it helped, in a sentence.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject | None:
        return named_subject(self.user, self.cleaned_data["about"])
