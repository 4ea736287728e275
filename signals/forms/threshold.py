"""The forms of thresholds."""

from typing import Any

from django import forms

from pages.forms import PageForm
from signals.models import ThresholdVersion
from signals.queries.backtest import MOST_DAYS
from signals.states import RuleDirection, RuleKind
from signals.thresholds import Rule, problems

LIMITS = (
    "kind",
    "direction",
    "warning",
    "critical",
    "clear",
    "warning_low",
    "critical_low",
    "clear_low",
    "needed",
    "among",
    "window_hours",
    "reopen_hours",
)
# Fields in which an empty text is the default of the rule.
_DEFAULTS = {"kind": RuleKind.LIMIT, "direction": RuleDirection.ABOVE}


class ThresholdForm(PageForm):
    """A proposed version. The operation checks that there is a limit and a reason."""

    kind = forms.ChoiceField(choices=RuleKind, label="Rule", required=False)
    direction = forms.ChoiceField(
        choices=[
            (RuleDirection.ABOVE, "Rises above the limit"),
            (RuleDirection.BELOW, "Falls below the limit"),
            (RuleDirection.BOTH, "Changes either way"),
        ],
        label="Breach when the value",
        required=False,
        help_text="“Changes either way” is for a change or a deviation.",
    )
    warning = forms.FloatField(
        label="Warning limit",
        required=False,
        help_text="Leave blank for none. A change is in per cent, a deviation in robust deviations"
        " (3 is unusual), no data in hours.",
    )
    critical = forms.FloatField(label="Critical limit", required=False, help_text="Leave blank for none.")
    clear = forms.FloatField(
        label="Clears at",
        required=False,
        help_text="The breach clears at this value. Leave blank to clear within the first limit.",
    )
    warning_low = forms.FloatField(
        label="Lower warning limit", required=False, help_text="The lower end of a range."
    )
    critical_low = forms.FloatField(
        label="Lower critical limit", required=False, help_text="The lower end of a range."
    )
    clear_low = forms.FloatField(
        label="Lower end clears at", required=False, help_text="The lower end of a range."
    )
    needed = forms.IntegerField(
        label="Points that must cross", required=False, help_text="Of several of the last points: n."
    )
    among = forms.IntegerField(
        label="Of the last points", required=False, help_text="Of several of the last points: m."
    )
    window_hours = forms.FloatField(
        label="Window (hours)",
        required=False,
        help_text="Of a change: each of the two windows. Of a deviation: the history to compare with.",
    )
    reopen_hours = forms.FloatField(
        label="Reopens within (hours)",
        required=False,
        help_text="A crossing this soon after the last one reopens its breach. Leave blank for 24.",
    )
    is_retraining_trigger = forms.BooleanField(
        label="Retraining trigger",
        required=False,
        help_text="A crossing opens a change request to retrain the model.",
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
        names = (*LIMITS, "is_retraining_trigger")
        limits = {name: getattr(version, name) for name in names} if version else {}
        integers = {
            name: int(value)
            for name, value in limits.items()
            if isinstance(value, float) and value.is_integer()
        }
        return cls(data, initial={**limits, **integers})

    def values(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in (*LIMITS, "is_retraining_trigger", "reason")}
        return values | {name: values[name] or default for name, default in _DEFAULTS.items()}


class BacktestForm(ThresholdForm):
    """A rule to test on the stored points, from the query of the address."""

    days = forms.IntegerField(required=False, min_value=1, max_value=MOST_DAYS)
    field_order = (*LIMITS, "days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reason"], self.fields["is_retraining_trigger"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors:
            for name, message in problems(self.rule()).items():
                self.add_error(name, message)
        return given

    def rule(self) -> Rule:
        values = {name: self.cleaned_data[name] for name in LIMITS}
        return Rule(**values | {name: values[name] or default for name, default in _DEFAULTS.items()})


class DeclineForm(PageForm):
    """The reason for declining a proposed version. The operation checks that there is one."""

    reason = forms.CharField(max_length=2_000, required=False)
