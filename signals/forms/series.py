"""The form of a series."""

from typing import Any

from django import forms

from pages.forms import PageForm
from signals.models import Series
from signals.states import SignalKind


class MetricSeriesForm(PageForm):
    """The fields of a series that a person may set."""

    kind = forms.ChoiceField(
        choices=SignalKind.choices, help_text="Decides which meeting reviews its breaches."
    )
    unit = forms.CharField(max_length=16, required=False, help_text="For example ms or %.")

    @classmethod
    def of(cls, series: Series, data: Any = None) -> "MetricSeriesForm":
        return cls(data, initial={"kind": series.kind, "unit": series.unit})
