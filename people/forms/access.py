"""The forms by which people come in: reset, invitation, sign-up."""

from typing import Any

from django import forms

from pages.forms import PageForm
from people import queries
from people.forms import NewPassword
from people.models import Function, Team
from people.operations import address, invitation
from people.states import Role


class Email(PageForm):
    """An address that a link is mailed to."""

    email = forms.EmailField(
        label="Email",
        max_length=address.LONGEST,
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )


class Accept(NewPassword):
    name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    field_order = ("name", "password", "again")


class Code(PageForm):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(
            {
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
        help_text="Six digits of your authenticator app, or one of your recovery codes.",
    )


class AppCode(Code):
    """The code by which a new authenticator app shows that it has the secret."""

    code = forms.CharField(
        label="Code of the app",
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text="The six digits that the app shows now.",
    )


class Confirm(PageForm):
    password = forms.CharField(
        strip=False,
        label="Your password",
        widget=forms.PasswordInput({"autocomplete": "current-password", "autofocus": True}),
        max_length=1000,
    )


class NewPasskey(PageForm):
    name = forms.CharField(
        label="Name", max_length=80, help_text="Where it is kept, such as “Work laptop” or “Blue key”."
    )
    credential = forms.CharField(widget=forms.HiddenInput, max_length=20_000)


class RenamePasskey(PageForm):
    name = forms.CharField(label="Name", max_length=80)


class UsedPasskey(PageForm):
    credential = forms.CharField(widget=forms.HiddenInput, max_length=20_000)


class Invite(PageForm):
    addresses = forms.CharField(
        label="Email addresses",
        max_length=invitation.MOST_AT_ONCE * 260,
        widget=forms.Textarea({"rows": 5, "class": "textarea", "spellcheck": "false", "autofocus": True}),
        help_text=f"One on each line, or separated by commas. At most {invitation.MOST_AT_ONCE}.",
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER)
    function = forms.ModelChoiceField(queryset=Function.objects.none(), required=False, empty_label="None")
    teams = forms.ModelMultipleChoiceField(
        label="Teams",
        queryset=Team.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They join these teams at once.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["function"].queryset = queries.functions()  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["teams"].queryset = queries.teams()  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

    def clean_addresses(self) -> list[str]:
        text = self.cleaned_data["addresses"]
        for mark in ",;":
            text = text.replace(mark, "\n")
        return [line.strip() for line in text.splitlines() if line.strip()]
