"""The forms of dashboards: what they show, which period, and where a snapshot is pinned."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from catalogue.models import Model
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import Team, User
from signals.dashboards import MAX_PANELS
from signals.models import Series
from signals.states import PanelKind, SignalKind

_BLANK_PANELS = 2
_PARTS = ("kind", "title", "series", "models", "metric", "signal", "place")
MAX_CHOICES = 500


class DashboardForm(PageForm):
    """A dashboard: its name, a group of fields for each panel, and some empty ones.

    Panels without a kind are left out. `place` orders them. Series and models of a panel that the writer may
    not see are not offered, and stay.
    """

    name = forms.CharField(max_length=120)
    purpose = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    team = forms.ModelChoiceField(Team.objects.none(), required=False, empty_label="No team")
    focus = forms.ChoiceField(required=False, help_text="The focus of the meetings that use it.")

    def __init__(
        self, *args: Any, user: User, panels: Sequence[Mapping[str, Any]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)
        fields["focus"].choices = [("", "No focus"), *SignalKind.choices]
        sent = sum(name.startswith("kind-") for name in self.data)
        self.count = min(max(len(panels) + _BLANK_PANELS, sent), MAX_PANELS)
        series = Series.objects.visible_to(user).order_by("model_name", "metric", "feature", "slice", "id")
        # Loaded once: each panel offers the same choices.
        self.series = [(row.pk, row.subject_title) for row in series[:MAX_CHOICES]]
        models = Model.objects.visible_to(user).order_by(*BY_NAME)
        self.models = list(models[:MAX_CHOICES].values_list("pk", "name"))
        self.hidden: dict[str, list[int]] = {}
        for number in range(self.count):
            panel = panels[number] if number < len(panels) else {}
            for part, rows in (("series", self.series), ("models", self.models)):
                offered = {pk for pk, _ in rows}
                self.hidden[f"{part}-{number}"] = [pk for pk in panel.get(part, ()) if pk not in offered]
            for part in _PARTS:
                fields[f"{part}-{number}"] = self._field(part, number + 1, panel)

    @classmethod
    def of(cls, dashboard: Any, data: Any = None, *, user: User) -> "DashboardForm":
        """Return the form of a dashboard of queries.dashboards()."""
        initial = {name: getattr(dashboard, name) for name in ("name", "purpose", "team", "focus")}
        return cls(data, initial=initial, user=user, panels=dashboard.current_panels)

    def _field(self, part: str, number: int, panel: Mapping[str, Any]) -> forms.Field:
        chosen = panel.get(part, ())
        if part == "kind":
            kinds = [("", "No panel"), *PanelKind.choices]
            return forms.ChoiceField(
                label=f"What panel {number} shows",
                choices=kinds,
                required=False,
                initial=panel.get("kind", ""),
            )
        if part == "signal":
            return forms.ChoiceField(
                label=f"Breaches of panel {number}",
                choices=[("", "Of all kinds"), *SignalKind.choices],
                required=False,
                initial=panel.get("signal", ""),
            )
        if part in ("series", "models"):
            rows = self.series if part == "series" else self.models
            return forms.TypedMultipleChoiceField(
                label=f"{part.capitalize()} of panel {number}",
                choices=rows,
                coerce=int,
                required=False,
                initial=chosen,
                widget=forms.SelectMultiple(attrs={"size": 5}),
            )
        if part == "place":
            return forms.IntegerField(
                label=f"Place of panel {number}",
                min_value=1,
                max_value=MAX_PANELS,
                initial=number,
                required=False,
            )
        label = "Title" if part == "title" else "Metric"
        return forms.CharField(
            label=f"{label} of panel {number}", required=False, max_length=120, initial=panel.get(part, "")
        )

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        chosen = [number for number in range(self.count) if given[f"kind-{number}"]]
        chosen.sort(key=lambda number: (given[f"place-{number}"] or number + 1, number))
        panels = [self._panel(number) for number in chosen]
        return {name: given[name] for name in ("name", "purpose", "team", "focus")} | {"panels": panels}

    def _panel(self, number: int) -> dict[str, Any]:
        panel = {part: self.cleaned_data[f"{part}-{number}"] for part in _PARTS if part != "place"}
        for part in ("series", "models"):
            panel[part] = [*panel[part], *self.hidden[f"{part}-{number}"]]
        return panel

    @property
    def panels(self) -> list[list[Any]]:
        """Return the bound fields of each panel."""
        return [[self[f"{part}-{number}"] for part in _PARTS] for number in range(self.count)]


class NewDashboardForm(DashboardForm):
    """A new dashboard. model: whoever may see it may see the dashboard, and nobody else."""

    model = forms.ModelChoiceField(
        Model.objects.none(),
        required=False,
        empty_label="No single model",
        help_text="Only those who see this model see the dashboard. It cannot be changed later.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        self.order_fields(["name", "purpose", "model", "team", "focus"])

    def values(self) -> dict[str, Any]:
        return super().values() | {"model": self.cleaned_data["model"]}


class SnapshotForm(PageForm):
    """What a snapshot is called, and the meeting or other object that it is pinned to."""

    name = forms.CharField(max_length=200)
    pinned_to = forms.CharField(
        label="Pin to",
        required=False,
        max_length=24,
        help_text="A reference of a meeting, incident, breach, risk or review, such as M-12. Blank for none.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_pinned_to(self) -> Subject | None:
        text = self.cleaned_data["pinned_to"].strip().upper()
        if not text:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=text).first()
        if subject is None:
            raise forms.ValidationError("There is no object with this reference. Use one such as M-12.")
        return subject


class BackForm(PageForm):
    """The version whose panels are shown again."""

    number = forms.IntegerField(min_value=1, max_value=2**31 - 1)
