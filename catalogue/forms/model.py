"""The forms of models."""

from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.db.models import Q

from catalogue.models import Dependency, Model
from catalogue.operations.model import CHANGEABLE
from catalogue.states import (
    AffectedPeople,
    DataClass,
    Harm,
    PrivacyConstraint,
    Regulation,
    Stage,
    Tier,
    Use,
)
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import Team, User

_ANSWERS = {True: "yes", False: "no", None: ""}


class LinesField(forms.CharField):
    """Texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list instead of a text
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


class ModelForm(PageForm):
    """The fields of a model that a person may set. The tier has a form of its own."""

    name = forms.CharField(max_length=120, help_text="The display name.")
    purpose = forms.CharField(
        label="Purpose and intended use",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What it decides, and for whom. Markdown is supported.",
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
        fields: dict[str, Any] = self.fields
        fields["owner_team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)
        for name in {"developer", "validator"} & fields.keys():
            selectable = Q(is_active=True) | Q(pk=getattr(present, f"{name}_id", None))
            people = User.objects.filter(selectable).visible_to(user)
            fields[name].queryset = people.order_by(*BY_NAME)

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in self.fields}


class EditModelForm(ModelForm):
    """All fields of an existing model."""

    restrictions = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it must not be used for, and where it is known to fail.",
    )
    validator = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Unassigned",
        help_text="Who validates it. Not the developer.",
    )
    inputs = LinesField(
        label="Data sources", required=False, help_text="One a line, for example a table or a feed."
    )
    upstream = forms.ModelMultipleChoiceField(
        Model.objects.none(),
        label="Upstream models",
        required=False,
        help_text="The models whose output it takes.",
    )
    data_class = forms.ChoiceField(
        label="Data classification", choices=[("", "Not classified"), *DataClass.choices], required=False
    )
    has_personal_data = forms.TypedChoiceField(
        label="Personal data",
        choices=[("", "Not answered"), ("yes", "Yes"), ("no", "No")],
        coerce={"yes": True, "no": False}.get,
        empty_value=None,
        required=False,
    )
    privacy = forms.MultipleChoiceField(
        label="Privacy constraints",
        choices=PrivacyConstraint.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What follows from the personal data. Breaches of the model show it, too.",
    )
    regulation = forms.ChoiceField(label="Regulation class", choices=Regulation.choices)
    links = LinesField(label="Further links", required=False, help_text="One address a line.")
    validate_on = forms.DateField(label="Next validation on", required=False, widget=Day())
    validate_why = forms.CharField(
        label="What triggers it",
        required=False,
        max_length=500,
        help_text="A new version in production and a higher tier set both by themselves.",
    )
    field_order = (
        "name",
        "purpose",
        "restrictions",
        "owner_team",
        "developer",
        "validator",
        "inputs",
        "upstream",
        "data_class",
        "has_personal_data",
        "privacy",
        "regulation",
        "link",
        "links",
        "validate_on",
        "validate_why",
    )

    def __init__(self, *args: Any, user: User, present: Model, **kwargs: Any) -> None:
        super().__init__(*args, user=user, present=present, **kwargs)
        fields: dict[str, Any] = self.fields
        others = Model.objects.visible_to(user).exclude(pk=present.pk)
        fields["upstream"].queryset = others.order_by(*BY_NAME)

    @classmethod
    def of(cls, model: Model, data: Any = None, *, user: User) -> "EditModelForm":
        """Return the form of an existing model."""
        initial = {name: getattr(model, name) for name in CHANGEABLE if name in cls.base_fields}
        initial["has_personal_data"] = _ANSWERS[model.has_personal_data]
        present = Dependency.objects.filter(model=model, ended_at__isnull=True)
        initial["upstream"] = [row.upstream_id for row in present.visible_to(user)]
        return cls(data, initial=initial, user=user, present=model)

    def values(self) -> dict[str, Any]:
        return super().values() | {"upstream": list(self.cleaned_data["upstream"])}


class NewModelForm(ModelForm):
    """The fields of a new model. Only the name is required."""

    slug = forms.CharField(
        label="External name",
        required=False,
        max_length=120,
        help_text="The value of the label “model” in alerts and data points. Leave blank to use the name.",
    )
    stage = forms.ChoiceField(choices=Stage.choices, initial=Stage.PRODUCTION, required=False)
    field_order = ("name", "slug", "purpose", "stage", "owner_team", "developer", "link")

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"].strip().lower()
        if slug:
            validate_slug(slug)
        return slug

    def values(self) -> dict[str, Any]:
        return super().values() | {"stage": self.cleaned_data["stage"] or Stage.PRODUCTION}


class TierForm(PageForm):
    """The questions that give the tier of a model."""

    reach = forms.TypedChoiceField(
        label="Who is affected by its output?",
        choices=AffectedPeople.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )
    harm = forms.TypedChoiceField(
        label="What is the worst plausible harm of a wrong output?",
        choices=Harm.choices,
        coerce=int,
        widget=forms.RadioSelect,
    )
    use = forms.TypedChoiceField(
        label="What is its output used for?", choices=Use.choices, coerce=int, widget=forms.RadioSelect
    )
    is_regulated = forms.BooleanField(
        label="A law or a supervisor asks for this model, or its output is in a report to one",
        required=False,
    )
    tier = forms.TypedChoiceField(
        choices=[("", "As the answers give it"), *Tier.choices],
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Tier 1 has the highest impact. Choose another tier only with a reason.",
    )
    tier_reason = forms.CharField(label="Reason for another tier", required=False, max_length=2_000)

    @classmethod
    def of(cls, model: Model, data: Any = None) -> "TierForm":
        """Return the form of a model, with its present answers."""
        names = ("reach", "harm", "use", "is_regulated", "tier_reason")
        initial = {name: getattr(model, name) for name in names}
        initial["tier"] = model.tier if model.has_tier_by_hand else ""
        return cls(data, initial=initial)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields}


class StageForm(PageForm):
    """The stage to move a model to."""

    stage = forms.ChoiceField(choices=Stage.choices)

    def values(self) -> dict[str, Any]:
        return {"to": self.cleaned_data["stage"]}
