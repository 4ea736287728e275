"""The button that makes a risk of a pattern."""

from django import forms

from signals.states import PATTERN_DAYS, PATTERN_PERIODS


class RiskOfPatternForm(forms.Form):
    """pattern: its key. days: how many days the page searched."""

    pattern = forms.RegexField("^[0-9a-f]{16}$")
    days = forms.TypedChoiceField(
        choices=[(str(days), days) for days in PATTERN_PERIODS], coerce=int, required=False
    )

    def clean_days(self) -> int:
        return self.cleaned_data["days"] or PATTERN_DAYS
