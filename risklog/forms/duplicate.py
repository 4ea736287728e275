"""The form that closes a risk as the duplicate of another one."""

from typing import Any

from django import forms

from kit.refusals import Refused
from pages.forms import PageForm
from people.models import User
from risklog.models import Risk
from risklog.operations import duplicate
from risklog.queries import risk as queries


class MergeRiskForm(PageForm):
    into = forms.CharField(
        label="Duplicate of",
        max_length=20,
        help_text="The reference of the other risk, such as R-7.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example how the two descriptions relate.",
    )

    def __init__(self, *args: Any, risk: Risk, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.risk, self.user = risk, user

    def clean_into(self) -> Risk:
        """Return the risk. One that the person may not see counts as missing."""
        reference = self.cleaned_data["into"].strip().upper()
        found = queries.for_page(self.user).filter(subject__reference=reference).first()
        if found is None:
            raise forms.ValidationError(
                f"There is no risk “{reference}”. Enter the reference of another risk."
            )
        try:
            duplicate.check(self.risk, found)
        except Refused as refusal:
            raise forms.ValidationError(refusal.message) from None
        return found
