"""The forms of sources."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q

from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User
from signals.forms.json_text import parse_json
from signals.forms.severities import SEVERITIES_HELP, parse_severities, severities_as_text
from signals.models import Source
from signals.states import ALERTING, SIGNING, Adapter

PERIODS = (
    (timedelta(minutes=15), "Every 15 minutes"),
    (timedelta(hours=1), "Every hour"),
    (timedelta(hours=6), "Every 6 hours"),
    (timedelta(days=1), "Every day"),
    (timedelta(days=7), "Every week"),
)


class SourceForm(PageForm):
    """The fields of a source that a person may set."""

    name = forms.CharField(max_length=80)
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Unassigned",
        help_text="Who to contact when the source stops sending.",
    )
    period = forms.ChoiceField(label="Interval", required=False)
    mapping = forms.CharField(
        label="Label mapping",
        required=False,
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 6, "class": "textarea monospace", "spellcheck": "false"}),
        help_text='JSON. Leave blank for the default: {"model": ["service"], "kinds": {"slo": "latency"}}.',
    )

    severities = forms.CharField(
        label="Severities",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "textarea monospace", "spellcheck": "false"}),
        help_text=SEVERITIES_HELP,
    )

    secret = forms.CharField(
        label="Signing secret",
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text="With which the tool signs its bodies, instead of a token. Leave blank to keep it.",
    )

    def __init__(self, *args: Any, user: User, present: Source | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        selectable = Q(is_active=True) | Q(pk=present.owner_id if present else None)
        if present is not None and present.adapter not in ALERTING:
            del self.fields["mapping"]  # points name their model themselves
            del self.fields["severities"]
        if present is None or present.adapter not in SIGNING:
            del self.fields["secret"]
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = User.objects.filter(selectable).visible_to(user).order_by(*BY_NAME)
        fields["period"].choices = _periods(present.expected_every if present else None)

    @classmethod
    def of(cls, source: Source, data: Any = None, *, user: User) -> "SourceForm":
        labels = {name: value for name, value in source.mapping.items() if name != "severities"}
        initial = {
            "name": source.name,
            "owner": source.owner_id,
            "period": seconds_of(source.expected_every),
            "mapping": json.dumps(labels, indent=2, ensure_ascii=False) if labels else "",
            "severities": severities_as_text(source.mapping.get("severities", {})),
        }
        return cls(data, initial=initial, user=user, present=source)

    def clean_mapping(self) -> Any:
        text = self.cleaned_data["mapping"].strip()
        if not text:
            return {}
        return parse_json(text)

    def clean_severities(self) -> dict[str, str]:
        return parse_severities(self.cleaned_data["severities"])

    def clean_period(self) -> timedelta | None:
        seconds = self.cleaned_data["period"]
        return timedelta(seconds=int(seconds)) if seconds else None

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        values = {"name": data["name"], "owner": data["owner"], "expected_every": data["period"]}
        if data.get("secret"):
            values["secret"] = data["secret"]
        if "mapping" not in data:
            return values
        mapping, severities = data["mapping"], data["severities"]
        if severities and isinstance(mapping, dict):
            mapping = {**mapping, "severities": severities}
        return values | {"mapping": mapping}


class NewSourceForm(SourceForm):
    """The form that creates a source before its first payload."""

    slug = forms.CharField(
        label="URL name",
        max_length=60,
        required=False,
        help_text="Letters, digits and hyphens. Part of the URL that the tool sends to. Blank: as the name.",
    )
    adapter = forms.ChoiceField(label="Format", choices=Adapter.choices)
    field_order = ("name", "slug", "adapter", "owner", "period", "severities", "mapping")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower()
        if slug:
            validate_slug(slug)
        return slug

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return super().values() | {"slug": data["slug"], "adapter": data["adapter"]}


def seconds_of(length: timedelta | None) -> str:
    """Return whole seconds as the value of a choice, "" for None."""
    return str(int(length.total_seconds())) if length else ""


def _periods(present: timedelta | None) -> list[tuple[str, str]]:
    choices = [(seconds_of(length), label) for length, label in PERIODS]
    if present and seconds_of(present) not in dict(choices):
        choices.append((seconds_of(present), f"Every {present}"))
    return [("", "Irregularly"), *choices]
