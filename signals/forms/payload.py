"""The form that tries a payload of a source."""

from typing import Any

from django import forms

from pages.forms import PageForm
from signals.forms.json_text import parse_json
from signals.models import Source
from signals.states import Adapter

MAX_TRIED = 1_000_000  # characters


class TryForm(PageForm):
    """A payload as the tool would send it, and what its address would name."""

    body = forms.CharField(
        label="Payload",
        max_length=MAX_TRIED,
        widget=forms.Textarea(attrs={"rows": 14, "class": "textarea monospace", "spellcheck": "false"}),
        help_text="JSON, as the tool sends it.",
    )
    model = forms.CharField(
        required=False, max_length=120, help_text="What ?model= of the address would name."
    )

    def __init__(self, *args: Any, source: Source, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source.adapter not in NAMED_BY_ADDRESS:
            del self.fields["model"]

    def clean_body(self) -> Any:
        return parse_json(self.cleaned_data["body"])


NAMED_BY_ADDRESS = frozenset({Adapter.EVIDENTLY, Adapter.MLFLOW, Adapter.GENERIC})
