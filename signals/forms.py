"""The forms of thresholds, series and sources."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q

from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import User
from signals.models import Series, Source, ThresholdVersion
from signals.states import Adapter, Direction, SignalKind

PERIODS = (
    (timedelta(minutes=15), "Every 15 minutes"),
    (timedelta(hours=1), "Every hour"),
    (timedelta(hours=6), "Every 6 hours"),
    (timedelta(days=1), "Every day"),
    (timedelta(days=7), "Every week"),
)
LIMITS = ("direction", "warning", "critical", "clear")


class ThresholdForm(PageForm):
    """A proposed version. The operation checks that there is a limit and a reason."""

    direction = forms.ChoiceField(
        choices=[(Direction.ABOVE, "Rises above the limit"), (Direction.BELOW, "Falls below the limit")],
        label="Breach when the value",
    )
    warning = forms.FloatField(label="Warning limit", required=False, help_text="Leave blank for none.")
    critical = forms.FloatField(label="Critical limit", required=False, help_text="Leave blank for none.")
    clear = forms.FloatField(
        label="Clears at",
        required=False,
        help_text="The breach clears at this value. Leave blank to clear within the first limit.",
    )
    reason = forms.CharField(
        label="Reason",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example past incidents, a study or an agreement.",
    )

    @classmethod
    def like(cls, version: ThresholdVersion | None, data: Any = None) -> "ThresholdForm":
        """Return a form that starts from the limits of a version. Whole numbers are shown without ".0"."""
        limits = {name: getattr(version, name) for name in LIMITS} if version else {}
        integers = {
            name: int(value)
            for name, value in limits.items()
            if isinstance(value, float) and value.is_integer()
        }
        return cls(data, initial={**limits, **integers})

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*LIMITS, "reason")}


class MetricSeriesForm(PageForm):
    """The fields of a series that a person may set."""

    kind = forms.ChoiceField(
        choices=SignalKind.choices, help_text="Decides which meeting reviews its breaches."
    )
    unit = forms.CharField(max_length=16, required=False, help_text="For example ms or %.")

    @classmethod
    def of(cls, series: Series, data: Any = None) -> "MetricSeriesForm":
        return cls(data, initial={"kind": series.kind, "unit": series.unit})


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

    def __init__(self, *args: Any, user: User, present: Source | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        selectable = Q(is_active=True) | Q(pk=present.owner_id if present else None)
        if present is not None and present.adapter == Adapter.POINTS:
            del self.fields["mapping"]  # points name their model themselves
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = User.objects.filter(selectable).visible_to(user).order_by(*BY_NAME)
        fields["period"].choices = _periods(present.expected_every if present else None)

    @classmethod
    def of(cls, source: Source, data: Any = None, *, user: User) -> "SourceForm":
        initial = {
            "name": source.name,
            "owner": source.owner_id,
            "period": seconds_of(source.expected_every),
            "mapping": json.dumps(source.mapping, indent=2, ensure_ascii=False) if source.mapping else "",
        }
        return cls(data, initial=initial, user=user, present=source)

    def clean_mapping(self) -> Any:
        text = self.cleaned_data["mapping"].strip()
        if not text:
            return {}
        try:
            mapping = json.loads(text, parse_constant=_refuse)
            if "\\u0000" in json.dumps(mapping):
                raise ValueError
            json.dumps(mapping, ensure_ascii=False).encode()
            return mapping
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Enter valid JSON. Line {error.lineno}: {error.msg.lower()}."
            ) from None
        except (ValueError, RecursionError):
            raise forms.ValidationError("Enter valid JSON.") from None

    def clean_period(self) -> timedelta | None:
        seconds = self.cleaned_data["period"]
        return timedelta(seconds=int(seconds)) if seconds else None

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        values = {"name": data["name"], "owner": data["owner"], "expected_every": data["period"]}
        return values | ({"mapping": data["mapping"]} if "mapping" in data else {})


class NewSourceForm(SourceForm):
    """The form that creates a source before its first payload."""

    slug = forms.CharField(
        label="URL name",
        max_length=60,
        required=False,
        help_text="Letters, digits and hyphens. Part of the URL that the tool sends to. Blank: as the name.",
    )
    adapter = forms.ChoiceField(label="Format", choices=Adapter.choices)
    field_order = ("name", "slug", "adapter", "owner", "period", "mapping")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower()
        if slug:
            validate_slug(slug)
        return slug

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return super().values() | {"slug": data["slug"], "adapter": data["adapter"]}


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python's parser accepts but JSON does not have."""
    raise ValueError(constant)


def seconds_of(length: timedelta | None) -> str:
    """Return whole seconds as the value of a choice, "" for None."""
    return str(int(length.total_seconds())) if length else ""


def _periods(present: timedelta | None) -> list[tuple[str, str]]:
    choices = [(seconds_of(length), label) for length, label in PERIODS]
    if present and seconds_of(present) not in dict(choices):
        choices.append((seconds_of(present), f"Every {present}"))
    return [("", "Irregularly"), *choices]


class DeclineForm(PageForm):
    """The reason for declining a proposed version. The operation checks that there is one."""

    reason = forms.CharField(max_length=2_000, required=False)
