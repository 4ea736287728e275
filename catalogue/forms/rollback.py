"""The forms of rollback procedures."""

from typing import Any

from django import forms
from django.db.models import Q

from catalogue.models import RollbackProcedure
from catalogue.operations.rollback import CHANGEABLE
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User


class RollbackForm(PageForm):
    """The steps of a rollback, and who keeps them correct."""

    steps = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "class": "textarea"}),
        help_text="What to do, in which order, and how to see that it worked. Markdown is supported.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Unassigned",
        help_text="Who keeps the procedure correct.",
    )

    def __init__(self, *args: Any, user: User, present: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(Q(is_active=True) | Q(pk=present)).visible_to(user)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people.order_by(*BY_NAME)

    @classmethod
    def of(cls, procedure: RollbackProcedure, data: Any = None, *, user: User) -> "RollbackForm":
        """Return the form of an existing procedure."""
        initial = {name: getattr(procedure, name) for name in CHANGEABLE}
        return cls(data, initial=initial, user=user, present=procedure.owner_id)


class RehearsalForm(PageForm):
    """A rehearsal of a rollback."""

    on = forms.DateField(label="Rehearsed on", widget=Day())
    note = forms.CharField(
        label="What it showed",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "textarea"}),
    )
