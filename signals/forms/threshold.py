"""The forms of thresholds."""

from typing import Any

from django import forms

from pages.forms import PageForm
from signals.models import ThresholdVersion
from signals.states import Direction

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


class DeclineForm(PageForm):
    """The reason for declining a proposed version. The operation checks that there is one."""

    reason = forms.CharField(max_length=2_000, required=False)
