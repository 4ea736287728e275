"""The forms of decision rights."""

from typing import Any

from django import forms
from django.db.models import Q

from catalogue.models import DecisionRight, Model
from catalogue.states import Holder, RightKind
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import PageForm, ReasonedForm
from people.models import Function, Team, User
from people.states import Role


class RightForm(ReasonedForm):
    """Who holds a right, and why."""

    who = forms.ChoiceField(label="Held by", choices=Holder.choices)
    person = forms.ModelChoiceField(
        User.objects.none(), required=False, empty_label="None", help_text="If a person holds it."
    )
    function = forms.ModelChoiceField(
        Function.objects.none(), required=False, empty_label="None", help_text="If a function holds it."
    )
    field_order: Any = ("who", "person", "function", "why", "because")

    def __init__(self, *args: Any, user: User, present: DecisionRight | None = None, **kwargs: Any) -> None:
        super().__init__(*args, subjects=Subject.objects.visible_to(user), **kwargs)
        selectable = Q(is_active=True) & ~Q(role=Role.VIEWER) | Q(pk=present.person_id if present else None)
        fields: dict[str, Any] = self.fields
        people = User.objects.filter(selectable).visible_to(user)
        fields["person"].queryset = people.order_by(*BY_NAME)
        fields["function"].queryset = Function.objects.visible_to(user).order_by(*BY_NAME)

    @classmethod
    def of(cls, right: DecisionRight, data: Any = None, *, user: User) -> "RightForm":
        """Return the form of an existing right, with `shown_because`."""
        initial = {name: getattr(right, name) for name in ("who", "person", "function")}
        return cls.reasoned(right, data, initial, user=user, present=right)


class NewRightForm(RightForm):
    """What the right is, and what it applies to. Without a model and a team it applies to all models."""

    kind = forms.ChoiceField(label="Right", choices=RightKind.choices)
    model = forms.ModelChoiceField(
        Model.objects.none(), required=False, empty_label="No single model", help_text="For one model only."
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        required=False,
        empty_label="All teams",
        help_text="For all models of a team. Leave model and team blank for the whole organisation.",
    )
    field_order = ("kind", "model", "team", "who", "person", "function", "why", "because")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["model"].queryset = Model.objects.visible_to(user).order_by(*BY_NAME)
        fields["team"].queryset = Team.objects.visible_to(user).order_by(*BY_NAME)


class WithdrawRightForm(PageForm):
    why = forms.CharField(
        label="Reason for withdrawing",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )
