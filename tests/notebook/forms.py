"""The form of a note."""

from typing import Any

from django import forms

from pages.forms import PageForm
from people.models import User


class NoteForm(PageForm):
    title = forms.CharField(max_length=200)
    reader = forms.ModelChoiceField(User.objects.none())

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reader"]
        field.queryset = User.objects.active().visible_to(user)  # type: ignore[attr-defined]  # a ModelChoiceField
