"""The forms of versions of models."""

from typing import Any

from django import forms

from catalogue.models import Model, Version
from catalogue.operations.version import CHANGEABLE
from catalogue.recipes import MAX_JSON
from catalogue.states import VersionStage
from pages.forms import PageForm
from people.models import User


class VersionForm(PageForm):
    """The fields of a version that a person may change."""

    stage = forms.ChoiceField(choices=VersionStage.choices, initial=VersionStage.CANDIDATE)
    parent = forms.ModelChoiceField(
        Version.objects.none(),
        required=False,
        empty_label="None",
        help_text="The version that this one was made from.",
    )
    trigger = forms.CharField(
        label="Triggered by",
        required=False,
        max_length=500,
        help_text="Why it was trained, for example a drift breach or new labels.",
    )
    data_set = forms.CharField(
        label="Data set",
        required=False,
        max_length=500,
        help_text="Where the training data is, with its snapshot or date.",
    )
    code = forms.CharField(
        required=False, max_length=500, help_text="Where the training code is, with its commit."
    )
    configuration = forms.JSONField(
        required=False,
        max_length=MAX_JSON,
        widget=forms.Textarea(attrs={"rows": 5, "class": "textarea", "spellcheck": "false"}),
        help_text='A JSON object, such as {"max_depth": 6}.',
    )
    made_at = forms.DateTimeField(
        label="Trained at",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Leave blank to use the time at which you save.",
    )

    def __init__(
        self, *args: Any, model: Model, user: User, without: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        rows = Version.objects.visible_to(user).filter(model=model).exclude(pk=without)
        fields: dict[str, Any] = self.fields
        fields["parent"].queryset = rows.select_related("model").order_by("-made_at", "-pk")
        fields["parent"].label_from_instance = lambda version: version.name

    @classmethod
    def of(cls, version: Version, data: Any = None, *, user: User) -> "VersionForm":
        """Return the form of an existing version."""
        initial = {name: getattr(version, name) for name in CHANGEABLE}
        form = cls(data, initial=initial, model=version.model, user=user, without=version.pk)
        form.fields["made_at"].help_text = "Leave blank to keep it as it is."
        return form

    def values(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in CHANGEABLE}
        if values["made_at"] is None:
            del values["made_at"]
        return values


class NewVersionForm(VersionForm):
    """The fields of a new version. Only the name is required."""

    name = forms.CharField(max_length=120, help_text="Its name or number in the registry, for example 7.")
    field_order: Any = ("name", "stage", "parent", "trigger", "data_set", "code", "configuration", "made_at")

    def values(self) -> dict[str, Any]:
        return super().values() | {"name": self.cleaned_data["name"]}
