"""The form of an alias of a model."""

from typing import Any

from django import forms

from catalogue.models import Model
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User


class AliasForm(PageForm):
    """Another name of a model."""

    name = forms.CharField(
        label="Alias",
        max_length=120,
        help_text="The name that a tool uses, in any script. Case, spaces and punctuation do not matter.",
    )
    model = forms.ModelChoiceField(Model.objects.none(), empty_label="Choose a model")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], "model": self.cleaned_data["model"]}
