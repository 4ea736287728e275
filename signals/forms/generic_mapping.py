"""The form that builds the mapping of a source: a path for each field, filled by clicking in a sample."""

from typing import Any

from django import forms

from pages.forms import PageForm
from signals.forms.json_text import parse_json
from signals.forms.payload import MAX_TRIED
from signals.forms.severities import parse_severities, severities_as_text
from signals.mapping import generic
from signals.mapping.generic import ALERT_FIELDS, POINT_FIELDS, STATUSES
from signals.mapping.text import Unusable

MAKES = (("points", "A measurement, which thresholds judge"), ("alerts", "A check that failed or passed"))
_PATHS = {
    "items": ("Items", "The list whose entries are the items. Leave blank if the body is the list."),
    "members": ("Members", "If one item has many values: a pattern such as {feature}.{metric}.value."),
    "model": ("Model", "A path, or the name after “=”. Leave blank if the address names it: ?model=."),
    "metric": ("Metric", ""),
    "value": ("Value", ""),
    "ts": ("Time", "Leave blank for the moment of receipt."),
    "rule": ("Check", "What names the check. The same check of the next run has the same name."),
    "status": ("Status", ""),
    "severity": ("Severity", "Decides the level, if the tool has one."),
    "feature": ("Feature", ""),
    "slice": ("Slice", ""),
    "kind": ("Kind", "A path, or a kind after “=”, for example =data_quality."),
    "unit": ("Unit", ""),
    "limit": ("Limit", ""),
    "summary": ("Summary", ""),
}


class BuildMappingForm(PageForm):
    """The mapping of a source of any JSON, and the sample that it is built from."""

    makes = forms.ChoiceField(label="Each item is", choices=MAKES)
    statuses = forms.CharField(
        label="Statuses",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "textarea monospace", "spellcheck": "false"}),
        help_text=f"One per line, for example “fail: critical”. Use {', '.join(STATUSES)}.",
    )
    is_complete = forms.BooleanField(
        label="The body has every failing check",
        required=False,
        help_text="A check that it does not contain has passed.",
    )
    body = forms.CharField(
        label="Sample",
        required=False,
        max_length=MAX_TRIED,
        widget=forms.Textarea(
            attrs={"rows": 10, "class": "textarea monospace", "spellcheck": "false", "data-sample": ""}
        ),
        help_text="JSON, as the tool sends it. Click a field above, then a value in the sample.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, help_text) in _PATHS.items():
            widget = forms.TextInput(
                attrs={"class": "input monospace", "data-path": "", "spellcheck": "false"}
            )
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=400, widget=widget, help_text=help_text
            )
        self.order_fields(["makes", *_PATHS, "statuses", "is_complete", "body"])

    @classmethod
    def of(cls, mapping: dict[str, Any], sample: str, data: Any = None) -> "BuildMappingForm":
        """Return the form of a mapping. sample: a body of the tool as text."""
        statuses = severities_as_text(mapping.get("statuses", {}))
        return cls(data, initial={**mapping, "statuses": statuses, "body": sample})

    def clean_statuses(self) -> dict[str, str]:
        return parse_severities(self.cleaned_data["statuses"], rules=STATUSES, noun="status")

    def clean_body(self) -> Any:
        text = self.cleaned_data["body"].strip()
        return parse_json(text) if text else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors:
            try:
                generic.check_mapping(self.mapping())
            except Unusable as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
        return data

    def mapping(self) -> dict[str, Any]:
        """Return the mapping, with the fields of what it makes that are filled in.

        What severities and kinds of the tool mean is set by the API. It stays for alerts.
        """
        data = self.cleaned_data
        is_alerts = data["makes"] == "alerts"
        fields = (*ALERT_FIELDS, "statuses", "is_complete") if is_alerts else (*POINT_FIELDS, "members")
        filled = {name: data[name] for name in ("items", *fields) if data.get(name)}
        kept = ("severities", "kinds") if is_alerts else ()
        told = {name: self.initial[name] for name in kept if self.initial.get(name)}
        return {"makes": data["makes"], **filled, **told}

    def values(self) -> dict[str, Any]:
        return {"mapping": self.mapping()}
