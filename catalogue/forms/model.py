"""The forms of models."""

from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q

from catalogue.models import Model
from catalogue.operations.model import CHANGEABLE
from catalogue.states import Stage, Tier
from lists.collation import BY_NAME
from pages.forms import PageForm
from people.models import Team, User


class ModelForm(PageForm):
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

    def __init__(self, *args: Any, user: User, present: Model | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        selectable = Q(is_active=True) | Q(pk=present.developer_id if present else None)
        fields: dict[str, Any] = self.fields
        fields["owner_team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)
        people = User.objects.filter(selectable).visible_to(user)
        fields["developer"].queryset = people.order_by(*BY_NAME)

    @classmethod
    def of(cls, model: Model, data: Any = None, *, user: User) -> "ModelForm":
        """Return the form of an existing model."""
        initial = {name: getattr(model, name) for name in CHANGEABLE}
        return cls(data, initial=initial, user=user, present=model)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CHANGEABLE}


class NewModelForm(ModelForm):
    """The fields of a new model. Only the name is required."""

    slug = forms.CharField(
        label="External name",
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


class StageForm(PageForm):
    """The stage to move a model to."""

    stage = forms.ChoiceField(choices=Stage.choices)

    def values(self) -> dict[str, Any]:
        return {"to": self.cleaned_data["stage"]}
