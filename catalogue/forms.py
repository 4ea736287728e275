"""What people fill in about models, and how the inventory is narrowed."""

from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q, QuerySet

from catalogue.models import Model
from catalogue.states import Stage, Tier
from people.models import Team, User

EDITED = ("name", "purpose", "tier", "owner_team", "developer", "link")


class ModelForm(forms.Form):
    """The fields of a model that a person may set."""

    name = forms.CharField(max_length=120, help_text="The display name.")
    purpose = forms.CharField(
        label="Purpose",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it decides, for whom, and what it must not be used for. Markdown is supported.",
    )
    tier = forms.TypedChoiceField(
        choices=[("", "Not rated"), *Tier.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Based on exposure and purpose. Tier 1 has the highest impact.",
    )
    owner_team = forms.ModelChoiceField(
        Team.objects.none(), label="Owner team", required=False, empty_label="No owner"
    )
    developer = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="For example the repository, registry entry or model card.",
    )

    def __init__(self, *args: Any, user: Any, present: Model | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = Q(is_active=True) | Q(pk=present.developer_id if present else None)
        teams, people = self.fields["owner_team"], self.fields["developer"]
        teams.queryset = Team.objects.visible_to(user).order_by("name", "id")  # type: ignore[attr-defined]
        people.queryset = User.objects.filter(able).visible_to(user).order_by("name", "id")  # type: ignore[attr-defined]

    @classmethod
    def of(cls, model: Model, data: Any = None, *, user: Any) -> "ModelForm":
        """The form of a model that is there already."""
        initial = {name: getattr(model, name) for name in EDITED}
        return cls(data, initial=initial, user=user, present=model)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in EDITED}


class NewModelForm(ModelForm):
    """A model to be registered: its name is enough."""

    slug = forms.CharField(
        label="Name in other tools",
        required=False,
        max_length=120,
        help_text="The value of the label “model” in alerts and data points. Leave blank to use the name.",
    )
    stage = forms.ChoiceField(choices=Stage.choices, initial=Stage.PRODUCTION, required=False)
    field_order = ("name", "slug", "purpose", "tier", "stage", "owner_team", "developer", "link")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower()
        if slug:
            validate_slug(slug)
        return slug

    def values(self) -> dict[str, Any]:
        stage = self.cleaned_data["stage"] or Stage.PRODUCTION
        return super().values() | {"slug": self.cleaned_data["slug"], "stage": stage}


class Narrow(forms.Form):
    """The filters of the inventory. What is not understood is left out: an old link still shows something."""

    q = forms.CharField(required=False, max_length=120)
    team = forms.ChoiceField(required=False)
    tier = forms.ChoiceField(choices=[("", "Any tier"), *Tier.choices, ("none", "Not rated")], required=False)
    stage = forms.ChoiceField(choices=[("", "Any stage"), *Stage.choices], required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.visible_to(user).order_by("name", "id").values_list("slug", "name")
        self.fields["team"].choices = [("", "Any team"), *teams, ("none", "No team")]  # type: ignore[attr-defined]
        self.full_clean()

    def applied(self, rows: QuerySet[Model]) -> QuerySet[Model]:
        """rows, narrowed."""
        said = {name: self.cleaned_data.get(name) for name in self.fields}
        if said["q"]:
            rows = rows.filter(Q(name__icontains=said["q"]) | Q(slug__icontains=said["q"]))
        if said["team"]:
            rows = (
                rows.filter(owner_team__slug=said["team"])
                if said["team"] != "none"
                else rows.filter(owner_team=None)
            )
        if said["tier"]:
            rows = rows.filter(tier=None if said["tier"] == "none" else int(said["tier"]))
        return rows.filter(stage=said["stage"]) if said["stage"] else rows

    @property
    def is_narrowing(self) -> bool:
        return any(self.cleaned_data.values())
