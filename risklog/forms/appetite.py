"""The forms of an appetite."""

from typing import Any

from django import forms

from catalogue.states import Tier
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import ReasonedForm
from people.models import User
from risklog.models import Appetite, Category


class AppetiteForm(ReasonedForm):
    """Change an appetite. Its category and tier stay."""

    max_score = forms.IntegerField(
        label="Highest score",
        min_value=1,
        max_value=25,
        help_text="Likelihood times impact, 1 to 25. A higher score needs a treatment plan.",
    )
    plan_days = forms.IntegerField(
        label="Days for a plan",
        min_value=1,
        max_value=365,
        initial=14,
        help_text="Without a plan by then, the risk is escalated.",
    )

    field_order: Any = ("max_score", "plan_days", "why", "because")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, subjects=Subject.objects.visible_to(user), **kwargs)

    @property
    def mark(self) -> str:
        """Return the mark of what the effect of a valid form depends on."""
        given = self.cleaned_data
        category = given.get("category")
        return "-".join(
            str(part or 0) for part in (category and category.pk, given.get("tier"), given["max_score"])
        )

    @classmethod
    def of(cls, appetite: Appetite, data: Any = None, *, user: User) -> "AppetiteForm":
        """Return the form of an existing appetite, with `shown_because`."""
        initial = {"max_score": appetite.max_score, "plan_days": appetite.plan_days}
        return cls.reasoned(appetite, data, initial, user=user)


class NewAppetiteForm(AppetiteForm):
    category = forms.ModelChoiceField(
        Category.objects.none(), required=False, empty_label="Every category", label="Category"
    )
    tier = forms.TypedChoiceField(
        label="Tier of the model",
        choices=[("", "Any tier"), *Tier.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )

    field_order = ("category", "tier", "max_score", "plan_days", "why", "because")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["category"].queryset = Category.objects.filter(is_retired=False).order_by(*BY_NAME)
        fields["category"].label_from_instance = lambda category: category.name
