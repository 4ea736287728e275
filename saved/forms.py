"""The forms of saved views."""

from typing import Any

from django import forms

from pages.forms import PageForm
from saved.models import SavedView
from saved.states import Pace


class SavedViewForm(PageForm):
    name = forms.CharField(label="Name", max_length=80)
    is_shared = forms.BooleanField(
        label="Share with everyone",
        required=False,
        help_text="Everyone sees the name and the filters. Each reader sees only the rows that they may see.",
    )
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["is_shared"]

    @classmethod
    def of(cls, view: SavedView, data: Any = None, *, query: str | None, may_share: bool) -> "SavedViewForm":
        """Return the form of a view. query: the filters that replace its own, None to keep them."""
        initial = {
            "name": view.name,
            "is_shared": view.is_shared,
            "query": view.query if query is None else query,
        }
        return cls(data, initial=initial, may_share=may_share)

    @property
    def shown_query(self) -> str:
        """Return the query that the form would save."""
        return str(self["query"].value() or "")


class NewSavedViewForm(SavedViewForm):
    list = forms.CharField(max_length=40, widget=forms.HiddenInput)


class SubscriptionForm(PageForm):
    pace = forms.ChoiceField(
        label="Tell me", widget=forms.RadioSelect, choices=[*Pace.choices, ("off", "Not at all")]
    )
