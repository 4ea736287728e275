"""The form of mutes."""

from typing import Any

from django import forms

from pages.forms import PageForm

_MOMENT = "%Y-%m-%dT%H:%M"


def _moment(**options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(widget=widget, **options)


class MuteForm(PageForm):
    """A mute of a threshold. The operation checks the times."""

    prefix = "mute"

    ends_at = _moment(label="Muted until")
    starts_at = _moment(label="From", required=False, help_text="Leave blank to mute from now on.")
    reason = forms.CharField(
        label="Reason",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example known work on the data, with its reference.",
    )
