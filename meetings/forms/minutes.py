"""The form of a correction of minutes."""

from django import forms

from pages.forms import PageForm


class CorrectionForm(PageForm):
    """A correction of minutes. The operation checks that there is a text."""

    text = forms.CharField(
        label="Correction",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is wrong, and what is right. The minutes stay as they are; everybody sees both.",
    )
