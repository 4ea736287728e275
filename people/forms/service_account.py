"""The forms of the pages about service accounts."""

from typing import Any

from django import forms

from pages.forms import PageForm
from people import queries
from people.models import Team, User
from people.operations.service_account import ROLES
from people.states import Role


class ServiceAccountForm(PageForm):
    name = forms.CharField(max_length=120, help_text="Such as Nightly import.")
    purpose = forms.CharField(
        label="What it is for", max_length=300, help_text="Which program uses it, and what it does here."
    )
    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in ROLES],
        initial=Role.MEMBER,
        help_text="The scope of each token limits it further.",
    )
    responsible = forms.ModelChoiceField(
        label="Responsible person",
        queryset=User.objects.none(),
        required=False,
        empty_label="None",
        help_text="Owns what it creates, such as a source of signals.",
    )
    responsible_team = forms.ModelChoiceField(
        label="Responsible team", queryset=Team.objects.none(), required=False, empty_label="None"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["responsible"].queryset = queries.people().exclude(role=Role.VIEWER)
        fields["responsible_team"].queryset = queries.teams()
