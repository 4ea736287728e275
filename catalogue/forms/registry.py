"""The forms of model registries."""

from typing import Any

from django import forms

from catalogue.models import Registry
from catalogue.operations.registry import LONGEST, SHORTEST
from lists.collation import BY_NAME
from outgoing.urls import LONGEST as LONGEST_URL
from pages.forms import PageForm
from people import queries as people
from people.models import Team, User

_FIELDS = ("name", "url", "username", "owner", "owner_team", "every_minutes", "production_alias")


class NewRegistryForm(PageForm):
    """The fields of a new registry."""

    name = forms.CharField(max_length=80, help_text="As people call it, for example MLflow of Credit.")
    url = forms.CharField(
        label="Address",
        max_length=LONGEST_URL,
        widget=forms.URLInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="Of the MLflow tracking server, by https. "
        "Private networks must be allowed by RISKHUB_OUTGOING_ALLOW.",
    )
    username = forms.CharField(
        label="User name", required=False, max_length=120, help_text="Leave blank if a token is enough."
    )
    token = forms.CharField(
        label="Token or password",
        required=False,
        max_length=4_000,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text="It is stored sealed and never shown.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        empty_label=None,
        help_text="Imports change what this person may change. They are told if the registry fails.",
    )
    owner_team = forms.ModelChoiceField(
        Team.objects.none(),
        label="Owner team of new models",
        required=False,
        empty_label="No owner",
    )
    every_minutes = forms.IntegerField(
        label="Read every (minutes)", min_value=SHORTEST, max_value=LONGEST, initial=60
    )
    production_alias = forms.CharField(
        label="Alias of production",
        required=False,
        max_length=120,
        initial="champion",
        help_text="The version with this alias is in production.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people.people()
        fields["owner_team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*_FIELDS, "token")}


class RegistryForm(NewRegistryForm):
    """The fields of a registry that a person may change. A blank token changes nothing."""

    is_active = forms.BooleanField(
        label="Active", required=False, help_text="A paused registry is not read. What it imported stays."
    )

    @classmethod
    def of(cls, registry: Registry, data: Any = None, *, user: User) -> "RegistryForm":
        """Return the form of an existing registry."""
        initial = {name: getattr(registry, name) for name in (*_FIELDS, "is_active")}
        form = cls(data, initial=initial, user=user)
        form.fields[
            "token"
        ].help_text = "Leave blank to keep it. Another address removes it, unless you enter it again."
        return form

    def values(self) -> dict[str, Any]:
        values = super().values() | {"is_active": self.cleaned_data["is_active"]}
        if not values["token"]:
            del values["token"]
        return values
