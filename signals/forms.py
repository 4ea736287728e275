"""Forms for thresholds, series and sources."""

import json
from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q

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
    """A proposed version: at least one limit, and why."""

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
        """The form for the version after this one."""
        present = {name: getattr(version, name) for name in LIMITS} if version else {}
        whole = {
            name: int(value)
            for name, value in present.items()
            if isinstance(value, float) and value.is_integer()
        }
        return cls(data, initial={**present, **whole})

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in (*LIMITS, "reason")}


class MetricSeriesForm(PageForm):
    """What a series is said to be."""

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
        able = Q(is_active=True) | Q(pk=present.owner_id if present else None)
        if present is not None and present.adapter == Adapter.POINTS:
            del self.fields["mapping"]  # points name their model themselves
        owner, period = self.fields["owner"], self.fields["period"]
        owner.queryset = User.objects.filter(able).visible_to(user).order_by("name", "id")  # type: ignore[attr-defined]
        period.choices = _periods(present.expected_every if present else None)  # type: ignore[attr-defined]

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
            found = json.loads(text, parse_constant=_refuse)
            if "\\u0000" in json.dumps(found):
                raise ValueError
            json.dumps(found, ensure_ascii=False).encode()
            return found
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
        said = self.cleaned_data
        told = {"name": said["name"], "owner": said["owner"], "expected_every": said["period"]}
        return told | ({"mapping": said["mapping"]} if "mapping" in said else {})


class NewSourceForm(SourceForm):
    """A source to be added before its first body."""

    slug = forms.CharField(
        label="URL name",
        max_length=60,
        help_text="Letters, digits and hyphens. Part of the URL that the tool sends to.",
    )
    adapter = forms.ChoiceField(label="Format", choices=Adapter.choices)
    field_order = ("name", "slug", "adapter", "owner", "period", "mapping")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower()
        validate_slug(slug)
        return slug

    def values(self) -> dict[str, Any]:
        said = self.cleaned_data
        return super().values() | {"slug": said["slug"], "adapter": said["adapter"]}


def _refuse(word: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(word)


def seconds_of(length: timedelta | None) -> str:
    return str(int(length.total_seconds())) if length else ""


def _periods(present: timedelta | None) -> list[tuple[str, str]]:
    known = [(seconds_of(length), words) for length, words in PERIODS]
    if present and seconds_of(present) not in dict(known):
        known.append((seconds_of(present), f"Every {present}"))
    return [("", "Irregularly"), *known]


class DeclineForm(PageForm):
    """Why a proposed version is declined. The operation says what is missing."""

    reason = forms.CharField(max_length=2_000, required=False)
