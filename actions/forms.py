"""The forms of actions."""

from typing import Any

from django import forms
from django.db.models import Q

from actions.models import Action
from actions.operations.action import CHANGEABLE
from actions.states import Effort, Type
from history.models import Subject
from lists.collation import BY_NAME
from pages.forms import Day, PageForm
from people.models import User
from people.states import Role


class ActionForm(PageForm):
    """The fields of an action that a person may set."""

    title = forms.CharField(label="What needs doing", max_length=200)
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Unassigned")
    due_on = forms.DateField(
        label="Due",
        required=False,
        widget=Day(),
        help_text="Reminders are sent a working day before and after.",
    )
    type = forms.ChoiceField(choices=Type.choices, initial=Type.MITIGATION)
    effort = forms.ChoiceField(choices=[("", "Not estimated"), *Effort.choices], required=False)
    details = forms.CharField(
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Markdown is supported.",
    )
    link = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="For example a ticket, pull request or dashboard.",
    )

    def __init__(self, *args: Any, present_owner: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        selectable = Q(is_active=True) & ~Q(role=Role.VIEWER) | Q(pk=present_owner)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = User.objects.filter(selectable).order_by(*BY_NAME)

    @classmethod
    def of(cls, action: Action, data: Any = None) -> "ActionForm":
        """Return the form of an existing action."""
        initial = {name: getattr(action, name) for name in CHANGEABLE.intersection(cls.base_fields)}
        return cls(data, initial=initial, present_owner=action.owner_id)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CHANGEABLE.intersection(self.fields)}


class NewActionForm(ActionForm):
    """The fields of a new action, with the object it is about."""

    about = forms.CharField(
        required=False, max_length=24, help_text="What this action is for: a reference such as R-12."
    )
    field_order = ("title", "about", "owner", "due_on")

    def values(self) -> dict[str, Any]:
        return {**super().values(), "about": self.cleaned_data["about"]}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_about(self) -> Subject | None:
        """Return the subject, None if blank. A subject that the user may not see counts as not found."""
        reference = self.cleaned_data["about"].strip().upper()
        if not reference:
            return None
        subject = Subject.objects.visible_to(self.user).filter(reference=reference).first()
        if subject is None:
            raise forms.ValidationError(f"{reference} was not found. Use a reference such as R-12.")
        return subject


class ActionReasonForm(PageForm):
    """The reason for blocking or dropping an action. The operation checks that there is one."""

    reason = forms.CharField(max_length=200, required=False)


class ActionFinishForm(PageForm):
    """An optional note on the result of an action."""

    note = forms.CharField(required=False, max_length=2000)
